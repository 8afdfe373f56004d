-- Of each source the facts of its last five minutes before a moment, the newest last. A fact
-- that came before another which was quicker says nothing more and is left out.
SELECT sender, received_us, occurred_us, received_us - lag_us AS recorded_us, missing
FROM (
    SELECT *,
        min(lag_us) OVER (
            PARTITION BY sender ORDER BY received_us DESC, node DESC, position DESC
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS quickest_after,
        row_number() OVER (
            PARTITION BY sender ORDER BY received_us DESC, node DESC, position DESC
        ) AS age
    FROM (
        SELECT sender, node, position, missing,
               toUnixTimestamp64Micro(received_at) AS received_us,
               toUnixTimestamp64Micro(occurred_at) AS occurred_us,
               received_us - toUnixTimestamp64Micro(recorded_at) AS lag_us,
               max(received_us) OVER (PARTITION BY sender) AS newest_us
        FROM arrivals
        WHERE sender IN {senders:Array(String)}
          AND received_at > {since:DateTime64(6, 'UTC')}
          AND received_at <= {as_of:DateTime64(6, 'UTC')}
    )
    WHERE received_us > newest_us - 300000000
)
WHERE age = 1 OR lag_us < quickest_after
ORDER BY received_us, sender, node, position
