-- Every fact of every thing, whole, by its number and time: a page, a timeline and a record read all
-- of a few things, or some hours of a room. A fact is one JSON array, its state and data in it as
-- they were stored: to open two dozen columns in each part takes longer than to read what stands in
-- them, and so does to plan for ten. The others are what is searched by. All columns of a granule lie
-- together (in one file, however large); the least and the greatest version of each tell where a
-- certain one is. Every part's keys reach from the first letter to the last, so a thing could stand
-- in any of them: a Bloom filter tells in which, packed in small blocks, and statistics tell from
-- when to when a part reaches. To ask a part for what it lacks takes time too (ten parts twice as long
-- as one): what is a day old is put together, up to 4 GiB.
-- table
CREATE TABLE histories
(
    element     String,
    subject     String,
    occurred_at DateTime64(6, 'UTC') STATISTICS(minmax),
    version     UInt32,
    received_at DateTime64(6, 'UTC'),
    type        String,
    corrects    Nullable(String),
    fact        String CODEC(ZSTD(1)),
    INDEX versions version TYPE minmax GRANULARITY 1,
    INDEX subjects subject TYPE bloom_filter(0.001) GRANULARITY 8
)
ENGINE = ReplacingMergeTree
ORDER BY (subject, occurred_at, version, element)
SETTINGS index_granularity = 128, min_bytes_for_wide_part = 1099511627776, min_compress_block_size = 4096, auto_statistics_types = '', min_bytes_for_full_part_storage = 10485760, merge_selector_base = 10, min_age_to_force_merge_seconds = 86400, max_bytes_to_merge_at_max_space_in_pool = 4294967296
-- select
SELECT
    element,
    subject,
    occurred_at,
    version,
    received_at,
    type,
    corrects,
    concat('[', state, ',', data, ',', substring(toJSONString(tuple(
        element, subject, version, occurred_at, received_at, type, corrects, node, position, stream,
        id, source, org, sender, recorded_at, changes, refs, prev, sequence, missing, extensions
    )), 2)) AS fact
FROM events
