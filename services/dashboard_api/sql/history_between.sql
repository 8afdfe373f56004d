-- The facts of all that bears one of some numbers that happened within a time, in no order; one
-- that was inserted twice may come twice.
SELECT fact
FROM histories
WHERE subject IN {subjects:Array(String)}
  AND occurred_at BETWEEN {since:DateTime64(6, 'UTC')} AND {until:DateTime64(6, 'UTC')}
-- A few rows: more threads would only wait for one another, and what is read first costs a step,
-- as does looking for a better plan than this.
-- The index of each part is searched for each number, the sooner the fewer marks a step looks at.
SETTINGS max_threads = 1, merge_tree_coarse_index_granularity = 2,
         query_plan_enable_optimizations = 0
