-- The facts of some things, in the order in which they were received.
SELECT element, subject, version, id, source, type, org, sender,
       toUnixTimestamp64Micro(occurred_at) AS occurred_us,
       toUnixTimestamp64Micro(recorded_at) AS recorded_us,
       toUnixTimestamp64Micro(received_at) AS received_us,
       changes, refs, state, data, prev, sequence, corrects, node, position,
       stream, missing, extensions
FROM events
WHERE (node, position) IN (
    SELECT node, position FROM states
    WHERE (element, id) IN {things:Array(Tuple(String, String))}
      AND received_at <= {known:DateTime64(6, 'UTC')}
      AND occurred_at BETWEEN {since:DateTime64(6, 'UTC')} AND {until:DateTime64(6, 'UTC')}
)
ORDER BY element, subject, version
LIMIT 1 BY element, subject, version
