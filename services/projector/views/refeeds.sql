-- Which nodes were fed again from their event store, up to where, and which holes of the log's
-- partitions stood when that began.
-- table
CREATE TABLE refeeds
(
    node        String,
    position    UInt64,
    received_at DateTime64(6, 'UTC'),
    holes       Map(String, UInt64),
    written_at  DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (node, position, written_at)
SETTINGS auto_statistics_types = '', min_bytes_for_full_part_storage = 10485760, merge_selector_base = 10
