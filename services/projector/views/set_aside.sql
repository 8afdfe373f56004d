-- What stood on the log and is no record: kept here whole, in Base64, and passed over.
-- A node is named where it could still be read.
-- table
CREATE TABLE set_aside
(
    partition  String,
    offset     UInt64,
    node       String,
    position   UInt64,
    reason     String,
    body       String CODEC(ZSTD(1)),
    written_at DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (partition, offset, node, position)
SETTINGS auto_statistics_types = '', min_bytes_for_full_part_storage = 10485760, merge_selector_base = 10
