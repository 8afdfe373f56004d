-- Things of an element as they stand, longest in their status first.
SELECT id, org, status, toUnixTimestamp64Micro(since) AS since_us, state
FROM things FINAL
WHERE element = {element:String}
  AND startsWith(org, {scope:String})
  AND status IN {statuses:Array(String)}
  AND (since_us, id) > ({after_us:Int64}, {after_id:String})
ORDER BY since_us, id
LIMIT {limit:UInt32}
