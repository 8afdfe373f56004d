-- Levels alone, at a moment (see elements.sql).
SELECT element, rightPad(substring(org, 1, {digits:UInt8}), 12, '0') AS code, status,
       sum(level) AS n
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
