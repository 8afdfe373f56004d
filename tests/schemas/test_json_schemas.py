"""JSON Schemas take what the Structs take, and refuse what they refuse."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource

from schemas.classes import CLASSES, FactClass
from schemas.envelope import LogRecord, StoredFact
from schemas.generate import json_schemas
from schemas.json_schemas import cloud_event_schema, fact_schema, log_record_schema
from schemas.things import Change
from tests.support.facts import payloads

ROWS = list(CLASSES.values())
MOMENT = datetime(2026, 1, 1, 8, tzinfo=UTC)
EVENT = {
    "specversion": "1.0",
    "id": "1",
    "source": "/orgs/350203000000",
    "type": "person.admitted",
    "time": "2026-01-01T08:00:00+08:00",
    "data": {"person_no": "R1"},
}

formats = FormatChecker(formats=())


@formats.checks("date-time", raises=ValueError)
def _is_moment(value: object) -> bool:
    """RFC 3339 asks for an offset."""
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


REGISTRY: Registry[Any] = Registry().with_resources(
    (name, Resource.from_contents(schema)) for name, schema in json_schemas().items()
)


def validator(schema: dict[str, Any]) -> Draft202012Validator:
    """A validator that asserts formats and finds the other generated files."""
    return Draft202012Validator(schema, format_checker=formats, registry=REGISTRY)


VALIDATORS = {row.type: validator(fact_schema(row)) for row in ROWS}


def by_type(row: FactClass) -> str:
    """Test ids."""
    return row.type


@pytest.mark.parametrize("row", ROWS, ids=by_type)
def test_schemas_are_json_schema(row: FactClass) -> None:
    """Each schema obeys the meta-schema of its dialect."""
    Draft202012Validator.check_schema(fact_schema(row))


@pytest.mark.parametrize("row", ROWS, ids=by_type)
def test_title_and_description_name_the_class(row: FactClass) -> None:
    """A reader of the schema alone sees the type and its Chinese name."""
    schema = fact_schema(row)

    assert schema["title"] == row.type
    assert schema["description"].startswith(row.chinese)


@settings(max_examples=20)
@given(data=st.data())
@pytest.mark.parametrize("row", ROWS, ids=by_type)
def test_every_fact_validates(row: FactClass, data: st.DataObject) -> None:
    """What the Struct takes, the schema takes; as sent and as stored."""
    payload = data.draw(payloads(row))
    stored = json.loads(msgspec.json.encode(msgspec.convert(payload, row.struct)))

    assert list(VALIDATORS[row.type].iter_errors(payload)) == []
    assert list(VALIDATORS[row.type].iter_errors(stored)) == []


@settings(max_examples=20)
@given(data=st.data())
@pytest.mark.parametrize("row", ROWS, ids=by_type)
def test_mutations_are_refused_by_both(row: FactClass, data: st.DataObject) -> None:
    """A removed subject, an unknown field or a field of another type fits neither."""
    payload = data.draw(payloads(row))
    field = data.draw(st.sampled_from(sorted(payload)))
    mutation = data.draw(st.sampled_from(["removed", "unknown", "mistyped"]))
    match mutation:
        case "removed":
            del payload[row.subject]
        case "unknown":
            payload["unheard_of"] = 1
        case _:
            payload[field] = {"a": ["wrong", "type"]}

    assert list(VALIDATORS[row.type].iter_errors(payload)) != []
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(payload, row.struct)


@pytest.mark.parametrize("row", ROWS, ids=by_type)
def test_marks_say_what_the_table_says(row: FactClass) -> None:
    """Subject, references and sealed fields stand in the schema."""
    fields = fact_schema(row)["properties"]

    refers = {n: f["x-refers"] for n, f in fields.items() if "x-refers" in f}
    assert refers == {row.subject: row.element, **dict(row.references)}
    assert {n for n, f in fields.items() if f.get("x-personal")} == set(row.personal)


def test_field_docstrings_become_descriptions() -> None:
    """What the source says below a field is in the schema, also of a base class."""
    fields = fact_schema(CLASSES["case.transferred"])["properties"]

    assert fields["result"]["description"] == "移送, 起诉, 退补, 不诉, 变更, 维持, 结案."
    assert fields["org"]["description"].startswith("Responsible organisation")


def test_an_event_is_held_to_its_class() -> None:
    """The envelope's schema looks into ``data`` by ``type``."""
    events = validator(cloud_event_schema())

    assert list(events.iter_errors(EVENT)) == []
    assert list(events.iter_errors({**EVENT, "traceparent": "00-1"})) == []
    errors = list(events.iter_errors({**EVENT, "type": "case.decided"}))
    assert {error.json_path for error in errors} == {"$.data"}
    assert any("'case_no' is a required property" in error.message for error in errors)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("specversion", "0.3"),
        ("id", ""),
        ("id", "x" * 201),
        ("source", "/orgs/35020300000"),
        ("source", "/orgs/３５０２０３００００００"),
        ("type", "person.vanished"),
        ("time", "2026-01-01T08:00:00"),
        ("data", "text"),
    ],
)
def test_bad_envelopes_are_refused(name: str, value: object) -> None:
    """Each attribute is held to its form."""
    assert list(validator(cloud_event_schema()).iter_errors({**EVENT, name: value})) != []


def test_a_log_record_validates() -> None:
    """What the event store writes fits the schema that readers of the log get."""
    change = Change(
        element="person", id="R1", from_status="", to_status="admitted",
        from_org="", to_org="350203000000", since=MOMENT,
    )  # fmt: skip
    record = LogRecord(
        node="main", position=1, stream="person/R1", version=1, id="1",
        source="/orgs/350203000000", type="person.admitted", element="person", subject="R1",
        org="350203000000", sender="350203000000", occurred_at=MOMENT, recorded_at=MOMENT,
        received_at=MOMENT, changes=[change], state={}, refs=[("case", "A1")],
        data=msgspec.Raw(b'{"person_no":"R1"}'), prev="",
    )  # fmt: skip
    as_sent = json.loads(msgspec.json.encode(record))
    records = validator(log_record_schema())

    assert list(records.iter_errors(as_sent)) == []
    assert list(records.iter_errors({**as_sent, "received_at": "yesterday"})) != []
    assert set(as_sent) >= {f.name for f in msgspec.structs.fields(StoredFact) if f.required}
