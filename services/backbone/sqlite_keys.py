"""The vault's keys in a SQLite file, synced at every change; one process has it."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from services.backbone.sqlite_errors import mapped_errors

VARIABLES = 500


class SQLiteKeys:
    """The adapter of the embedded mode."""

    def __init__(self, path: Path) -> None:
        """Open or begin the file; raises StoreFull or StoreUnavailable."""
        with mapped_errors():
            self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=FULL")
            # A destroyed key must not stay behind in a free page.
            self._database.execute("PRAGMA secure_delete=ON")
            self._database.execute(
                "CREATE TABLE IF NOT EXISTS keys"
                " (name TEXT PRIMARY KEY, wrapped BLOB) WITHOUT ROWID"
            )

    def load(self, names: Sequence[str]) -> dict[str, bytes | None]:
        """Those of the names that are taken; raises StoreUnavailable."""
        found: dict[str, bytes | None] = {}
        with mapped_errors():
            for start in range(0, len(names), VARIABLES):
                part = names[start : start + VARIABLES]
                marks = ",".join("?" * len(part))
                found |= self._database.execute(
                    f"SELECT name, wrapped FROM keys WHERE name IN ({marks})",  # noqa: S608 - only marks
                    part,
                )
        return found

    def make(self, fresh: Mapping[str, bytes]) -> Collection[str]:
        """Make keys durable; a name that is taken refuses all, as nobody else makes any."""
        with mapped_errors():
            self._database.execute("BEGIN IMMEDIATE")
            try:
                self._database.executemany("INSERT INTO keys VALUES (?, ?)", fresh.items())
                self._database.execute("COMMIT")
            except sqlite3.Error:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise
        return ()

    def destroy(self, name: str) -> None:
        """Overwrite one key for ever; raises StoreUnavailable."""
        with mapped_errors():
            self._database.execute(
                "INSERT INTO keys VALUES (?, NULL) ON CONFLICT (name) DO UPDATE SET wrapped=NULL",
                (name,),
            )
            # The write-ahead log still holds the page with the key.
            self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()
