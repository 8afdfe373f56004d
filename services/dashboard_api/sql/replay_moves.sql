-- What moved, and where anything was heard first in a bucket, in some steps of a replay. A step
-- ends with its moment: the first one after the anchor is (anchor, anchor + step].
SELECT step, kind, element, code, status, bucket, n FROM (
    SELECT 'flow' AS kind,
           intDiv(toUnixTimestamp64Micro(received_at) - {anchor_us:Int64} + {step_us:Int64} - 1,
                  {step_us:Int64}) AS step,
           element, rightPad(substring(org, 1, {digits:UInt8}), 12, '0') AS code, status,
           intDiv(toUnixTimestamp64Micro(received_at) + 599999999, 600000000) * 600 AS bucket,
           sum(toInt64(delta)) AS n
    FROM flows FINAL
    WHERE element IN {elements:Array(String)} AND startsWith(org, {scope:String})
      AND node IN {nodes:Array(String)}
      AND day BETWEEN toDate({since:DateTime64(6, 'UTC')})
                  AND toDate({until:DateTime64(6, 'UTC')})
      AND received_at > {since:DateTime64(6, 'UTC')}
      AND received_at <= {until:DateTime64(6, 'UTC')}
    GROUP BY step, element, code, status, bucket
    HAVING n != 0

    UNION ALL

    SELECT 'heard',
           min(intDiv(toUnixTimestamp64Micro(received_at) - {anchor_us:Int64}
                        + {step_us:Int64} - 1, {step_us:Int64})),
           '', substring(sender, 1, {heard_digits:UInt8}) AS code, '',
           intDiv(toUnixTimestamp64Micro(received_at) + 599999999, 600000000) * 600 AS bucket,
           toInt64(1)
    FROM arrivals
    WHERE sender IN {senders:Array(String)}
      AND received_at > {since:DateTime64(6, 'UTC')}
      AND received_at <= {until:DateTime64(6, 'UTC')}
    GROUP BY code, bucket
)
ORDER BY step
