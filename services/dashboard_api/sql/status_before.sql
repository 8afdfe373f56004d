-- The status in which some things were before a moment of the world.
SELECT element, id, argMax(status, (occurred_at, version))
FROM states
WHERE (element, id) IN {things:Array(Tuple(String, String))}
  AND received_at <= {known:DateTime64(6, 'UTC')}
  AND occurred_at < {moment:DateTime64(6, 'UTC')}
GROUP BY element, id
-- A few rows: more threads would only wait for one another.
SETTINGS max_threads = 1
