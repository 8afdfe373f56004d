-- What moved between two moments on the live nodes, for all organisations: a tick's one query.
SELECT element, org, status,
       intDiv(toUnixTimestamp64Micro(received_at) + 599999999, 600000000) * 600 AS bucket,
       sum(toInt64(delta)) AS n
FROM (
    SELECT element, org, status, received_at, delta
    FROM flows
    WHERE day BETWEEN toDate({since:DateTime64(6, 'UTC')}) AND toDate({until:DateTime64(6, 'UTC')})
      AND received_at > {since:DateTime64(6, 'UTC')}
      AND received_at <= {until:DateTime64(6, 'UTC')}
      AND element IN {elements:Array(String)}
      AND NOT startsWith(node, {loads:String})
    LIMIT 1 BY element, day, org, status, node, position, n
)
GROUP BY element, org, status, bucket
