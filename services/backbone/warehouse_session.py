"""The settings with which every query to the warehouse runs.  Pure."""

from __future__ import annotations

from typing import Any

SESSION: dict[str, Any] = {
    "async_insert": 0,
    # Defaults of today's engine, said for servers with older ones.
    "date_time_input_format": "best_effort",
    "input_format_skip_unknown_fields": 1,
    # A fact that a view keeps as JSON reads the same whoever wrote it.
    "date_time_output_format": "iso",
    "output_format_json_quote_64bit_integers": 0,
    "output_format_json_named_tuples_as_objects": 1,
    "enable_named_columns_in_function_tuple": 0,
    # A block of the log becomes one part in each table.
    "max_insert_threads": 1,
    # Exactly once comes from keys; insert tokens can lose a block (see docs).
    "insert_deduplicate": 0,
    "deduplicate_blocks_in_dependent_materialized_views": 0,
    # Merging rows on insert costs as much as all else, and FINAL does it anyway.
    "optimize_on_insert": 0,
    # From when to when a part reaches is known at once, not only after its first merge.
    "materialize_statistics_on_insert": 1,
    # A block of 10,000 records is parsed on all cores instead of one.
    "min_chunk_bytes_for_parallel_parsing": 2_000_000,
    # Else a query would get one thread for each free GiB: one, in a process of our own.
    "max_threads_min_free_memory_per_thread": 67_108_864,
    "max_insert_threads_min_free_memory_per_thread": 67_108_864,
}

CLUSTER: dict[str, Any] = {
    # An insert is answered once it stands on the shards, not once it waits to be sent to them.
    "distributed_foreground_insert": 1,
    # A subquery over a distributed table means all of it, wherever its rows are.
    "distributed_product_mode": "global",
    # Rows that one server has selected are not selected again by each shard.
    "parallel_distributed_insert_select": 0,
    # Half of the shards is no answer.
    "skip_unavailable_shards": 0,
}
"""What else holds over HTTP: a server may be one of a cluster, and these harm no single one."""

DISPENSABLE = frozenset(
    {
        "max_threads_min_free_memory_per_thread",
        "max_insert_threads_min_free_memory_per_thread",
        "enable_named_columns_in_function_tuple",
        "materialize_statistics_on_insert",
        "parallel_distributed_insert_select",
    }
)
"""What a server that doesn't know it can do without."""
