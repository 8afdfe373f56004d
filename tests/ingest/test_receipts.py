"""Receipts hold all answers of a message, in order, whatever their number."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from schemas.receipts import Answer, Receipt, RequestError
from services.ingest.receipts import (
    KEY_BYTES,
    RECEIPT_BYTES,
    Place,
    key_of_receipt,
    receipts_of,
)

PLACE = Place("centre.events.v1", 3, 41)


def accepted(count: int) -> list[Answer]:
    """So many answers."""
    return [Answer(f"{n:0100}", "accepted", n, "main") for n in range(count)]


def test_a_receipt_names_its_message_and_answers_as_http_does() -> None:
    """Nothing stands in it that is not so."""
    (receipt,) = receipts_of(PLACE, [Answer("a", "accepted", 7, "main")])

    assert msgspec.json.decode(receipt) == {
        "topic": "centre.events.v1",
        "partition": 3,
        "offset": 41,
        "total": 1,
        "results": [{"id": "a", "status": "accepted", "position": 7, "node": "main"}],
    }


def test_an_error_tells_what_http_would_answer() -> None:
    """With the one result that says where the message is kept."""
    error = RequestError(401, "token_refused", "the token has expired")
    kept = Answer(None, "quarantined", quarantine_id="q", error={"code": "token_refused"})
    (receipt,) = receipts_of(PLACE, [kept], error)

    told = msgspec.json.decode(receipt)
    assert told["error"] == {
        "status": 401,
        "code": "token_refused",
        "message": "the token has expired",
    }
    assert told["results"][0]["quarantine_id"] == "q"


@pytest.mark.parametrize("count", [0, 1, 5_000, 50_000])
def test_many_answers_take_several_receipts(count: int) -> None:
    """Each fits any topic; together they are all answers, in order."""
    answers = accepted(count)
    encoded = receipts_of(PLACE, answers)
    receipts = [msgspec.json.decode(one, type=Receipt) for one in encoded]

    assert all(len(one) <= RECEIPT_BYTES for one in encoded)
    assert {receipt.total for receipt in receipts} == {count}
    assert [answer for receipt in receipts for answer in receipt.results] == answers
    begun = 0
    for receipt in receipts:
        assert receipt.first == begun
        begun += len(receipt.results)


@pytest.mark.parametrize(
    ("key", "org", "expected"),
    [
        (b"k", "350203000000", b"k"),
        (None, "350203000000", b"350203000000"),
        (b"", "350203000000", b"350203000000"),
        (b"k" * (KEY_BYTES + 1), "350203000000", b"350203000000"),
        (None, None, None),
    ],
)
def test_the_key_is_the_requests_or_the_senders(
    key: bytes | None, org: str | None, expected: bytes | None
) -> None:
    """A key that would not fit beside the answers gives way."""
    assert key_of_receipt(key, org) == expected


def test_the_page_shows_a_receipt_as_it_is() -> None:
    """docs/protocol.md: what `receipts_of` writes of that answer, and its largest size."""
    page = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r'^```\n(\{"topic".*?)^```$', page, re.MULTILINE | re.DOTALL)

    (receipt,) = receipts_of(PLACE, [Answer("f1", "accepted", 5, "main")])
    assert msgspec.json.decode(shown) == msgspec.json.decode(receipt)
    assert f"{RECEIPT_BYTES // 1024} KiB" in page
