"""The vault: sealed fields open for whoever has the key, and for nobody after it is gone."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.backbone import vault as module
from services.backbone.errors import StoreUnavailable, Unsealable
from services.backbone.vault import SEALED, Vault
from tests.support.faults import refused_writes

MASTER = bytes(range(32))
NAME = "person/R1"


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    """A fresh vault."""
    vault = Vault(tmp_path / "vault.sqlite", MASTER)
    yield vault
    vault.close()


def opened(tmp_path: Path, master: bytes = MASTER) -> Vault:
    """The vault of the same file, as another process opens it."""
    return Vault(tmp_path / "vault.sqlite", master)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.text(min_size=1), st.text(), min_size=1, max_size=4))
def test_what_was_sealed_opens(vault: Vault, fields: dict[str, str]) -> None:
    """Any text of any field, and nothing of it shows."""
    sealed = vault.seal(NAME, fields)

    assert {f: vault.unseal(NAME, f, text) for f, text in sealed.items()} == fields
    assert all(text.startswith(SEALED) and text.isascii() for text in sealed.values())


def test_the_same_text_is_sealed_otherwise_each_time(vault: Vault) -> None:
    """Equal names cannot be told by equal ciphertexts."""
    sealed = {vault.seal(NAME, {"name": "张三"})["name"] for _ in range(5)}

    assert len(sealed) == 5


def test_a_sealed_text_is_bound_to_its_field(vault: Vault) -> None:
    """A phone number does not become a name by being moved."""
    sealed = vault.seal(NAME, {"phone": "13800138000"})["phone"]

    with pytest.raises(Unsealable):
        vault.unseal(NAME, "name", sealed)


def test_a_sealed_text_is_bound_to_its_thing(vault: Vault) -> None:
    """Each thing has a key of its own."""
    sealed = vault.seal(NAME, {"name": "张三"})["name"]
    vault.ready({"person/R2"})

    with pytest.raises(Unsealable):
        vault.unseal("person/R2", "name", sealed)


@pytest.mark.parametrize("sealed", ["", "张三", "sealed:", "sealed:x", "sealed:AAAA", "sealed:张"])
def test_what_was_not_sealed_does_not_open(vault: Vault, sealed: str) -> None:
    """Plain, empty, cut and broken texts alike."""
    vault.ready({NAME})

    with pytest.raises(Unsealable):
        vault.unseal(NAME, "name", sealed)


def test_an_altered_text_does_not_open(vault: Vault) -> None:
    """GCM finds a single flipped bit."""
    sealed = vault.seal(NAME, {"name": "张三"})["name"]
    other = "A" if sealed[30] != "A" else "B"

    with pytest.raises(Unsealable):
        vault.unseal(NAME, "name", sealed[:30] + other + sealed[31:])


def test_keys_outlive_the_process(tmp_path: Path, vault: Vault) -> None:
    """Another vault over the same file opens what this one sealed."""
    sealed = vault.seal(NAME, {"name": "张三"})["name"]
    again = opened(tmp_path)

    assert again.unseal(NAME, "name", sealed) == "张三"
    again.close()


def test_another_master_key_is_refused_at_once(tmp_path: Path, vault: Vault) -> None:
    """Before anything is sealed that nobody could open."""
    with pytest.raises(Unsealable):
        opened(tmp_path, b"x" * 32)


def test_a_key_is_nowhere_plain(tmp_path: Path, vault: Vault) -> None:
    """The file holds each key wrapped by the master key alone."""
    vault.ready({NAME})
    with sqlite3.connect(tmp_path / "vault.sqlite") as database:
        rows = dict(database.execute("SELECT name, wrapped FROM keys").fetchall())
    database.close()

    assert len(rows[NAME]) == 12 + 32 + 16
    assert MASTER not in rows[NAME]


def test_a_destroyed_key_opens_nothing_any_more(tmp_path: Path, vault: Vault) -> None:
    """Here, and in any process that opens the file later."""
    sealed = vault.seal(NAME, {"name": "张三"})["name"]
    vault.destroy(NAME)
    again = opened(tmp_path)

    for one in (vault, again):
        with pytest.raises(Unsealable):
            one.unseal(NAME, "name", sealed)
    again.close()


def test_a_destroyed_key_is_gone_from_the_disk(tmp_path: Path, vault: Vault) -> None:
    """Not even the wrapped key is left in a free page or in the write-ahead log."""
    vault.ready({NAME})
    with sqlite3.connect(tmp_path / "vault.sqlite") as database:
        (wrapped,) = database.execute("SELECT wrapped FROM keys WHERE name=?", (NAME,)).fetchone()
    database.close()
    vault.destroy(NAME)

    assert not any(wrapped in path.read_bytes() for path in tmp_path.iterdir())


def test_after_its_key_is_destroyed_nothing_is_kept(vault: Vault) -> None:
    """Later facts of the same thing are sealed empty, and no new key is made."""
    vault.destroy(NAME)

    assert vault.seal(NAME, {"name": "张三"}) == {"name": SEALED}
    with pytest.raises(Unsealable):
        vault.unseal(NAME, "name", SEALED)


def test_looking_makes_no_key(tmp_path: Path, vault: Vault) -> None:
    """Opening something of a thing never sealed leaves nothing behind."""
    with pytest.raises(Unsealable):
        vault.unseal("person/R404", "name", "sealed:AAAA")

    assert b"R404" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


def test_keys_that_do_not_fit_the_memory_are_read_again(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However few are kept at hand, each name keeps its one key."""
    monkeypatch.setattr(module, "CACHED_KEYS", 3)
    names = [f"person/R{n}" for n in range(1_200)]
    sealed: dict[str, str] = {}
    for start in range(0, len(names), 700):
        part = set(names[start : start + 700])
        vault.ready(part)
        sealed |= {name: vault.seal(name, {"name": name})["name"] for name in part}
    vault.ready(set(names))

    assert all(vault.unseal(name, "name", text) == name for name, text in sealed.items())
    assert len(vault._ciphers) <= 1_200


def test_threads_share_a_vault(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever seals and opens at the same time gets the same keys."""
    monkeypatch.setattr(module, "CACHED_KEYS", 5)

    def work(turn: int) -> bool:
        for n in range(40):
            name = f"person/R{(n + turn) % 12}"
            vault.ready({name})
            if vault.unseal(name, "f", vault.seal(name, {"f": str(n)})["f"]) != str(n):
                return False
        return True

    with ThreadPoolExecutor(6) as threads:
        assert all(threads.map(work, range(6)))


def test_a_key_that_is_not_durable_is_not_used(tmp_path: Path, vault: Vault) -> None:
    """A disk that refuses the key refuses the fact; later both are taken."""
    vault.ready({"person/R0"})
    with refused_writes(tmp_path / "vault.sqlite-wal"), pytest.raises(StoreUnavailable):
        vault.ready({NAME})

    sealed = vault.seal(NAME, {"name": "张三"})["name"]
    again = opened(tmp_path)
    assert again.unseal(NAME, "name", sealed) == "张三"
    again.close()
