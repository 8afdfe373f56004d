-- Which things one is linked to, in no order; each may come more than once.
SELECT other_element, other_id
FROM links
WHERE element = {element:String} AND id = {id:String}
  AND received_at <= {as_of:DateTime64(6, 'UTC')}
-- A few rows: more threads would only wait for one another, and what is read first costs a step.
SETTINGS max_threads = 1, optimize_move_to_prewhere = 0, merge_tree_coarse_index_granularity = 2,
         use_skip_indexes_on_data_read = 0
