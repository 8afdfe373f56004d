-- How far each node's log is in every view; what follows is inserted again after a crash.
-- table
CREATE TABLE checkpoints
(
    node       String,
    position   UInt64,
    written_at DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC')
)
ENGINE = ReplacingMergeTree(position)
ORDER BY node
SETTINGS auto_statistics_types = '', min_bytes_for_full_part_storage = 10485760, merge_selector_base = 10
