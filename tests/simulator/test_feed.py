"""Messages in the order of sending, disturbed or not."""

from __future__ import annotations

from collections import defaultdict

import msgspec

from services.simulator.engine import OPENING, Engine
from services.simulator.faults import Disturbance, Spell
from services.simulator.feed import Feed
from services.simulator.message import Message
from services.simulator.pace import Pace, Stretch
from services.simulator.times import HOUR, MINUTE
from tests.simulator.conftest import START, encoded, small_world

HOW = Disturbance((Spell(0, 0.3),), importing=False, scoped=True, stranger="350000000000")
BEGIN = START - OPENING
FEW = 3


def feed_of(how: Disturbance, pace: Pace | None = None) -> Feed:
    """A feed from the beginning of an empty province."""
    engine = Engine(small_world(history=False, centres=FEW), pace=pace)
    return Feed(engine, 7, BEGIN, how)


def test_undisturbed_it_is_what_the_engine_tells() -> None:
    """Byte for byte."""
    messages = feed_of(HOW._replace(spells=())).until(START + 6 * HOUR)
    engine = Engine(small_world(history=False, centres=FEW))

    assert [m.body for m in messages] == encoded(engine.until(START + 6 * HOUR))


def test_messages_keep_the_order_of_sending() -> None:
    """What is held back takes its place when it goes."""
    moments = [m.moment for m in feed_of(HOW).until(START + 12 * HOUR)]

    assert len(moments) > 1000
    assert moments == sorted(moments)


def test_in_small_steps_it_is_the_same() -> None:
    """However often it is asked."""
    whole = list(feed_of(HOW).until(START + 4 * HOUR))
    feed, parts = feed_of(HOW), list[Message]()
    for minutes in range(0, 241, 3):
        parts += feed.until(START + minutes * MINUTE)

    assert parts == whole


def test_gaps_in_a_sequence_are_closed_later() -> None:
    """Numbers come out of order, and in the end all have come."""
    numbers = defaultdict(list)
    for m in feed_of(HOW).until(START + 24 * HOUR):
        if m.expected.status == "accepted" and m.fault in (None, "late", "disordered"):
            event = msgspec.json.decode(m.body)
            if m.moment < START + 18 * HOUR or m.fault:
                numbers[m.centre].append(event["sequence"])

    for sent in numbers.values():
        assert sent != sorted(sent)
        reached = max(sent) * 2 // 3
        assert set(range(1, reached)) <= set(sent)


def test_history_states_when_it_was_received() -> None:
    """Never going back, never before the bound; live events leave it to the door."""
    bound = START + 2 * HOUR
    feed = feed_of(HOW)
    history = list(feed.until(START + 4 * HOUR, importing=True, received_from=bound))
    received = [
        event["receivedtime"]
        for event in (msgspec.json.decode(m.body) for m in history if m.fault is None)
    ]
    live = feed.until(START + 5 * HOUR)

    assert received == sorted(received)
    assert received[0] == msgspec.to_builtins(feed.engine.pace.moment(bound))
    assert all(
        b"receivedtime" not in m.body
        for m in live
        if m.fault not in ("received_time_not_allowed", "duplicate")
    )


def test_it_can_be_taken_up_at_a_mark() -> None:
    """A new feed from the mark sends the same messages again, faults and all."""
    first = feed_of(HOW)
    sent = list(first.until(START + 10 * HOUR))
    answered = START + 9 * HOUR
    mark = first.mark(answered)
    engine = Engine(
        small_world(history=False, centres=FEW), since=mark.moment, sequences=mark.sequences
    )
    again = list(Feed(engine, 7, mark.moment, HOW).until(START + 10 * HOUR))

    assert START < mark.moment <= answered
    assert _after(again, answered) == _after(sent, answered)
    assert any(m.fault == "late" for m in sent if m.moment > answered)


def test_a_changed_pace_changes_nothing_that_may_have_been_sent() -> None:
    """Events sent before the new stretch keep their words, also those about the future."""
    old = Pace([Stretch(START, START, 60.0)])
    new = old.then(Stretch(START + 6 * HOUR, START + 2 * HOUR, 30.0))
    before = list(feed_of(HOW, old).until(START + 6 * HOUR - 1))
    after = list(feed_of(HOW, new).until(START + 6 * HOUR - 1))

    assert after == before


def test_an_earlier_ratio_of_faults_holds_for_what_was_sent_with_it() -> None:
    """So that nothing held back is forgotten when the next run wants no faults."""
    engine = Engine(small_world(history=False, centres=FEW))
    switch = START + 6 * HOUR
    quieter = HOW._replace(spells=(Spell(0, 0.3), Spell(switch, 0.0)))
    changed = list(Feed(engine, 7, BEGIN, quieter).until(START + 12 * HOUR))
    disturbed = list(feed_of(HOW).until(START + 12 * HOUR))

    assert _until(changed, switch) == _until(disturbed, switch)
    assert any(m.moment > switch and m.fault == "late" for m in changed)
    assert not any(m.moment > switch + 5 * HOUR and m.fault for m in changed)


def _after(messages: list[Message], moment: int) -> list[tuple[int, bytes]]:
    return sorted((m.moment, m.body) for m in messages if m.moment > moment)


def _until(messages: list[Message], moment: int) -> list[tuple[int, bytes]]:
    return sorted((m.moment, m.body) for m in messages if m.moment <= moment)
