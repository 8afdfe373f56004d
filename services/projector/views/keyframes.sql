-- The level of each (element, organisation, status) of a node when a day began (00:00 UTC),
-- made from closed days. A row without element says that the node's keyframe of that day is
-- complete, also where every level is zero. Those rows of all days are read for each moment, so
-- there are no partitions: their parts would be many.
-- table
CREATE TABLE keyframes
(
    day     Date,
    node    LowCardinality(String),
    element LowCardinality(String),
    org     LowCardinality(String),
    status  LowCardinality(String),
    level   Int64
)
ENGINE = ReplacingMergeTree
ORDER BY (element, day, node, org, status)
SETTINGS index_granularity = 1024, auto_statistics_types = '', min_bytes_for_full_part_storage = 10485760
