"""The import as a whole: order, batches, and any number of interruptions."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.importer.door import Answers
from services.importer.errors import DoorRefused, TableUnreadable
from services.importer.mapping import compiled
from services.importer.mapping_file import parse
from services.importer.state import StateFile
from services.importer.table import Table
from services.importer.tally import Tally
from services.importer.transfer import Transfer, batches
from services.importer.translation import Translator

MAPPING = """\
source: "350203000000"
time_zone: Asia/Shanghai
ignore: {kind: print}
events:
  - type: person.checked
    unless: {kind: [print, "?"]}
    id: "{nr}"
    time: {column: day}
    data: {person_no: "{nr}", state: "{kind}"}
"""
KINDS = ("check", "print", "?", "late", "bad_day")


class Killed(Exception):
    """The process is gone at this very moment."""


class Platform:
    """What an idempotent door keeps, and a moment at which somebody dies."""

    def __init__(self) -> None:
        self.kept: list[str] = []
        self.requests: list[int] = []
        self.dies_in: int | None = None
        self.dies_before = False

    async def send(self, bodies: Sequence[bytes]) -> Answers:
        """Keep what is new; events that say late are refused."""
        self.requests.append(len(bodies))
        if self.dies_in is not None:
            self.dies_in -= 1
            if self.dies_in < 0 and self.dies_before:
                raise Killed
        answers = [self._answer(msgspec.json.decode(body)) for body in bodies]
        if self.dies_in is not None and self.dies_in < 0:
            raise Killed
        return answers

    def _answer(self, event: dict[str, Any]) -> dict[str, Any]:
        if event["data"]["state"] == "late":
            return {"id": event["id"], "status": "quarantined",
                    "error": {"code": "late", "path": "time", "message": "is late"}}  # fmt: skip
        known = event["id"] in self.kept
        if not known:
            self.kept.append(event["id"])
        return {"id": event["id"], "status": "duplicate" if known else "accepted"}


def table(folder: Path, kinds: Sequence[str]) -> Path:
    """A log with one row of each kind, numbered."""
    path = folder / "log.csv"
    days = ["today" if kind == "bad_day" else "2026-01-02" for kind in kinds]
    lines = [f"{n},{day},{kind}" for n, (day, kind) in enumerate(zip(days, kinds, strict=True))]
    path.write_text("\n".join(["nr,day,kind", *lines]) + "\n", encoding="utf-8")
    return path


def carry(path: Path, platform: Platform, size: int, *, state: str = "state.json") -> Transfer:
    """One run of the importer, from the files alone, as a new process would."""
    with Table(path) as opened:
        translator = Translator(compiled(*parse(MAPPING, "map.yaml"), opened.columns))
        transfer = Transfer(
            platform, StateFile(path.parent / state, "f"), lambda _tally: None
        )  # fmt: skip
        parts = batches(opened, translator, size, transfer.resumes_after)
        asyncio.run(transfer.run(parts))
    return transfer


def told(tally: Tally) -> tuple[int, int, int, dict[str, int], int, int]:
    """What a tally says of the rows, whoever was first to send an event."""
    refused = {code: one.count for code, one in tally.refused.items()}
    there = tally.accepted + tally.duplicates
    return (tally.rows, tally.events, there, refused, tally.ignored_rows, tally.unmatched_rows)


def test_everything_is_sent_in_order(tmp_path: Path) -> None:
    """Batches of the asked size, then the rest; the state file is gone at the end."""
    platform = Platform()

    transfer = carry(table(tmp_path, ["check"] * 7), platform, 3)

    assert platform.kept == [str(n) for n in range(7)]
    assert platform.requests == [3, 3, 1]
    assert told(transfer.tally) == (7, 7, 7, {}, 0, 0)
    assert not (tmp_path / "state.json").exists()


def test_each_row_is_accounted_for(tmp_path: Path) -> None:
    """Sent, refused by either side, passed over, or met by no rule."""
    path = table(tmp_path, ["check", "print", "?", "late", "bad_day"])
    path.write_text(path.read_text(encoding="utf-8") + "6,2026-01-02\n", encoding="utf-8")

    transfer = carry(path, Platform(), 100)

    refused = {"late": 1, "wrong_time": 1, "ragged_row": 1}
    assert told(transfer.tally) == (6, 2, 1, refused, 1, 1)


def test_rows_that_give_nothing_make_no_request(tmp_path: Path) -> None:
    """Batches of nothing but passed rows still count, and are never sent."""
    platform = Platform()

    transfer = carry(table(tmp_path, ["print"] * 5), platform, 2)

    assert (platform.requests, transfer.tally.rows) == ([], 5)


@settings(max_examples=80)
@given(
    kinds=st.lists(st.sampled_from(KINDS), max_size=14),
    sizes=st.lists(st.integers(1, 5), min_size=1, max_size=4),
    deaths=st.lists(st.tuples(st.integers(0, 4), st.booleans()), max_size=4),
)
def test_interruptions_change_nothing(
    kinds: list[str], sizes: list[int], deaths: list[tuple[int, bool]]
) -> None:
    """Killed anywhere, before or after the server took a batch, with other batch sizes: the
    platform holds the same, the report says the same."""
    with TemporaryDirectory() as folder:
        path = table(Path(folder), kinds)
        expected, platform = Platform(), Platform()
        whole = carry(path, expected, 3, state="whole.json")

        for n, (after, before) in enumerate(deaths):
            platform.dies_in, platform.dies_before = after, before
            try:
                carry(path, platform, sizes[n % len(sizes)])
            except Killed:
                continue
        platform.dies_in = None
        last = carry(path, platform, sizes[-1])

    assert platform.kept == expected.kept
    assert told(last.tally) == told(whole.tally)


def test_what_was_answered_is_not_sent_again(tmp_path: Path) -> None:
    """After a break one batch asks whether the server knows; then on from the last row."""
    path, platform = table(tmp_path, ["check"] * 12), Platform()
    platform.dies_in, platform.dies_before = 4, True
    with pytest.raises(Killed):
        carry(path, platform, 2)
    platform.dies_in, platform.requests = None, []

    transfer = carry(path, platform, 2)

    assert transfer.resumes_after == 8
    assert platform.requests == [2, 2, 2]
    assert told(transfer.tally) == (12, 12, 12, {}, 0, 0)


def test_a_server_that_forgot_gets_everything(tmp_path: Path) -> None:
    """The state file is believed only if the server knows the first events."""
    path, first = table(tmp_path, ["check"] * 6), Platform()
    first.dies_in, first.dies_before = 2, True
    with pytest.raises(Killed):
        carry(path, first, 2)
    fresh = Platform()

    transfer = carry(path, fresh, 2)

    assert fresh.kept == [str(n) for n in range(6)]
    assert told(transfer.tally) == (6, 6, 6, {}, 0, 0)


def test_a_broken_file_keeps_what_was_answered(tmp_path: Path) -> None:
    """Mended, it goes on from there."""
    path, platform = table(tmp_path, ["check"] * 3000), Platform()
    good = path.read_bytes()
    path.write_bytes(good + b"\xff\n")

    with pytest.raises(TableUnreadable):
        carry(path, platform, 500)
    path.write_bytes(good)
    transfer = carry(path, platform, 500)

    assert transfer.resumes_after >= 500
    assert told(transfer.tally) == (3000, 3000, 3000, {}, 0, 0)


def test_a_refusal_of_the_whole_keeps_the_state(tmp_path: Path) -> None:
    """A token that expires on the way costs nothing."""

    class Expires(Platform):
        async def send(self, bodies: Sequence[bytes]) -> Answers:
            if len(self.requests) == 2:
                raise DoorRefused("token_refused", "expired", 401)
            return await super().send(bodies)

    path = table(tmp_path, ["check"] * 4)

    with pytest.raises(DoorRefused):
        carry(path, Expires(), 1)

    assert (tmp_path / "state.json").exists()


def test_bodies_are_bounded(tmp_path: Path) -> None:
    """A batch ends before it outgrows what a door takes."""
    path = tmp_path / "log.csv"
    long = "x" * 300_000
    path.write_text("\n".join(["nr,day,kind", *(f"{n},2026-01-02,{long}" for n in range(40))]))

    platform = Platform()
    carry(path, platform, 1000)

    assert max(platform.requests) <= 15
    assert len(platform.kept) == 40
