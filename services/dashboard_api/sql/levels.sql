-- Levels at a moment: each node's newest keyframe before it plus the flows since (see moment.py,
-- which writes the conditions in brackets: one pair of node and day for each node).
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
      AND ([flows])
      AND received_at <= {as_of:DateTime64(6, 'UTC')}
)
GROUP BY element, code, status
HAVING n != 0
