-- The log as it came, one typed row for each record; all other views are made from it.
-- Plain String throughout: LowCardinality here would double the time of an insert. All columns of
-- a few rows lie together (small granules, in one file up to 1 GiB): who reads this table reads the
-- whole of some facts.
-- table
CREATE TABLE events
(
    node        String,
    position    UInt64 CODEC(Delta, LZ4),
    stream      String,
    version     UInt32,
    id          String,
    source      String,
    type        String,
    element     String,
    subject     String,
    org         String,
    sender      String,
    occurred_at DateTime64(6, 'UTC'),
    recorded_at DateTime64(6, 'UTC'),
    received_at DateTime64(6, 'UTC') CODEC(Delta, LZ4),
    changes     Array(Tuple(element String, id String, from_status String, to_status String,
                            from_org String, to_org String, since DateTime64(6, 'UTC'),
                            unusual Bool)),
    state       String CODEC(ZSTD(1)),
    refs        Array(Tuple(String, String)),
    data        String CODEC(ZSTD(1)),
    prev        String CODEC(NONE),
    sequence    Nullable(Int64),
    missing     UInt32,
    corrects    Nullable(String),
    extensions  Nullable(String) CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(received_at)
ORDER BY (node, position)
SETTINGS index_granularity = 256, min_bytes_for_wide_part = 1073741824, auto_statistics_types = '', min_bytes_for_full_part_storage = 10485760, merge_selector_base = 10
