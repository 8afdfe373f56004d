"""Recording: what becomes of each event of a commit, in whatever order they come."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.ingest.arrivals import Answer
from tests.support.events import COUNTY, NOON, STATION, event
from tests.support.ingest import House


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """An application over a fresh store."""
    with House(tmp_path) as house:
        yield house


def statuses(answers: list[Answer]) -> list[str]:
    """What was answered."""
    return [answer.status for answer in answers]


def at(minute: int) -> datetime:
    """A moment of this morning."""
    return NOON - timedelta(hours=12) + timedelta(minutes=minute)


def test_an_accepted_event_stands_at_its_position(house: House) -> None:
    """Positions count up from 1 along the log, whatever the streams."""
    answers = house.record([event(id_="1"), event("case.accepted", "2")])

    assert [(a.id, a.status, a.node, a.position) for a in answers] == [
        ("1", "accepted", "main", 1),
        ("2", "accepted", "main", 2),
    ]
    assert [fact.id for fact in house.facts()] == ["1", "2"]


def test_a_fact_is_stored_with_all_that_it_said(house: House) -> None:
    """Three times, source, sender, references, extensions: nothing is lost on the way."""
    house.record(
        [
            event(
                "incident.disposed",
                "E1",
                time="2026-11-23T18:30:00+08:00",
                recordedtime="2026-11-23T18:45:00+08:00",
                data={"case_no": "A7", "persons_brought": ["R1", "R2"], "org": STATION},
                sequence="41",
                traceparent="00-ab",
            )
        ]
    )

    (fact,) = house.facts()
    assert (fact.id, fact.source, fact.sender) == ("E1", f"/orgs/{COUNTY}", COUNTY)
    assert (fact.stream, fact.version, fact.element, fact.subject) == (
        "incident/JQ1",
        1,
        "incident",
        "JQ1",
    )
    assert fact.occurred_at == datetime(2026, 11, 23, 10, 30, tzinfo=UTC)
    assert fact.recorded_at == datetime(2026, 11, 23, 10, 45, tzinfo=UTC)
    assert fact.received_at == NOON
    assert fact.refs == [("case", "A7"), ("person", "R1"), ("person", "R2")]
    assert (fact.org, fact.sequence, fact.missing) == (STATION, 41, 0)
    assert fact.extensions == {"traceparent": "00-ab"}
    assert fact.prev == ""


def test_an_event_without_a_recorded_time_was_recorded_when_it_came(house: House) -> None:
    """A source that types nothing in late sends no ``recordedtime``."""
    house.record([event()])

    assert house.facts()[0].recorded_at == NOON


def test_a_case_never_seen_is_opened_by_any_of_its_facts(house: House) -> None:
    """Disorder is normal: no fact waits for another."""
    (answer,) = house.record([event("case.transferred", subject="A9")])

    (change,) = house.facts()[0].changes
    assert answer.status == "accepted"
    assert (change.from_status, change.to_status, change.unusual) == ("", "closed", True)


def test_a_late_fact_never_moves_a_status_backwards(house: House) -> None:
    """It takes its place in the past, and says that it changed nothing."""
    house.record([event("person.released", "2", time=at(60))])
    house.record([event("person.admitted", "1", time=at(0))])

    assert house.facts()[1].changes[0].to_status == "released"
    assert house.facts()[1].changes[0].from_status == "released"


def test_the_same_event_again_is_a_duplicate(house: House) -> None:
    """It is answered with the position of the first, in the same commit or another."""
    first, second = house.record([event(), event()])
    (third,) = house.record([event()])

    assert statuses([first, second, third]) == ["accepted", "duplicate", "duplicate"]
    assert (second.position, third.position) == (first.position, first.position)
    assert len(house.facts()) == 1


def test_a_duplicate_is_known_after_a_restart(house: House) -> None:
    """Idempotency is as durable as the events."""
    house.record([event()])
    house.restart()

    assert statuses(house.record([event(), event(id_="2")])) == ["duplicate", "accepted"]


def test_a_duplicate_may_be_spelt_otherwise(house: House) -> None:
    """Blanks, order and the counter of the source make no other event."""
    house.record([event()])

    assert statuses(house.record([event(sequence=9, data={"sex": ""})])) == ["duplicate"]


@pytest.mark.parametrize("restart", [False, True])
def test_an_id_with_other_content_is_a_conflict(house: House, restart: bool) -> None:
    """The first stays what it was; the second is kept aside, whole."""
    house.record([event(data={"sex": "男"})])
    if restart:
        house.restart()
    (answer,) = house.record([event(data={"sex": "女"})])

    assert answer.error == {
        "code": "id_conflict",
        "path": "id",
        "message": "was taken by other content at position 1",
    }
    assert answer.position is None
    (kept,), _ = house.store.quarantine("35", ("", ""), 10)
    assert (kept.id, kept.code) == (answer.quarantine_id, "id_conflict")
    assert len(house.facts()) == 1


def test_a_conflict_within_one_commit_is_found(house: House) -> None:
    """The first of the batch counts."""
    answers = house.record([event(), event(data={"sex": "女"}), event()])

    assert statuses(answers) == ["accepted", "quarantined", "duplicate"]


def test_an_id_is_unique_within_its_source_alone(house: House) -> None:
    """Two centres may number their events alike."""
    answers = house.record([event(), event(org=STATION)])

    assert statuses(answers) == ["accepted", "accepted"]


def test_one_bad_event_holds_nobody_up(house: House) -> None:
    """Each is answered for itself, in order."""
    answers = house.record([event(id_="1"), b"broken", {"id": "x"}, event(id_="2")])

    assert statuses(answers) == ["accepted", "quarantined", "quarantined", "accepted"]
    assert [a.id for a in answers] == ["1", None, "x", "2"]
    assert answers[3].position == 2


def test_a_correction_replaces_what_it_names(house: House) -> None:
    """The corrected word no longer speaks; both stay in the log."""
    house.record([event("person.admitted", "1", time=at(0))])
    house.record([event("person.released", "2", time=at(10))])
    house.record([event("person.checked", "3", time=at(10), corrects="2")])

    assert [f.changes[0].to_status for f in house.facts()] == ["admitted", "released", "admitted"]
    assert house.facts()[2].changes[0].unusual is False


def test_a_correction_may_come_before_what_it_corrects(house: House) -> None:
    """The corrected fact is recorded when it comes, and is mute."""
    house.record([event("person.searched", "2", time=at(20), corrects="1")])
    house.restart()
    house.record([event("person.released", "1", time=at(30))])

    assert [f.changes[0].to_status for f in house.facts()] == ["searched", "searched"]


def test_a_correction_of_another_things_fact_is_refused(house: House) -> None:
    """It could not mute the word where it stands, so it is not taken for one that did."""
    house.record([event("person.admitted", "1", subject="R1")])
    same = event("person.admitted", "2", subject="R2", corrects="1")
    house.restart()

    (answer,) = house.record([same])
    assert answer.error
    assert (answer.error["code"], answer.error["path"]) == ("corrects_other_thing", "corrects")


def test_a_correction_of_another_thing_is_found_within_a_commit(house: House) -> None:
    """Also where the corrected fact is not durable yet."""
    answers = house.record(
        [
            event("person.admitted", "0", subject="R0"),
            event("person.admitted", "1", subject="R1"),
            event("person.admitted", "2", subject="R2", corrects="1"),
            event("person.admitted", "3", subject="R1", corrects="1"),
        ]
    )

    assert statuses(answers) == ["accepted", "accepted", "quarantined", "accepted"]


def test_another_source_corrects_nothing_of_mine(house: House) -> None:
    """A correction names an event of its own source."""
    house.record([event("person.released", "1", time=at(0))])
    house.record([event("person.checked", "2", time=at(1), org=STATION, corrects="1")])

    assert house.facts()[1].changes[0].to_status == "released"


def test_gaps_of_a_source_are_counted_on_its_events(house: House) -> None:
    """Each event tells how many of its source's numbers were missing after it."""
    numbers = [1, 2, 5, None, 3, 4]
    house.record([event(id_=str(n), sequence=s) for n, s in enumerate(numbers)])
    house.restart()
    house.record([event(id_="9", sequence=8), event("case.accepted", org=STATION)])

    assert [fact.missing for fact in house.facts()] == [0, 0, 2, 2, 1, 0, 2, 0]


def test_a_refused_event_leaves_its_number_missing(house: House) -> None:
    """The gap stays until the event is mended."""
    house.record([event(id_="1", sequence=1), event(id_="2", sequence=2) | {"data": {}}])
    house.record([event(id_="3", sequence=3)])

    assert house.facts()[1].missing == 1


def test_a_count_of_missing_numbers_fits_the_log(house: House) -> None:
    """A source that jumps by billions is told as having very many missing, not as an error."""
    house.record([event(id_="1", sequence=0), event(id_="2", sequence=2**63 - 1)])

    assert house.facts()[1].missing == 2**32 - 1
