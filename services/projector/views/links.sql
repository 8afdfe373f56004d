-- Which thing's facts name which other thing, in both directions; and through its persons, which
-- rooms a case has to do with (`through` is empty for all else). How many hours after it happened
-- a fact was received is mostly none and takes next to no disk; its moment would. A few rows of
-- one thing are asked for, so granules are small and lie in one file, and a Bloom filter tells in
-- which part they are. To ask a part for what it lacks takes time too: what is a day old is put
-- together, up to 4 GiB.
-- table
CREATE TABLE links
(
    element       String,
    id            String,
    other_element String,
    other_id      String,
    received_at   DateTime64(6, 'UTC'),
    node          String,
    position      UInt64,
    delay_h       Int32,
    through       String,
    INDEX ids id TYPE bloom_filter(0.001) GRANULARITY 4
)
ENGINE = ReplacingMergeTree
ORDER BY (element, id, other_element, other_id, received_at, node, position)
SETTINGS index_granularity = 256, min_bytes_for_wide_part = 1099511627776, min_compress_block_size = 4096, auto_statistics_types = '', min_bytes_for_full_part_storage = 10485760, merge_selector_base = 10, min_age_to_force_merge_seconds = 86400, max_bytes_to_merge_at_max_space_in_pool = 4294967296
-- select
SELECT
    pair.1 AS element,
    pair.2 AS id,
    pair.3 AS other_element,
    pair.4 AS other_id,
    received_at,
    node,
    position,
    toInt32(intDiv(toUnixTimestamp64Second(received_at), 3600)
        - intDiv(toUnixTimestamp64Second(occurred_at), 3600)) AS delay_h,
    pair.5 AS through
FROM events
ARRAY JOIN arrayConcat(
    arrayFlatten(arrayMap(
        r -> [(events.element, subject, r.1, r.2, ''), (r.1, r.2, events.element, subject, '')],
        refs
    )),
    arrayMap(
        r -> ('case', JSONExtractString(state, 'case_no'), r.1, r.2, 'person'),
        arrayFilter(r -> events.element = 'person' AND r.1 = 'place', refs)
    )
) AS pair
WHERE pair.2 != ''
