-- What came in between two moments on the live nodes.
SELECT sender, toUnixTimestamp64Micro(received_at) AS received_us,
       toUnixTimestamp64Micro(occurred_at) AS occurred_us,
       toUnixTimestamp64Micro(recorded_at) AS recorded_us,
       missing
FROM arrivals
WHERE received_at > {since:DateTime64(6, 'UTC')}
  AND received_at <= {until:DateTime64(6, 'UTC')}
  AND NOT startsWith(node, {loads:String})
ORDER BY received_us, sender, node, position
