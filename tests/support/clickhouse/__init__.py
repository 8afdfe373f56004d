"""A stand-in for a ClickHouse server: the chDB engine behind ClickHouse's HTTP interface.

No build of the ClickHouse server can be had from the package registries, so tests and the
cluster demo start this instead.  Queries, parameters, settings, formats, inserts, errors with
their numbers and compression are the engine's own or the interface's; what it is not: no
clusters, no replication, no Keeper, no users made by SQL (three are built in, whose limits are
the engine's settings ``readonly`` and ``allow_ddl``), no sessions, no TLS, no streamed answers.
"""

from tests.support.clickhouse.process import ClickHouse

__all__ = ["ClickHouse"]
