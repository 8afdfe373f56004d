-- The moves of a day that make the trends of panels, and when anything was heard. Codes without
-- digits are all the same and left empty: to group by them would cost as much as to read. The
-- condition in brackets picks out the active statuses (see reads.py).
SELECT 'move' AS kind, element,
       if({trend_digits:UInt8} = 0, '', substring(org, 1, {trend_digits:UInt8})) AS code,
       intDiv(toUnixTimestamp64Micro(received_at) + 599999999, 600000000) * 600 AS bucket,
       sum(toInt64(delta)) AS n
FROM flows FINAL
WHERE ([active]) AND startsWith(org, {scope:String})
  AND day BETWEEN toDate({trend_from:DateTime64(6, 'UTC')}) AND toDate({as_of:DateTime64(6, 'UTC')})
  AND received_at > {trend_from:DateTime64(6, 'UTC')}
  AND received_at <= {as_of:DateTime64(6, 'UTC')}
GROUP BY element, code, bucket
HAVING n != 0

UNION ALL

SELECT DISTINCT 'heard', '',
       if({heard_digits:UInt8} = 0, '', substring(sender, 1, {heard_digits:UInt8})),
       intDiv(toUnixTimestamp64Micro(received_at) + 599999999, 600000000) * 600 AS bucket,
       toInt64(1)
FROM arrivals
WHERE sender IN {senders:Array(String)}
  AND received_at > {heard_from:DateTime64(6, 'UTC')}
  AND received_at <= {as_of:DateTime64(6, 'UTC')}
