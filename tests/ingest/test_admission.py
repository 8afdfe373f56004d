"""Admission: which events may be recorded, and why others may not."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.classes import CLASSES
from schemas.organisations import scope_of
from services.ingest.admission import (
    AHEAD,
    EARLIEST,
    Admissible,
    Rights,
    admit,
    corrected_key,
    digest_of,
    key_of,
)
from services.ingest.decoding import Refusal
from tests.support.events import (
    COUNTY,
    ELSEWHERE,
    NOON,
    STATION,
    encoded,
    event,
    minimal,
)
from tests.support.facts import payloads
from tests.support.ingest import ORGANISATIONS

CENTRE = Rights(scope_of(COUNTY), may_state_received=False)
IMPORTER = Rights("35", may_state_received=True)
SECRET = b"s" * 32


def admission(one: Any, rights: Rights = CENTRE) -> Admissible | Refusal:
    """What admission makes of an event."""
    raw = one if isinstance(one, bytes) else encoded(one)
    return admit(raw, rights, ORGANISATIONS, NOON)


def admitted(one: Any, rights: Rights = CENTRE) -> Admissible:
    """An event that is admitted."""
    found = admission(one, rights)
    assert isinstance(found, Admissible), found
    return found


def refused(one: Any, rights: Rights = CENTRE) -> tuple[str, str]:
    """Code and path of an event that is refused."""
    found = admission(one, rights)
    assert isinstance(found, Refusal), found
    return found.code, found.path


@pytest.mark.parametrize("type_", sorted(CLASSES))
def test_every_class_is_admitted_with_its_required_fields_alone(type_: str) -> None:
    """All 25 classes come in, into the stream of their thing."""
    row = CLASSES[type_]

    found = admitted(event(type_))

    assert found.row is row
    assert found.stream == f"{row.element}/{minimal(type_)[row.subject]}"


@given(
    st.sampled_from(sorted(CLASSES)).flatmap(lambda t: st.tuples(st.just(t), payloads(CLASSES[t])))
)
def test_any_fact_of_a_class_is_admitted(made: tuple[str, dict[str, Any]]) -> None:
    """Whatever the fields of a class allow comes in, but for a strange organisation."""
    type_, data = made
    subject = CLASSES[type_].subject
    data = data | {"org": STATION, subject: f"x{data[subject]}"}

    admitted(event(type_) | {"data": data})


def test_an_unknown_class_is_refused() -> None:
    """Only the 25 classes are facts."""
    assert refused(event() | {"type": "person.married"}) == ("unknown_class", "type")


@pytest.mark.parametrize(
    ("org", "code"),
    [
        ("359999000000", "unknown_org"),
        ("000000000000", "unknown_org"),
        ("359999500000", "unknown_org"),
        (ELSEWHERE, "out_of_scope"),
        ("350200000000", "out_of_scope"),
        ("350000000000", "out_of_scope"),
    ],
)
def test_the_source_lies_within_the_scope_of_the_token(org: str, code: str) -> None:
    """A token speaks for its organisation and what is below, of the table."""
    assert refused(event(org=org)) == (code, "source")


@pytest.mark.parametrize(
    ("org", "code"), [("359999000000", "unknown_org"), (ELSEWHERE, "out_of_scope")]
)
def test_the_responsible_organisation_lies_within_the_scope(org: str, code: str) -> None:
    """A centre makes nobody responsible whom its token does not reach."""
    assert refused(event(data={"org": org})) == (code, "data.org")


def test_a_line_break_is_no_part_of_a_code() -> None:
    """A pattern that ends in $ would let one pass."""
    assert refused(event() | {"source": f"/orgs/{COUNTY}\n"}) == ("unknown_org", "source")
    assert refused(event(data={"org": f"{COUNTY}\n"})) == ("unknown_org", "data.org")


def test_a_station_below_the_token_is_within_its_scope() -> None:
    """Units need not be listed to be known."""
    assert admitted(event(org=STATION, data={"org": STATION})).sender == STATION


@pytest.mark.parametrize("path", ["time", "recordedtime"])
def test_a_clock_may_run_a_little_ahead(path: str) -> None:
    """A centre's clock is not ours, but the future is not yet a fact."""
    latest = NOON + AHEAD
    admitted(event() | {path: latest.isoformat()})

    beyond = (latest + timedelta(microseconds=1)).isoformat()
    assert refused(event() | {path: beyond}) == ("time_in_future", path)


@pytest.mark.parametrize("path", ["time", "recordedtime", "receivedtime"])
@pytest.mark.parametrize(
    "moment", ["1989-12-31T23:59:59Z", "1990-01-01T07:59:59+08:00", "0001-01-01T00:00:00+14:00"]
)
def test_nothing_happened_before_1990(path: str, moment: str) -> None:
    """A clock that was never set is found out, in whatever zone."""
    assert refused(event() | {path: moment}, IMPORTER) == ("time_before_1990", path)


def test_the_first_moment_of_1990_is_admitted() -> None:
    """The bound itself is in."""
    admitted(event(time="1990-01-01T08:00:00+08:00"))
    assert datetime(1990, 1, 1, tzinfo=UTC) == EARLIEST


def test_only_an_importer_states_when_an_event_was_received() -> None:
    """Everybody else's events are received when they come."""
    stated = event(receivedtime="2026-01-01T00:00:00Z")
    admitted(stated, IMPORTER)

    assert refused(stated) == ("received_time_not_allowed", "receivedtime")


def test_nothing_is_received_in_the_future() -> None:
    """Not even a second: what is received is here."""
    stated = event(receivedtime=(NOON + timedelta(seconds=1)).isoformat())

    assert refused(stated, IMPORTER) == ("time_in_future", "receivedtime")


@pytest.mark.parametrize(
    ("sequence", "number"),
    [
        (0, 0),
        (7, 7),
        ("7", 7),
        ("0000000000000000000000000000042", 42),
        (" 7 ", 7),
        ("", None),
        ("  ", None),
        (None, None),
        (2**63 - 1, 2**63 - 1),
        (str(2**63 - 1), 2**63 - 1),
    ],
)
def test_a_sequence_is_a_number_or_its_text(sequence: int | str | None, number: int | None) -> None:
    """CloudEvents' extension is a text with leading zeros; numbers are taken as well."""
    assert admitted(event(sequence=sequence)).sequence == number


@pytest.mark.parametrize(
    "sequence", [-1, "-1", 2**63, str(2**63), "1.5", "x", "٣", "9" * 5_000, 10**400, "0x1"]
)
def test_a_sequence_that_counts_nothing_is_refused(sequence: int | str) -> None:
    """It has to fit the log."""
    assert refused(event(sequence=sequence)) == ("wrong_type", "sequence")


def test_an_event_does_not_correct_itself() -> None:
    """A correction is a new event with an id of its own."""
    assert refused(event(id_="1", corrects="1")) == ("correction_of_itself", "corrects")


def test_a_correction_names_an_id_that_there_can_be() -> None:
    """Ids are bounded, so what names one is."""
    admitted(event(corrects="x" * 200))

    assert refused(event(corrects="x" * 201)) == ("wrong_type", "corrects")


def test_a_blank_correction_corrects_nothing() -> None:
    """It counts as absent, however the field came."""
    found = admitted(event(corrects=""))

    assert (found.corrects, corrected_key(found)) == (None, None)


@pytest.mark.parametrize("type_", ["person.admitted", "case.accepted", "room.status_changed"])
@pytest.mark.parametrize("blank", [" ", "\t", "\u3000"])
def test_a_blank_subject_names_no_thing(type_: str, blank: str) -> None:
    """All the things with a blank number would become one."""
    subject = CLASSES[type_].subject

    assert refused(event(type_, data={subject: blank})) == ("missing_field", f"data.{subject}")


@pytest.mark.parametrize("field", ["name", "id_number", "phone"])
def test_a_personal_field_is_as_long_as_any_other(field: str) -> None:
    """Its type leaves room for the sealed text, which a sender must not fill."""
    assert admitted(event(data={field: "名" * 400})).personal == {field: "名" * 400}

    assert refused(event(data={field: "名" * 401})) == ("wrong_type", f"data.{field}")


def test_what_identifies_a_person_is_set_apart() -> None:
    """Only the personal fields that say something are sealed later."""
    found = admitted(event(data={"name": "张三", "phone": "", "sex": "男"}))

    assert found.personal == {"name": "张三"}


def test_the_key_tells_sources_and_ids_apart() -> None:
    """The same id from another source is another event."""
    keys = {key_of(f"/orgs/{org}", id_) for org in (COUNTY, STATION) for id_ in ("1", "11", "")}

    assert len(keys) == 6


def test_the_digest_is_the_same_however_the_json_is_spelt() -> None:
    """Order, space, escapes, blanks and what the platform does not store make no other content."""
    one = admitted(event(data={"sex": "男", "age_band": "30-39"}))
    other = admitted(
        b'{ "data" : {"age_band":"30-39","sex":"\\u7537","person_no":"R1","measure":""}, '
        + encoded(event(sequence=7, dataschema="x")).replace(b'"data":{"person_no":"R1"},', b"")[1:]
    )

    assert digest_of(one, SECRET) == digest_of(other, SECRET)


@pytest.mark.parametrize(
    "change",
    [
        {"time": "2026-11-23T10:00:00Z"},
        {"recordedtime": "2026-11-23T10:00:00Z"},
        {"corrects": "0"},
        {"type": "person.searched"},
        {"data": {"person_no": "R2"}},
        {"data": {"person_no": "R1", "actor": "1"}},
    ],
    ids=str,
)
def test_the_digest_tells_other_content(change: dict[str, Any]) -> None:
    """Whatever is stored of an event is part of its content."""
    assert digest_of(admitted(event()), SECRET) != digest_of(admitted(event() | change), SECRET)


def test_the_digest_needs_its_secret() -> None:
    """Nobody can try names against the digests in the store."""
    found = admitted(event(data={"name": "张三"}))

    assert digest_of(found, SECRET) != digest_of(found, b"other")


MARK = "Zx9Qv-张三丰-350203199001011234"
PLACES: list[dict[str, Any]] = [
    {"time": MARK},
    {"source": MARK},
    {"type": MARK},
    {"specversion": MARK},
    {"sequence": MARK},
    {"recordedtime": MARK},
    {"datacontenttype": MARK},
    {"trace": [MARK]},
    {"data": MARK},
    {"data": {"person_no": [MARK]}},
    {"data": {"person_no": "1", "name": {"x": MARK}}},
    {"data": {"person_no": "1", "arrived_at": MARK}},
    {"data": {"person_no": "1", "org": MARK}},
    {"data": {"person_no": "1", "special_groups": MARK}},
    {"data": {"person_no": "1", "sex": MARK * 30}},
    {"data": {"person_no": MARK * 30}},
    {"corrects": MARK * 30},
]


@pytest.mark.parametrize("change", PLACES, ids=str)
def test_a_refusal_repeats_no_value(change: dict[str, Any]) -> None:
    """What somebody typed into the wrong field may be a name."""
    found = admission(event() | change)

    assert isinstance(found, Refusal)
    assert not re.search("Zx9Qv|张三|3502031990", f"{found.path} {found.message}")


@given(st.binary(max_size=400))
def test_any_bytes_are_admitted_or_refused(raw: bytes) -> None:
    """No bytes make it raise."""
    assert isinstance(admission(raw), Admissible | Refusal)


@given(st.data())
def test_any_broken_event_is_admitted_or_refused(data: st.DataObject) -> None:
    """A real event with bytes flipped, dropped or put in never makes it raise."""
    raw = bytearray(encoded(event(data={"name": "张三", "evidence": ["a", "b"]}, sequence=5)))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))

    assert isinstance(admission(bytes(raw)), Admissible | Refusal)


_ODD = st.sampled_from(
    ["", " ", None, True, -1, 0, 1.5, 2**64, 10**30, "9" * 40, [], {}, [None], {"": None}, "\0",
     "2026-11-23T11:00:00Z", "2026-11-23T11:00:00", "9999-12-31T23:59:59-14:00",
     "/orgs/350203000000", COUNTY, "person.admitted", "1.0", {"person_no": "1"}]
)  # fmt: skip


@given(
    st.dictionaries(
        st.sampled_from(
            ["specversion", "id", "source", "type", "time", "data", "recordedtime", "receivedtime",
             "sequence", "corrects", "subject", "datacontenttype", "dataschema", "ext", "Bad"]
        ),
        _ODD,
    )
)  # fmt: skip
def test_any_odd_attributes_are_admitted_or_refused(change: dict[str, Any]) -> None:
    """No mixture of odd values makes it raise."""
    assert isinstance(admission(event() | change, IMPORTER), Admissible | Refusal)
