-- Every version of every thing, without what it said: lists as known at any moment, and as it
-- was.
-- table
CREATE TABLE states
(
    element     String,
    id          String,
    version     UInt32,
    received_at DateTime64(6, 'UTC'),
    occurred_at DateTime64(6, 'UTC'),
    recorded_at DateTime64(6, 'UTC'),
    org         String,
    status      String,
    since       DateTime64(6, 'UTC'),
    node        String,
    position    UInt64,
    type        String,
    fact_id     String,
    corrects    Nullable(String),
    unusual     Bool
)
ENGINE = ReplacingMergeTree
ORDER BY (element, id, version)
SETTINGS index_granularity = 1024, auto_statistics_types = '', min_bytes_for_full_part_storage = 10485760, merge_selector_base = 10
-- select
SELECT
    element,
    subject AS id,
    version,
    received_at,
    occurred_at,
    recorded_at,
    org,
    changes.to_status[1] AS status,
    changes.since[1] AS since,
    node,
    position,
    type,
    events.id AS fact_id,
    corrects,
    changes.unusual[1] AS unusual
FROM events
