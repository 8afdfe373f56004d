"""Whole runs against the real door: history, live, restarts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from schemas import organisations
from services.simulator import journal, state
from services.simulator.clock import WallClock
from services.simulator.errors import DoorClosed, OptionInvalid, StateInvalid
from services.simulator.post_office import PostOffice
from services.simulator.progress import Quiet
from services.simulator.simulation import Options, Simulation
from services.simulator.tokens import OneToken, OwnTokens
from tests.support.server import Server

ORGANISATIONS = organisations.load()
PROVINCE = "350000000000"
CENTRES = 4


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """The doors and the event store."""
    with Server(tmp_path / "data", command="ingest") as running:
        yield running


def options(server: Server, **given: object) -> Options:
    """A short run of a few centres with a memory and a journal."""
    held = Options(
        url=server.url,
        centres=CENTRES,
        live_s=0.0,
        journal=server.data / "journal.ndjson",
        state=server.data / "simulator.json",
    )
    return msgspec.structs.replace(held, **given)


async def simulated(server: Server, **given: object) -> PostOffice:
    """One run with tokens from the server's own folder."""
    tokens = OwnTokens(server.data, PROVINCE)
    asked = options(server, **given)
    return await Simulation(asked, ORGANISATIONS, tokens, WallClock(), Quiet()).run()


def lines(server: Server) -> list[journal.Line]:
    """The journal so far, after it was found right."""
    file = server.data / "journal.ndjson"
    assert list(journal.differences(journal.read(file))) == []
    return list(journal.read(file))


def sequences(server: Server) -> dict[str, list[int]]:
    """The numbers that each source gave to what was accepted, in the order of sending."""
    found: dict[str, list[int]] = {}
    for line in lines(server):
        if bytes(line.event) and line.given.status == "accepted":
            event = msgspec.json.decode(line.event)
            if "sequence" in event:
                found.setdefault(event["source"], []).append(event["sequence"])
    return found


async def test_history_then_live_and_again_after_a_restart(server: Server) -> None:
    """Two runs make one stream: every event accepted once, each source counting on."""
    first = await simulated(server, days=0.1, live_s=2.0)
    second = await simulated(server, days=0.1, live_s=2.0)

    assert set(first.answers) == {"accepted"}
    assert first.answers.total() > 3000
    assert second.answers["accepted"] == second.answers.total() < 100
    assert all(n == list(range(1, len(n) + 1)) for n in sequences(server).values())


async def test_history_is_received_when_it_was_sent(server: Server) -> None:
    """In a node of its own, while live events go to the main one."""
    await simulated(server, days=0.02, live_s=1.5, rate=400.0)
    nodes = Counter(
        (line.given.node == "main", b'"receivedtime"' in bytes(line.event))
        for line in lines(server)
    )

    assert set(nodes) == {(True, False), (False, True)}
    assert nodes[True, False] > 100


async def test_the_rate_is_kept(server: Server) -> None:
    """Events a second of all centres together, within what a few seconds can tell."""
    await simulated(server, days=0.02, rate=300.0, live_s=6.0)
    live = [line for line in lines(server) if line.given.node == "main"]

    assert 250 * 5 < len(live) < 400 * 6.5


async def test_faults_get_the_answers_that_they_must_get(server: Server) -> None:
    """From the real door, in history and live, and again after a restart."""
    await simulated(server, days=0.1, faults=0.3, rate=400.0, live_s=3.0)
    await simulated(server, days=0.1, faults=0.3, rate=400.0, live_s=3.0)
    kinds = Counter(line.fault for line in lines(server) if line.fault)

    assert len(kinds) >= 20
    assert kinds["conflict"] > 20
    assert kinds["duplicate"] > 20


async def test_a_restart_without_faults_sends_what_was_held_back(server: Server) -> None:
    """Gaps that faults left are closed all the same."""
    await simulated(server, days=0.1, faults=0.4)
    await simulated(server, live_s=4.0, rate=1500.0)
    late = [line for line in lines(server) if line.fault == "late"]
    numbers = {source: set(n) for source, n in sequences(server).items()}

    assert late
    for seen in numbers.values():
        reached = max(seen) // 2
        assert set(range(1, reached)) <= seen


async def test_a_lost_answer_is_asked_for_again(server: Server) -> None:
    """Events that an earlier run sent and did not remember are known to the door."""
    await simulated(server, days=0.02)
    file = server.data / "simulator.json"
    held = state.read(file)
    assert held is not None
    half = held.start
    held.answered = dict.fromkeys(held.answered, half)
    held.taken_up, held.sequences = held.start - 600_000_000, {}
    state.write(file, held)
    again = await simulated(server, days=0.02)

    # How many were sent in those ten minutes depends on the hour of the day.
    assert again.answers["duplicate"] > 0
    assert again.unexpected == 0
    assert lines(server)


async def test_another_province_is_not_mixed_in(server: Server) -> None:
    """A memory of another seed is refused, and says so."""
    await simulated(server, days=0.01)

    with pytest.raises(StateInvalid, match="seed 1 with 4 centres"):
        await simulated(server, seed=2)


async def test_history_needs_an_importers_token(server: Server) -> None:
    """Said before anything is sent."""
    token = OneToken(server.token("350203000000", "centre"))
    asked = options(server, days=1.0, state=None)

    with pytest.raises(OptionInvalid, match="importer"):
        Simulation(asked, ORGANISATIONS, token, WallClock(), Quiet())


async def test_a_token_that_may_not_send_ends_it(server: Server) -> None:
    """With the server's own word."""
    token = OneToken(server.token(PROVINCE, "wall"))
    asked = options(server, live_s=5.0, state=None)
    run = Simulation(asked, ORGANISATIONS, token, WallClock(), Quiet())

    with pytest.raises(BaseExceptionGroup) as raised:
        await run.run()
    assert raised.group_contains(DoorClosed, match="role_may_not_send")


async def test_one_importers_token_does_for_all(server: Server) -> None:
    """History and live, as somebody with one token runs it."""
    token = OneToken(server.token(PROVINCE, "importer"))
    asked = options(server, days=0.02, live_s=1.0, rate=200.0, faults=0.3)
    office = await Simulation(asked, ORGANISATIONS, token, WallClock(), Quiet()).run()

    assert office.unexpected == 0
    assert {line.given.node == "main" for line in lines(server)} == {True, False}
