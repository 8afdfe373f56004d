-- The measures of some cases, in the order in which they happened, and whatever corrects a fact
-- of these cases (without its data).
SELECT subject, source, id, corrects, if(type = 'case.measured', data, '') AS measured
FROM events
WHERE (node, position) IN (
    SELECT node, position FROM states
    WHERE element = 'case' AND id IN {cases:Array(String)}
      AND (type = 'case.measured' OR corrects IS NOT NULL)
      AND received_at <= {known:DateTime64(6, 'UTC')}
)
ORDER BY subject, occurred_at, version
LIMIT 1 BY subject, version
