"""One channel: patches join, recovery is whole or not at all."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from services.dashboard_api.channel import Channel
from tests.dashboard_api.wall import Wall

NAME = "case/350000000000"


def frame(n: int, **more: Any) -> dict[str, Any]:
    return {"as_of": f"2026-11-22T14:00:{n % 60:02d}Z", "total": n, "trend": {}, **more}


def channel(**limits: int) -> Channel:
    return Channel("case", "350000000000", "e1", frame(0), **limits)


def answer(one: Channel, *held: Any) -> dict[str, Any]:
    decoded: dict[str, Any] = msgspec.json.decode(one.answer(*held))
    return decoded


def test_a_first_subscription_gets_the_whole_frame() -> None:
    """Without an offset from before there is a snapshot."""
    told = answer(channel())

    assert told == {
        "channel": NAME, "epoch": "e1", "offset": 0, "recovered": False, "snapshot": frame(0),
    }  # fmt: skip


def test_a_frame_that_differs_in_its_moment_alone_is_not_pushed() -> None:
    """Heartbeats carry the moment."""
    one = channel()

    assert one.show({**frame(0), "as_of": "2026-11-22T15:00:00Z"}) is None
    assert one.offset == 0
    assert answer(one)["snapshot"]["as_of"] == "2026-11-22T15:00:00Z"


def test_a_patch_carries_offset_moment_and_change() -> None:
    """The push has all that a client needs to join it to what it holds."""
    push = channel().show(frame(3))

    assert push is not None
    assert msgspec.json.decode(push) == {
        "push": "patch", "channel": NAME, "offset": 1, "as_of": "2026-11-22T14:00:03Z",
        "patch": {"as_of": "2026-11-22T14:00:03Z", "total": 3},
    }  # fmt: skip


def test_a_change_to_null_is_sent_whole() -> None:
    """What a merge patch cannot say is a snapshot, and nobody recovers across it."""
    one = channel()
    one.show(frame(1))

    push = one.show(frame(1, trend={"a": None}))

    assert push is not None
    assert msgspec.json.decode(push)["push"] == "snapshot"
    assert not one.can_recover("e1", 1)
    assert one.can_recover("e1", 2)


def test_another_epoch_gets_the_whole_frame() -> None:
    """After a restart of the server nothing can be recovered."""
    one = channel()
    one.show(frame(1))

    assert not answer(one, "e0", 0)["recovered"]


def test_an_offset_of_the_future_gets_the_whole_frame() -> None:
    """An offset that the channel never reached is not believed."""
    assert not answer(channel(), "e1", 1)["recovered"]


def test_what_was_forgotten_is_not_recovered_by_half() -> None:
    """One patch too old, and it is the whole frame."""
    one = channel(keep_patches=3)
    for n in range(1, 6):
        one.show(frame(n))

    assert answer(one, "e1", 2)["recovered"]
    assert not answer(one, "e1", 1)["recovered"]


def test_big_patches_are_kept_for_less_long() -> None:
    """The ring is bounded in bytes too."""
    one = channel(keep_bytes=1000)
    for n in range(1, 6):
        one.show(frame(n, text=str(n) * 400))

    assert one.can_recover("e1", 4)
    assert not one.can_recover("e1", 1)


@given(
    totals=st.lists(st.integers(0, 3), max_size=30),
    unknown=st.sets(st.integers(0, 29)),
    away=st.tuples(st.integers(0, 30), st.integers(0, 30)),
    keep=st.integers(1, 8),
)
def test_a_client_that_was_away_ends_with_the_newest_frame(
    totals: list[int], unknown: set[int], away: tuple[int, int], keep: int
) -> None:
    """Whatever happened meanwhile, snapshot or patches bring a client to the newest frame."""
    one = channel(keep_patches=keep)
    wall = Wall()
    wall.answered(answer(one))
    for n, total in enumerate(totals):
        if n == max(away):
            wall.answered(answer(one, *wall.at[NAME]))
        push = one.show(frame(total, trend={str(n): None if n in unknown else total}))
        if push and not min(away) <= n < max(away):
            wall.pushed(msgspec.json.decode(push))
    wall.answered(answer(one, *wall.at[NAME]))

    assert wall.frames[NAME] | {"as_of": ""} == one.frame | {"as_of": ""}
    assert wall.gaps == 0
