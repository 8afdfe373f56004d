-- When each source was heard for the first time.
SELECT sender, toUnixTimestamp64Micro(min(received_at)) AS first_us
FROM arrivals
GROUP BY sender
