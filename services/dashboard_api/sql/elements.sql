-- The panels of the elements at a moment: levels, the day's moves, and when anything was heard.
-- A level is its node's newest keyframe before the moment plus the flows since (see moment.py,
-- which writes the conditions in brackets: one pair of node and day for each node).
SELECT 'level' AS kind, element, rightPad(substring(org, 1, {digits:UInt8}), 12, '0') AS code,
       status, toInt64(0) AS bucket, sum(level) AS n
FROM (
    SELECT element, org, status, level
    FROM keyframes FINAL
    WHERE element IN {elements:Array(String)} AND startsWith(org, {scope:String})
      AND ([keyframes])
    UNION ALL
    SELECT element, org, status, toInt64(delta) AS level
    FROM flows FINAL
    WHERE element IN {elements:Array(String)} AND startsWith(org, {scope:String})
      AND ([flows]) AND day <= toDate({as_of:DateTime64(6, 'UTC')})
      AND received_at <= {as_of:DateTime64(6, 'UTC')}
)
GROUP BY element, code, status
HAVING n != 0

UNION ALL

SELECT 'move', element, rightPad(substring(org, 1, {trend_digits:UInt8}), 12, '0') AS code,
       '', intDiv(toUnixTimestamp64Micro(received_at) + 599999999, 600000000) * 600 AS bucket,
       sum(toInt64(delta)) AS n
FROM flows FINAL
WHERE element IN {elements:Array(String)} AND startsWith(org, {scope:String})
  AND concat(element, '/', status) IN {active:Array(String)}
  AND day BETWEEN toDate({trend_from:DateTime64(6, 'UTC')}) AND toDate({as_of:DateTime64(6, 'UTC')})
  AND received_at > {trend_from:DateTime64(6, 'UTC')}
  AND received_at <= {as_of:DateTime64(6, 'UTC')}
GROUP BY element, code, bucket
HAVING n != 0

UNION ALL

SELECT DISTINCT 'heard', '', substring(sender, 1, {heard_digits:UInt8}), '',
       intDiv(toUnixTimestamp64Micro(received_at) + 599999999, 600000000) * 600 AS bucket,
       toInt64(1)
FROM arrivals
WHERE sender IN {senders:Array(String)}
  AND received_at > {heard_from:DateTime64(6, 'UTC')}
  AND received_at <= {as_of:DateTime64(6, 'UTC')}
