-- The facts of all that bears one of some numbers, in no order; one that was inserted twice may
-- come twice. By the number alone: to look for it together with the element takes a quarter longer.
SELECT fact
FROM histories
WHERE subject IN {subjects:Array(String)}
-- A few rows: more threads would only wait for one another, and what is read first costs a step,
-- as does looking for a better plan than this.
-- The index of each part is searched for each number, the sooner the fewer marks a step looks at,
-- and the filter asked once, before anything is read.
SETTINGS max_threads = 1, merge_tree_coarse_index_granularity = 2,
         use_skip_indexes_on_data_read = 0, query_plan_enable_optimizations = 0
