"""The journal and its check."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.simulator import journal
from services.simulator.errors import JournalInvalid
from services.simulator.journal import Journal
from services.simulator.message import (
    ACCEPTED,
    DUPLICATE,
    Expected,
    Given,
    Message,
    Reason,
    refused,
)


def message(id_: str | None, expected: Expected = ACCEPTED, **other: object) -> Message:
    """A message of that id."""
    body = b'{"id":"%s","source":"/orgs/350102000000"}' % (id_ or "").encode()
    return Message(1, 0, id_, body, expected)._replace(**other)  # type: ignore[arg-type]  # fields


def taken(id_: str, position: int = 1, status: str = "accepted", node: str = "main") -> Given:
    """An answer with a position."""
    return Given(id_, status, position, node)


def written(file: Path, *lines: tuple[Message, Given, bool]) -> list[str]:
    """The reasons that the check gives for a journal of these lines."""
    held = Journal(file)
    for said, given, sent_before in lines:
        held.write(said, given, sent_before=sent_before)
    held.close()
    return [d.reason for d in journal.differences(journal.read(file))]


def test_a_line_holds_the_event_what_it_must_get_and_what_it_got(tmp_path: Path) -> None:
    """The event as JSON; what is no JSON as text."""
    file = tmp_path / "j.ndjson"
    bad = message(None, refused("not_json", ""), body=b'{"id":"x","da', own_line=True)
    refusal = Given(None, "quarantined", error=Reason("not_json", "", "is not JSON"))
    assert written(file, (message("a"), taken("a"), False), (bad, refusal, True)) == []
    first, second = journal.read(file)

    assert bytes(first.event) == message("a").body
    assert (first.expected, first.given) == (ACCEPTED, taken("a"))
    assert (second.raw, second.sent_before) == ('{"id":"x","da', True)
    assert bytes(second.event) == b""


def test_a_wrong_answer_is_found(tmp_path: Path) -> None:
    """Status, code and path, with both sides named."""
    wrong = Given("a", "quarantined", error=Reason("wrong_type", "data.jq_no"))

    assert written(tmp_path / "j", (message("a"), wrong, False)) == [
        "expected accepted, given quarantined wrong_type data.jq_no"
    ]


def test_an_event_that_may_have_been_sent_before_may_be_known(tmp_path: Path) -> None:
    """Its first answer was lost; any other is a difference."""
    known = taken("a", status="duplicate")

    assert written(tmp_path / "j", (message("a"), known, True)) == []
    assert written(tmp_path / "k", (message("a"), known, False)) == [
        "expected accepted, given duplicate"
    ]


def test_an_event_stands_at_one_place(tmp_path: Path) -> None:
    """Accepted twice, or known at another place, is a difference though each answer looks well."""
    twice = written(
        tmp_path / "j",
        (message("a"), taken("a", 1), False),
        (message("a"), taken("a", 2), True),
        (message("a", DUPLICATE), taken("a", 1, "duplicate", "load-x"), False),
    )

    assert twice == [
        "stands at ('main', 1) and at ('main', 2)",
        "stands at ('main', 1) and at ('load-x', 1)",
    ]


def test_an_answer_without_a_position_is_found(tmp_path: Path) -> None:
    """Accepted means that it stands somewhere."""
    assert written(tmp_path / "j", (message("a"), Given("a", "accepted"), False)) == [
        "accepted without a position"
    ]


def test_a_later_run_goes_on_in_the_same_file(tmp_path: Path) -> None:
    """A line that a kill left unfinished is dropped."""
    file = tmp_path / "j"
    written(file, (message("a"), taken("a", 1), False))
    with file.open("ab") as torn:
        torn.write(b'{"event":{"id":"b"')

    assert written(file, (message("c"), taken("c", 2), False)) == []
    assert len(list(journal.read(file))) == 2


def test_a_file_that_is_no_journal_is_refused(tmp_path: Path) -> None:
    """With the number of the line."""
    file = tmp_path / "j"
    file.write_text("hello\n")

    with pytest.raises(JournalInvalid, match="line 1"):
        list(journal.read(file))
