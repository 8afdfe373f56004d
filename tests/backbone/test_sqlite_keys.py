"""The vault's keys in a SQLite file: wrapped, durable, and gone when they are destroyed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.backbone.errors import StoreUnavailable
from services.backbone.sqlite_keys import SQLiteKeys
from services.backbone.vault import Vault
from tests.support.faults import refused_writes

MASTER = bytes(range(32))
NAME = "person/R1"


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    """A fresh vault."""
    vault = Vault(SQLiteKeys(tmp_path / "vault.sqlite"), MASTER)
    yield vault
    vault.close()


def test_a_key_is_nowhere_plain(tmp_path: Path, vault: Vault) -> None:
    """The file holds each key wrapped by the master key alone."""
    vault.ready({NAME})
    with sqlite3.connect(tmp_path / "vault.sqlite") as database:
        rows = dict(database.execute("SELECT name, wrapped FROM keys").fetchall())
    database.close()

    assert len(rows[NAME]) == 12 + 32 + 16
    assert MASTER not in rows[NAME]


def test_a_destroyed_key_is_gone_from_the_disk(tmp_path: Path, vault: Vault) -> None:
    """Not even the wrapped key is left in a free page or in the write-ahead log."""
    vault.ready({NAME})
    with sqlite3.connect(tmp_path / "vault.sqlite") as database:
        (wrapped,) = database.execute("SELECT wrapped FROM keys WHERE name=?", (NAME,)).fetchone()
    database.close()
    vault.destroy(NAME)

    assert not any(wrapped in path.read_bytes() for path in tmp_path.iterdir())


def test_a_key_that_is_not_durable_is_not_used(tmp_path: Path, vault: Vault) -> None:
    """A disk that refuses the key refuses the fact; later both are taken."""
    vault.ready({"person/R0"})
    with refused_writes(tmp_path / "vault.sqlite-wal"), pytest.raises(StoreUnavailable):
        vault.ready({NAME})

    sealed = vault.seal(NAME, {"name": "张三"})["name"]
    again = Vault(SQLiteKeys(tmp_path / "vault.sqlite"), MASTER)
    assert again.unseal(NAME, "name", sealed) == "张三"
    again.close()
