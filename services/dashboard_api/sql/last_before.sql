-- What the last fact of a thing before a moment of the world says it changed.
SELECT fact
FROM histories
WHERE element = {element:String} AND subject = {id:String}
  AND received_at <= {known:DateTime64(6, 'UTC')}
  AND occurred_at < {moment:DateTime64(6, 'UTC')}
-- Read backwards: a room's history is long.
ORDER BY occurred_at DESC, version DESC
LIMIT 1
-- One column: to fetch it in a second step takes longer than to read it at once.
SETTINGS max_threads = 1, query_plan_optimize_lazy_materialization = 0
