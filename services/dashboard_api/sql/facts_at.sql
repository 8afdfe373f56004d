-- The facts at some places of the log. When they were received tells in which months to look.
SELECT element, subject, version, id, source, type, org, sender,
       toUnixTimestamp64Micro(occurred_at) AS occurred_us,
       toUnixTimestamp64Micro(recorded_at) AS recorded_us,
       toUnixTimestamp64Micro(received_at) AS received_us,
       changes, refs, state, data, prev, sequence, corrects, node, position,
       stream, missing, extensions
FROM events
WHERE (node, position) IN {positions:Array(Tuple(String, UInt64))}
  AND received_at BETWEEN {since:DateTime64(6, 'UTC')} AND {until:DateTime64(6, 'UTC')}
ORDER BY element, subject, version
LIMIT 1 BY element, subject, version
-- A few rows: more threads would only wait for one another.
SETTINGS max_threads = 1
