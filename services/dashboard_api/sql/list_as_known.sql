-- Things of an element as they were known at a moment, longest in their status first.
SELECT id, org, status, since_us, version
FROM (
    SELECT id, max(version) AS newest,
           argMax(org, version) AS org,
           argMax(status, version) AS status,
           argMax(toUnixTimestamp64Micro(since), version) AS since_us,
           newest AS version
    FROM states
    WHERE element = {element:String} AND received_at <= {as_of:DateTime64(6, 'UTC')}
    GROUP BY id
)
WHERE startsWith(org, {scope:String})
  AND status IN {statuses:Array(String)}
  AND (since_us, id) > ({after_us:Int64}, {after_id:String})
ORDER BY since_us, id
LIMIT {limit:UInt32}
