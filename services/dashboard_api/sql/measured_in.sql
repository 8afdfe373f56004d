-- The facts of some cases that measure somebody, or that correct another, in no order; one that was
-- inserted twice may come twice.
SELECT fact
FROM histories
WHERE element = 'case' AND subject IN {cases:Array(String)}
  AND (type = 'case.measured' OR corrects IS NOT NULL)
