-- Certain facts of things, in no order; one that was inserted twice may come twice.
SELECT fact
FROM histories
WHERE (element, subject, version) IN {versions:Array(Tuple(String, String, UInt32))}
-- A few rows: more threads would only wait for one another.
SETTINGS max_threads = 1
