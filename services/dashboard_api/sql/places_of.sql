-- Where the facts of some things stand in the log.
SELECT DISTINCT node, position, toUnixTimestamp64Micro(received_at) AS received_us
FROM states
WHERE (element, id) IN {things:Array(Tuple(String, String))}
  AND received_at <= {known:DateTime64(6, 'UTC')}
  AND occurred_at BETWEEN {since:DateTime64(6, 'UTC')} AND {until:DateTime64(6, 'UTC')}
ORDER BY received_us, node, position
-- A few rows: more threads would only wait for one another.
SETTINGS max_threads = 1
