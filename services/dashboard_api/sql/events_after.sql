-- What came on the live nodes after the last tick: its one query, for all organisations.
SELECT sender,
       toUnixTimestamp64Micro(received_at) AS received_us,
       toUnixTimestamp64Micro(occurred_at) AS occurred_us,
       toUnixTimestamp64Micro(recorded_at) AS recorded_us,
       missing,
       node, position,
       changes.element, changes.from_org, changes.from_status, changes.to_org, changes.to_status
FROM events
WHERE [stretches]
ORDER BY received_us, node, position
LIMIT 1 BY node, position
