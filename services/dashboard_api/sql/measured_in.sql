-- The facts of some cases that measure somebody, or that correct another, in no order; one that was
-- inserted twice may come twice.
SELECT element, subject, version, toUnixTimestamp64Micro(occurred_at) AS occurred_us,
       toUnixTimestamp64Micro(received_at) AS received_us, type, corrects, state, data, rest
FROM histories
WHERE element = 'case' AND subject IN {cases:Array(String)}
  AND (type = 'case.measured' OR corrects IS NOT NULL)
  AND received_at <= {known:DateTime64(6, 'UTC')}
