-- The last fact of a thing before a moment of the world.
SELECT element, subject, version, toUnixTimestamp64Micro(occurred_at) AS occurred_us,
       toUnixTimestamp64Micro(received_at) AS received_us, type, corrects, state, data, rest
FROM histories
WHERE element = {element:String} AND subject = {id:String}
  AND received_at <= {known:DateTime64(6, 'UTC')}
  AND occurred_at < {moment:DateTime64(6, 'UTC')}
-- Read backwards: a room's history is long.
ORDER BY occurred_at DESC, version DESC
LIMIT 1
SETTINGS max_threads = 1
