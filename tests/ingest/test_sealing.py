"""Sealing: what names a person is stored sealed, and can be made to vanish."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from schemas.envelope import StoredFact
from tests.support.events import encoded, event
from tests.support.ingest import House


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """An application over a fresh store."""
    with House(tmp_path) as house:
        yield house


def test_nothing_that_names_a_person_is_stored_plain(house: House) -> None:
    """Neither the events nor the quarantine hold a name, in any file of the folder."""
    name, number, phone = "张三丰的名字", "350203199001011234", "13800138000"
    personal = {"name": name, "id_number": number, "phone": phone}
    house.record(
        [
            event(id_="1", data=personal),
            event(id_="1", data=personal | {"sex": "男"}),
            event("incident.received", "2", data={"caller": name, "caller_phone": phone}),
            encoded(event(id_="3", data=personal | {"arrived_at": name})),
            name.encode(),
        ]
    )
    house.close()

    files = [path.read_bytes() for path in house.folder.iterdir()]
    house.open()
    assert len(files) >= 3
    for plain in (name, number, phone):
        assert not any(plain.encode() in file for file in files)
        assert not any(ascii(plain)[1:-1].encode() in file for file in files)


def test_a_sealed_field_opens_with_the_key_of_its_thing(house: House) -> None:
    """What was sent can be read by whoever may."""
    house.record([event(data={"name": "张三"})])

    sealed = str(_data(house.facts()[0])["name"])
    assert house.vault.unseal("person/R1", "name", sealed) == "张三"


def _data(fact: StoredFact) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(fact.data)
    return found


def test_after_its_key_is_destroyed_a_person_is_gone_and_counted(house: House) -> None:
    """The facts stay and new ones come in, but nobody reads the name."""
    house.record([event(data={"name": "张三"})])
    house.vault.destroy("person/R1")
    house.restart()
    (answer,) = house.record([event("person.admitted", "2", data={"name": "张三"})])

    assert answer.status == "accepted"
    assert _data(house.facts()[1])["name"] == "sealed:"
    assert house.findings() == []
