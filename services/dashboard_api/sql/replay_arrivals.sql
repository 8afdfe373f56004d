-- What the freshness of sources needs of some steps of a replay: of each source and step the last
-- fact, and those before it that were quicker than all after them (see freshness.sql).
SELECT step, sender, received_us, occurred_us, received_us - lag_us AS recorded_us, missing
FROM (
    SELECT *,
        min(lag_us) OVER (
            PARTITION BY step, sender ORDER BY received_us DESC, node DESC, position DESC
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS quickest_after,
        row_number() OVER (
            PARTITION BY step, sender ORDER BY received_us DESC, node DESC, position DESC
        ) AS age
    FROM (
        SELECT sender, node, position, missing,
               toUnixTimestamp64Micro(received_at) AS received_us,
               toUnixTimestamp64Micro(occurred_at) AS occurred_us,
               received_us - toUnixTimestamp64Micro(recorded_at) AS lag_us,
               intDiv(received_us - {anchor_us:Int64} + {step_us:Int64} - 1, {step_us:Int64})
                 AS step
        FROM arrivals
        WHERE sender IN {senders:Array(String)}
          AND received_at > {since:DateTime64(6, 'UTC')}
          AND received_at <= {until:DateTime64(6, 'UTC')}
    )
)
WHERE age = 1 OR lag_us < quickest_after
ORDER BY received_us, sender, node, position
