-- How far each node is complete in every view: where the slowest of its partitions is, once all
-- have told, or where a refeed has brought it. Every event up to `position`, and every one
-- received up to `received_at`, stands. `written_at` is when that was last heard to move. Of
-- several logs that had the node the last one counts.
-- view
CREATE OR REPLACE VIEW complete AS
SELECT
    node,
    max(up_to) AS position,
    max(up_to_moment) AS received_at,
    max(heard_at) AS written_at
FROM
(
    SELECT
        node,
        argMax(slowest, heard) AS up_to,
        argMax(slowest_moment, heard) AS up_to_moment,
        max(heard) AS heard_at
    FROM
    (
        SELECT
            node,
            min(position) AS slowest,
            min(received_at) AS slowest_moment,
            max(written_at) AS heard,
            count() >= any(partitions) AS whole
        FROM checkpoints FINAL
        WHERE node != ''
        GROUP BY node, match(partition, '^[0-9]+$'), partitions
    )
    GROUP BY node
    HAVING argMax(whole, heard)
    UNION ALL
    SELECT node, max(position), max(received_at), max(written_at)
    FROM refeeds
    GROUP BY node
)
GROUP BY node
