"""The simulator through a real Kafka door: the answers are those that HTTP must give."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas import organisations
from services.backbone.errors import SettingInvalid
from services.simulator import journal
from services.simulator.clock import WallClock
from services.simulator.errors import DoorClosed
from services.simulator.kafka_door import KafkaDoor
from services.simulator.message import Message
from services.simulator.progress import Quiet
from services.simulator.simulation import Options, Simulation
from services.simulator.tokens import OwnTokens
from tests.support.centres import Centres
from tests.support.events import NOON, encoded, event
from tests.support.kafka import Kafka
from tests.support.server import Server

PROVINCE = "350000000000"


@pytest.fixture(scope="module")
def centres(kafka: Kafka) -> Iterator[Centres]:
    """The topics."""
    with Centres(kafka, "simulated", 3) as centres:
        yield centres


@pytest.fixture(scope="module")
def server(centres: Centres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that reads them."""
    environment = {f"YIPING_{name.upper()}": value for name, value in centres.settings.items()}
    data = tmp_path_factory.mktemp("simulated") / "data"
    with Server(data, command="ingest", environment=environment) as running:
        yield running


def messages(many: int, name: str, size: int = 0) -> list[Message]:
    """So many good ones."""
    data = {"evidence": ["x" * 400] * size}
    made = [event(id_=f"{name}-{n}", time=NOON.replace(year=2025), data=data) for n in range(many)]
    return [Message(1, 7, one["id"], encoded(one)) for one in made]


async def test_a_province_lives_through_kafka(
    server: Server, centres: Centres, tmp_path: Path
) -> None:
    """History, then live with faults: every answer is the one that it must be."""
    options = Options(
        kafka=centres.dsn, centres=4, days=0.05, rate=30.0, live_s=3.0, faults=0.2,
        journal=tmp_path / "journal.ndjson",
    )  # fmt: skip
    tokens = OwnTokens(server.data, PROVINCE)
    simulation = Simulation(options, organisations.load(), tokens, WallClock(), Quiet())
    office = await simulation.run()

    assert office.odd == []
    assert office.answers["accepted"] > 100
    assert office.answers["quarantined"] > 0
    assert list(journal.differences(journal.read(tmp_path / "journal.ndjson"))) == []


@pytest.mark.parametrize("compress", [False, True])
async def test_answers_come_in_order(server: Server, centres: Centres, compress: bool) -> None:
    """One for each message, whether packed or not; again, they are known."""
    token, sent = server.token("350203000000", "centre"), messages(20, f"order-{compress}")
    async with KafkaDoor(centres.dsn, WallClock(), compress=compress) as door:
        first = await door.post(token, sent)
        again = await door.post(token, sent)

    assert [g.id for g in first.given] == [m.id for m in sent]
    assert {g.status for g in first.given} == {"accepted"}
    assert {g.status for g in again.given} == {"duplicate"}
    assert not first.sent_before


async def test_what_is_too_large_goes_in_two(server: Server, centres: Centres) -> None:
    """A topic takes so much in one message."""
    sent = messages(300, "large", size=15)
    async with KafkaDoor(centres.dsn, WallClock()) as door:
        answered = await door.post(server.token("350203000000", "centre"), sent)

    assert sum(len(m.body) for m in sent) > 1024 * 1024
    assert [g.id for g in answered.given] == [m.id for m in sent]
    assert {g.status for g in answered.given} == {"accepted"}


async def test_a_refused_sender_stops(server: Server, centres: Centres) -> None:
    """A token that is no good is not tried again."""
    async with KafkaDoor(centres.dsn, WallClock()) as door:
        with pytest.raises(DoorClosed) as closed:
            await door.post("no-token", messages(1, "refused"))

    assert (closed.value.status, closed.value.code) == (401, "token_refused")


async def test_what_has_no_receipt_is_published_again(
    server: Server, centres: Centres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The door answers the second time what it took the first."""
    said: list[str] = []
    token = server.token("350203000000", "centre")
    async with KafkaDoor(centres.dsn, WallClock(), waiting=said.append) as door:
        monkeypatch.setattr("services.simulator.kafka_door.TIMEOUT_S", 1.0)
        take, dropped = door._take, []

        def deaf(told: object) -> None:
            dropped.append(told)
            if said:
                take(told)  # type: ignore[arg-type]  # what the listener hands over

        monkeypatch.setattr(door, "_take", deaf)
        answered = await door.post(token, messages(2, "deaf"))

    assert said == ["TimeoutError"]
    assert answered.sent_before
    assert {g.status for g in answered.given} == {"duplicate"}


def test_a_dsn_that_cannot_be_used_is_named() -> None:
    """By the option."""
    with pytest.raises(SettingInvalid, match="--kafka"):
        KafkaDoor("http://127.0.0.1:1", WallClock())
