"""The vault: sealed fields open for whoever has the key, and for nobody after it is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.backbone import vault as module
from services.backbone.errors import Unsealable
from services.backbone.postgres_keys import PostgresKeys
from services.backbone.sqlite_keys import SQLiteKeys
from services.backbone.vault import SEALED, Vault

MASTER = bytes(range(32))
NAME = "person/R1"


Open = Callable[[bytes], Vault]


@pytest.fixture(params=["sqlite", "postgres"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    """Opens a vault over the same keys, as another process does."""
    if request.param == "sqlite":
        return lambda master: Vault(SQLiteKeys(tmp_path / "vault.sqlite"), master)
    database = request.getfixturevalue("database")
    return lambda master: Vault(PostgresKeys(database), master)


@pytest.fixture
def vault(opened: Open) -> Iterator[Vault]:
    """A fresh vault."""
    vault = opened(MASTER)
    yield vault
    vault.close()


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


def test_keys_outlive_the_process(opened: Open, vault: Vault) -> None:
    """Another vault over the same keys opens what this one sealed."""
    sealed = vault.seal(NAME, {"name": "张三"})["name"]
    again = opened(MASTER)

    assert again.unseal(NAME, "name", sealed) == "张三"
    again.close()


def test_another_master_key_is_refused_at_once(opened: Open, vault: Vault) -> None:
    """Before anything is sealed that nobody could open."""
    with pytest.raises(Unsealable):
        opened(b"x" * 32)


def test_a_destroyed_key_opens_nothing_any_more(opened: Open, vault: Vault) -> None:
    """Here, and in any process that opens the vault later."""
    sealed = vault.seal(NAME, {"name": "张三"})["name"]
    vault.destroy(NAME)
    again = opened(MASTER)

    for one in (vault, again):
        with pytest.raises(Unsealable):
            one.unseal(NAME, "name", sealed)
    again.close()


def test_after_its_key_is_destroyed_nothing_is_kept(vault: Vault) -> None:
    """Later facts of the same thing are sealed empty, and no new key is made."""
    vault.destroy(NAME)

    assert vault.seal(NAME, {"name": "张三"}) == {"name": SEALED}
    with pytest.raises(Unsealable):
        vault.unseal(NAME, "name", SEALED)


def test_looking_makes_no_key(opened: Open, vault: Vault) -> None:
    """Opening something of a thing never sealed leaves nothing behind."""
    with pytest.raises(Unsealable):
        vault.unseal("person/R404", "name", "sealed:AAAA")
    again = opened(MASTER)

    assert again._keys.load(["person/R404"]) == {}
    again.close()


@pytest.mark.parametrize("name", ["person/a\0b", "person/a\\0b", "person/😀", "person/a'b"])
def test_any_text_names_a_thing(opened: Open, vault: Vault, name: str) -> None:
    """What JSON can say, U+0000 among it."""
    sealed = vault.seal(name, {"name": "张三"})["name"]
    again = opened(MASTER)

    assert again.unseal(name, "name", sealed) == "张三"
    again.close()


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
