-- How far a table that is being made beside another one has come: the positions of each node that
-- stand in it. The row without a node says that the table and its feed were made, for the form of
-- the view that `digest` names. Empty while nothing is being made.
-- table
CREATE TABLE fills
(
    target     String,
    digest     String,
    node       String,
    upto       UInt64,
    written_at DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC')
)
ENGINE = ReplacingMergeTree(upto)
ORDER BY (target, digest, node)
SETTINGS auto_statistics_types = '', min_bytes_for_full_part_storage = 10485760, merge_selector_base = 10
