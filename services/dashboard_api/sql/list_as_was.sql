-- Things of an element as they were at a moment of the world, by all that is known by now.
-- A row tells the truth of its thing when the facts that happened until then are just the
-- first ones that were received and none of them was corrected by a later one; for the others
-- (disordered) the facts must be folded again.
SELECT id, org, status, since_us, newest, disordered
FROM (
    SELECT id,
           maxIf(version, occurred_at <= {moment:DateTime64(6, 'UTC')}) AS newest,
           argMaxIf(org, version, occurred_at <= {moment:DateTime64(6, 'UTC')}) AS org,
           argMaxIf(status, version, occurred_at <= {moment:DateTime64(6, 'UTC')}) AS status,
           argMaxIf(toUnixTimestamp64Micro(since), version,
                    occurred_at <= {moment:DateTime64(6, 'UTC')}) AS since_us,
           countIf(occurred_at <= {moment:DateTime64(6, 'UTC')}) < newest
               OR countIf(corrects IS NOT NULL
                          AND occurred_at > {moment:DateTime64(6, 'UTC')}) > 0 AS disordered
    FROM states FINAL
    WHERE element = {element:String} AND received_at <= {known:DateTime64(6, 'UTC')}
    GROUP BY id
    HAVING newest > 0
)
WHERE disordered OR (startsWith(org, {scope:String}) AND status IN {statuses:Array(String)})
