-- When each sender's facts came, and what of its numbering was missing then. By time first: what
-- is asked is who was heard in an hour or a day.
-- A month in which nothing came for a day is put into one part: a moment in it is then read in one
-- place, not in half a dozen.
-- table
CREATE TABLE arrivals
(
    sender      LowCardinality(String),
    received_at DateTime64(6, 'UTC'),
    occurred_at DateTime64(6, 'UTC'),
    recorded_at DateTime64(6, 'UTC'),
    sequence    Nullable(Int64),
    missing     UInt32,
    node        LowCardinality(String),
    position    UInt64
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(received_at)
ORDER BY (received_at, sender, node, position)
SETTINGS index_granularity = 1024, auto_statistics_types = '', min_bytes_for_full_part_storage = 10485760, merge_selector_base = 10, min_age_to_force_merge_seconds = 86400, min_age_to_force_merge_on_partition_only = 1
-- select
SELECT sender, received_at, occurred_at, recorded_at, sequence, missing, node, position
FROM events
