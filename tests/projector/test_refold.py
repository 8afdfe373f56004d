"""Folding again what records say."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given

from schemas.envelope import LogRecord
from schemas.things import Change
from services.projector.refold import Flow, Refolded, faults, flows_of, links_of, refold
from tests.support.histories import histories, records_of
from tests.support.records import START, Recorder


def streams(records: list[LogRecord]) -> dict[str, list[LogRecord]]:
    """Records by stream."""
    found: dict[str, list[LogRecord]] = {}
    for record in records:
        found.setdefault(record.stream, []).append(record)
    return found


def folded(*facts: tuple[str, dict[str, Any]]) -> list[Refolded]:
    """Facts of one stream, a minute apart, recorded and folded again."""
    recorder = Recorder()
    entries = [
        recorder.record(
            type_,
            data,
            id_=f"fact-{number}",
            sender="350203000000",
            occurred_at=START + timedelta(minutes=number),
            received_at=START + timedelta(minutes=number),
        )
        for number, (type_, data) in enumerate(facts)
    ]
    return list(refold(records_of(entries)))


@given(histories())
def test_what_was_recorded_rightly_has_no_fault(entries: list) -> None:  # type: ignore[type-arg] # entries
    """Late, disordered and corrected facts fold to what the recorder said."""
    for stream in streams(records_of(entries)).values():
        for one in refold(stream):
            assert list(faults(one)) == []


def test_sealed_fields_are_not_read() -> None:
    """What identifies a person says nothing of status, and its ciphertext may be longer."""
    (one,) = folded(("person.admitted", {"person_no": "R1", "case_no": "A1"}))
    sealed = msgspec.json.encode({"person_no": "R1", "case_no": "A1", "name": "密" * 900})
    record = msgspec.structs.replace(one.record, data=msgspec.Raw(sealed))
    (again,) = refold([record])

    assert list(faults(again)) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [("org", "350102000000"), ("state", {"case_no": "A2"}), ("refs", [("case", "A2")]),
     ("changes", [])],
)  # fmt: skip
def test_a_record_that_says_otherwise_is_at_fault(field: str, value: Any) -> None:
    """Each thing that a record says of itself is compared."""
    (one,) = folded(("person.admitted", {"person_no": "R1", "case_no": "A1"}))
    wrong = one._replace(record=msgspec.structs.replace(one.record, **{field: value}))

    assert [(name, found) for name, _, found in faults(wrong)] == [(field, value)]


def change(**changes: str) -> Change:
    """A person who is admitted, but for what is given."""
    fields = {"from_status": "", "to_status": "admitted", "from_org": "", "to_org": "A", **changes}
    return Change(element="person", id="R1", since=START, unusual=False, **fields)


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (change(), [("A", "admitted", 1, 1)]),
        (change(from_status="admitted", from_org="A"), []),
        (change(from_status="arrived", from_org="A"), [("A", "arrived", -1, 0),
                                                       ("A", "admitted", 1, 1)]),
        (change(from_status="admitted", from_org="B"), [("B", "admitted", -1, 0),
                                                        ("A", "admitted", 1, 1)]),
        (change(from_status="admitted", to_status="", from_org="A"), [("A", "admitted", -1, 0)]),
    ],
)  # fmt: skip
def test_flows_of_a_change(made: Change, expected: list[tuple[str, str, int, int]]) -> None:
    """One row where a thing left, one where it came, none where nothing moved."""
    rows = [Flow(START.date(), "person", *row) for row in expected]

    assert list(flows_of(START, made)) == rows


def test_links_are_pairs_in_both_directions() -> None:
    """The same reference twice is one link."""
    assert links_of("person", "R1", [("case", "A1"), ("case", "A1")], "A1") == {
        ("person", "R1", "case", "A1", ""),
        ("case", "A1", "person", "R1", ""),
    }


def test_a_case_is_linked_to_the_rooms_of_its_persons() -> None:
    """Through the person, in one direction; what belongs to no case has no such link."""
    room = [("place", "P1")]
    through = ("case", "A1", "place", "P1", "person")

    assert links_of("person", "R1", room, "A1") - links_of("person", "R1", room) == {through}
    assert through not in links_of("property", "W1", room, "A1")
