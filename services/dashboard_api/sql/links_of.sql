-- Which things one is linked to, in no order; each may come more than once.
SELECT other_element, other_id
FROM links
WHERE element = {element:String} AND id = {id:String}
  AND received_at <= {as_of:DateTime64(6, 'UTC')}
-- A few rows: more threads would only wait for one another.
SETTINGS max_threads = 1
