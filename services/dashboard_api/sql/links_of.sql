-- Which things one is linked to by a fact of either, in no order; each may come more than once.
SELECT other_element, other_id
FROM links
WHERE element = {element:String} AND id = {id:String} AND through = ''
  AND received_at <= {as_of:DateTime64(6, 'UTC')}
-- A few rows: more threads would only wait for one another, and what is read first costs a step,
-- as does looking for a better plan than this.
SETTINGS max_threads = 1, merge_tree_coarse_index_granularity = 2,
         use_skip_indexes_on_data_read = 0, query_plan_enable_optimizations = 0
