"""The record of a case: canonical JSON whose hash anyone can count again."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.dashboard_api.record import Exported, as_json, record_of
from tests.support.odd import JSON

EXPORTED = Exported(
    datetime(2026, 11, 23, tzinfo=UTC), "legal", "350203000000", "思明区", "Asia/Shanghai"
)


def counted_again(written: bytes) -> tuple[str, str]:
    """The hash that a record holds, and that counted with the standard library alone."""
    record = json.loads(written)
    held = record.pop("sha256")
    canonical = json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return held, sha256(canonical.encode()).hexdigest()


@given(
    st.dictionaries(
        st.text().filter(lambda name: name not in ("sha256", "exported", "format")),
        JSON.filter(lambda value: "e+" not in json.dumps(value) and "e-" not in json.dumps(value)),
    )
)
def test_anyone_can_count_the_hash_again(story: dict[str, Any]) -> None:
    """Whatever the story holds: sorted, compact, UTF-8, everything but the hash."""
    held, counted = counted_again(as_json(record_of(story, EXPORTED)))

    assert held == counted


def test_who_had_it_made_is_a_role_and_an_organisation() -> None:
    """No name; moments in UTC."""
    record = json.loads(as_json(record_of({"case_no": "A1"}, EXPORTED)))

    assert record["exported"] == {
        "at": "2026-11-23T00:00:00Z", "role": "legal", "org": "350203000000",
        "org_name": "思明区", "time_zone": "Asia/Shanghai",
    }  # fmt: skip
    assert (record["format"], record["case_no"]) == ("yiping.case-record/1", "A1")


def test_one_changed_letter_is_found() -> None:
    """The hash goes over all of it."""
    written = as_json(record_of({"case_no": "A1", "events": [{"id": "f1"}]}, EXPORTED))

    held, counted = counted_again(written.replace(b'"f1"', b'"f2"'))

    assert held != counted


def test_the_same_story_gives_the_same_bytes() -> None:
    """In whatever order its members were put together."""
    one = record_of({"a": 1, "b": {"c": 2, "d": 3}}, EXPORTED)
    other = record_of({"b": {"d": 3, "c": 2}, "a": 1}, EXPORTED)

    assert as_json(one) == as_json(other)
