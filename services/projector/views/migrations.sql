-- Which form of each view stands: the digest of its file when it was last applied.
-- table
CREATE TABLE migrations
(
    name       String,
    digest     String,
    applied_at DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree(applied_at)
ORDER BY name
SETTINGS auto_statistics_types = '', min_bytes_for_full_part_storage = 10485760, merge_selector_base = 10
