-- Every thing as it stands: one row for each id of an element, the newest version.
-- table
CREATE TABLE things
(
    element     String,
    id          String,
    version     UInt32,
    org         String,
    status      String,
    since       DateTime64(6, 'UTC'),
    unusual     Bool,
    type        String,
    occurred_at DateTime64(6, 'UTC'),
    recorded_at DateTime64(6, 'UTC'),
    received_at DateTime64(6, 'UTC'),
    node        String,
    position    UInt64,
    state       String CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (element, id)
SETTINGS index_granularity = 1024, auto_statistics_types = '', min_bytes_for_full_part_storage = 10485760, merge_selector_base = 10
-- select
SELECT
    element,
    subject AS id,
    version,
    org,
    changes.to_status[1] AS status,
    changes.since[1] AS since,
    changes.unusual[1] AS unusual,
    type,
    occurred_at,
    recorded_at,
    received_at,
    node,
    position,
    state
FROM events
