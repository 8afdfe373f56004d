-- Every change of status or organisation as -1 where a thing left and +1 where it came,
-- so that a level at any moment is a sum.
-- A month in which nothing came for a day is put into one part: a moment in it is then read in one
-- place, not in half a dozen.
-- table
CREATE TABLE flows
(
    day         Date,
    element     LowCardinality(String),
    org         LowCardinality(String),
    status      LowCardinality(String),
    received_at DateTime64(6, 'UTC'),
    occurred_at DateTime64(6, 'UTC'),
    delta       Int8,
    node        LowCardinality(String),
    position    UInt64,
    n           UInt8
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(day)
ORDER BY (element, day, org, status, node, position, n)
SETTINGS index_granularity = 1024, auto_statistics_types = '', min_bytes_for_full_part_storage = 10485760, merge_selector_base = 10, min_age_to_force_merge_seconds = 86400, min_age_to_force_merge_on_partition_only = 1
-- select
SELECT
    toDate(received_at) AS day,
    side.1 AS element,
    side.2 AS org,
    side.3 AS status,
    received_at,
    occurred_at,
    side.4 AS delta,
    node,
    position,
    side.5 AS n
FROM events
ARRAY JOIN arrayFlatten(arrayMap(
    (c, i) -> if(
        c.from_status = c.to_status AND c.from_org = c.to_org,
        [],
        [(c.element, c.from_org, c.from_status, toInt8(-1), toUInt8(2 * i - 2)),
         (c.element, c.to_org, c.to_status, toInt8(1), toUInt8(2 * i - 1))]
    ),
    changes,
    arrayEnumerate(changes)
)) AS side
WHERE side.3 != ''
