-- What a new replica needs to take the place of one whose disk was lost: the statements that make
-- every table just as it stands here, identity (UUID) included: without it, a table would keep a
-- place of its own in Keeper and never hear of the others. Asked of a replica that is whole, run
-- on the new one, in this order.
SELECT create_table_query || ';'
FROM system.tables
WHERE database = 'yiping'
ORDER BY
    multiIf(
        engine LIKE '%MergeTree' OR engine = 'KeeperMap', 0,
        engine = 'Distributed', 1,
        engine = 'MaterializedView', 2,
        3
    ),
    name
SETTINGS show_table_uuid_in_table_create_query_if_not_nil = 1
FORMAT TSVRaw
