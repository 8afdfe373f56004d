"""The vault's keys in a PostgreSQL database, which any number of processes share."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager

from services.backbone.postgres_connections import Connection, Connections, parameters_of
from services.backbone.postgres_text import kept, told

_BEGINNING = 0x797069_6B79
"""Key of the advisory lock under which the table is made."""
_TABLE = 'CREATE TABLE IF NOT EXISTS vault_keys (name text COLLATE "C" PRIMARY KEY, wrapped bytea)'
_THERE = "SELECT to_regclass('vault_keys') IS NOT NULL"
_MAKE = (
    "INSERT INTO vault_keys SELECT * FROM unnest(%b::text[], %b::bytea[])"
    " ON CONFLICT DO NOTHING RETURNING name"
)
_DESTROY = "INSERT INTO vault_keys VALUES (%s, NULL) ON CONFLICT (name) DO UPDATE SET wrapped=NULL"


class PostgresKeys:
    """The adapter of a cluster; nothing is asked of the database before it is needed."""

    def __init__(self, dsn: str) -> None:
        """Raises SettingInvalid for what is no DSN."""
        parameters_of("YIPING_VAULT", dsn)
        self._connections = Connections(dsn)
        self._begun = False

    @contextmanager
    def _table(self) -> Iterator[Connection]:
        """A connection to a database in which the table is."""
        with self._connections.one() as connection:
            if not self._begun:
                self._begin(connection)
                self._begun = True
            yield connection

    @staticmethod
    def _begin(connection: Connection) -> None:
        if connection.execute(_THERE).fetchone() != (True,):
            with connection.transaction():
                connection.execute("SELECT pg_advisory_xact_lock(%s)", (_BEGINNING,))
                connection.execute(_TABLE)

    def load(self, names: Sequence[str]) -> dict[str, bytes | None]:
        """Those of the names that are taken; raises StoreUnavailable."""
        if not names:
            return {}
        with self._table() as connection, connection.cursor(binary=True) as cursor:
            rows = cursor.execute(
                "SELECT name, wrapped FROM vault_keys WHERE name = ANY(%b)",
                ([kept(name) for name in names],),
            ).fetchall()
        return {told(name): wrapped for name, wrapped in rows}

    def make(self, fresh: Mapping[str, bytes]) -> Collection[str]:
        """Make keys durable; answers the names that another process took first."""
        names = [kept(name) for name in fresh]
        with self._table() as connection:
            made = connection.execute(_MAKE, (names, list(fresh.values()))).fetchall()
        return fresh.keys() - {told(name) for (name,) in made}

    def destroy(self, name: str) -> None:
        """Overwrite one key for ever; raises StoreUnavailable.

        PostgreSQL keeps the row as it was in its write-ahead log and in backups until those
        expire; wrapped as it is there, it is of no use without the master key.
        """
        with self._table() as connection:
            connection.execute(_DESTROY, (kept(name),))
            # The row as it was would stay behind until it is overwritten by chance.
            connection.execute("VACUUM vault_keys")

    def close(self) -> None:
        """Let go of the database."""
        self._connections.close()
