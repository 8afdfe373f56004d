"""The vault's keys in PostgreSQL: shared by processes, there again when the server is."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg
import pytest

from services.backbone.errors import SettingInvalid, StoreUnavailable, Unsealable
from services.backbone.postgres_keys import PostgresKeys
from services.backbone.vault import SEALED, Vault
from tests.support.postgres import Postgres

MASTER = bytes(range(32))
NAME = "person/R1"


@pytest.fixture
def vault(database: str) -> Iterator[Vault]:
    """A fresh vault."""
    vault = Vault(PostgresKeys(database), MASTER)
    yield vault
    vault.close()


def test_a_key_is_nowhere_plain(database: str, vault: Vault) -> None:
    """The table holds each key wrapped by the master key alone."""
    vault.ready({NAME})
    with psycopg.connect(database) as connection:
        ((wrapped,),) = connection.execute(
            "SELECT wrapped FROM vault_keys WHERE name=%s", (NAME,)
        ).fetchall()

    assert len(wrapped) == 12 + 32 + 16
    assert MASTER not in wrapped


def test_processes_that_make_a_key_at_once_get_the_same(database: str) -> None:
    """Whoever comes second takes the key of the first; none waits for the other for ever."""
    vaults = [Vault(PostgresKeys(database), MASTER) for _ in range(4)]
    names = [f"person/R{n}" for n in range(40)]

    def seal(vault: Vault) -> list[str]:
        vault.ready(set(names))
        return [vault.seal(name, {"f": name})["f"] for name in names]

    with ThreadPoolExecutor(len(vaults)) as threads:
        sealed = list(threads.map(seal, vaults))

    for texts in sealed:
        assert [vaults[0].unseal(n, "f", t) for n, t in zip(names, texts, strict=True)] == names
    for vault in vaults:
        vault.close()


def test_a_key_destroyed_by_another_process_is_made_no_more(database: str, vault: Vault) -> None:
    """Its name stays taken for whoever hears of it first afterwards."""
    sealed = vault.seal(NAME, {"name": "张三"})["name"]
    with closing(Vault(PostgresKeys(database), MASTER)) as other:
        vault.destroy(NAME)

        assert other.seal(NAME, {"name": "张三"}) == {"name": SEALED}
        with pytest.raises(Unsealable):
            other.unseal(NAME, "name", sealed)


def test_a_vault_opens_before_its_server_does(database: str, postgres: Postgres) -> None:
    """It is of use as soon as the server is there, and proves its master key then."""
    Vault(PostgresKeys(database), MASTER).close()
    postgres.stop()
    try:
        early = Vault(PostgresKeys(database), MASTER)
        mistaken = Vault(PostgresKeys(database), b"x" * 32)
        with pytest.raises(StoreUnavailable):
            early.ready({NAME})
    finally:
        postgres.start()

    early.ready({NAME})
    with pytest.raises(Unsealable):
        mistaken.ready({NAME})
    early.close()
    mistaken.close()


def test_what_is_no_dsn_is_refused() -> None:
    """Before it is needed, and without the password."""
    with pytest.raises(SettingInvalid) as refused:
        PostgresKeys("mysql://u:verborgen@h/d")

    assert "verborgen" not in str(refused.value)
