-- What some facts of things hold of the fact before them.
SELECT element, subject, version, any(prev)
FROM events
WHERE (node, position) IN (
    SELECT node, position FROM states
    WHERE (element, id, version) IN {places:Array(Tuple(String, String, UInt32))}
      AND received_at <= {known:DateTime64(6, 'UTC')}
)
GROUP BY element, subject, version
-- A few rows: more threads would only wait for one another.
SETTINGS max_threads = 1
