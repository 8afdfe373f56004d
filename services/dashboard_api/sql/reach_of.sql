-- Which facts link a thing to others, or a case to a room through a person of it, when each was
-- received, and how many hours after it had happened; in no order, and each may come more than once.
SELECT other_element, other_id, received_at, delay_h
FROM links
WHERE element = {element:String} AND id = {id:String}
-- A few rows: more threads would only wait for one another, and what is read first costs a step,
-- as does looking for a better plan than this.
SETTINGS max_threads = 1, merge_tree_coarse_index_granularity = 2,
         use_skip_indexes_on_data_read = 0, query_plan_enable_optimizations = 0
