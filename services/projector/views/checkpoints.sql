-- How far the log stands in every view: of each partition where to read on (the row without a
-- node), and up to where it is complete for each node. What follows is inserted again after a
-- crash. `log` is which log it was, `version` the offset counted on through all logs that had the
-- partition. `hole` is the version behind the partition's last hole, on a node's row behind the
-- last hole that the node is past.
-- table
CREATE TABLE checkpoints
(
    partition   String,
    node        String,
    offset      UInt64,
    position    UInt64,
    received_at DateTime64(6, 'UTC'),
    partitions  UInt16,
    hole        UInt64,
    log         String,
    version     UInt64,
    written_at  DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC')
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (partition, node)
SETTINGS auto_statistics_types = '', min_bytes_for_full_part_storage = 10485760, merge_selector_base = 10
