-- Levels at a moment: each node's newest keyframe before it plus the flows since (see moment.py,
-- which writes the conditions in brackets: one pair of node and day for each node). Keyframes have a
-- row without element; with '' among the elements these are counted: as many as still stood. Those
-- that add up to nothing are left to the reader, which costs less than to leave them out here.
SELECT element, rightPad(substring(org, 1, {digits:UInt8}), 12, '0') AS code, status,
       sum(level) AS n, count() AS summed
FROM (
    SELECT element, org, status, level
    FROM keyframes FINAL
    WHERE element IN {elements:Array(String)} AND (startsWith(org, {scope:String}) OR org = '')
      AND ([keyframes])
    UNION ALL
    SELECT element, org, status, toInt64(delta) AS level
    FROM flows FINAL
    WHERE element IN {elements:Array(String)} AND startsWith(org, {scope:String})
      AND ([flows])
      AND received_at <= {as_of:DateTime64(6, 'UTC')}
)
GROUP BY element, code, status
