-- How far each node is complete in every view: where the slowest of its partitions is, once all
-- have told, or where a refeed has brought it. Every event up to `position`, and every one
-- received up to `received_at`, stands. `written_at` is when that was last heard to move.
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
        min(position) AS up_to,
        min(received_at) AS up_to_moment,
        max(written_at) AS heard_at
    FROM
    (
        SELECT *, (match(partition, '^[0-9]+$'), partitions) AS kind
        FROM checkpoints FINAL
        WHERE node != ''
    )
    WHERE (node, kind) IN
    (
        SELECT node, argMax((match(partition, '^[0-9]+$'), partitions), written_at)
        FROM checkpoints FINAL
        WHERE node != ''
        GROUP BY node
    )
    GROUP BY node
    HAVING count() >= any(partitions)
    UNION ALL
    SELECT node, max(position), max(received_at), max(written_at)
    FROM refeeds
    GROUP BY node
)
GROUP BY node
