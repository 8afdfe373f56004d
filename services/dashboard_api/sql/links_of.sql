-- Which things others are linked to.
SELECT DISTINCT element, id, other_element, other_id
FROM links
WHERE (element, id) IN {things:Array(Tuple(String, String))}
  AND received_at <= {as_of:DateTime64(6, 'UTC')}
ORDER BY element, id, other_element, other_id
-- A few rows: more threads would only wait for one another.
SETTINGS max_threads = 1
