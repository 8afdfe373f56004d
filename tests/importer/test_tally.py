"""What became of an import, in counts and first rows."""

from __future__ import annotations

import msgspec

from services.importer.tally import FIRST, Tally, summary
from services.importer.translation import Passed, Refused, Translated


def sent(count: int) -> list[Translated]:
    """Some events, each of a row of its own."""
    return [Translated(n, f"e{n}", b"{}") for n in range(1, count + 1)]


def quarantined(code: str) -> dict[str, object]:
    """The door's answer to an event that it does not take."""
    return {"status": "quarantined", "error": {"code": code, "path": "time", "message": "is late"}}


def test_answers_are_counted_by_what_they_say() -> None:
    """Accepted, there already, refused with its code and its row."""
    tally = Tally()

    tally.add_answers(
        sent(3), [{"status": "accepted"}, {"status": "duplicate"}, quarantined("naive_time")]
    )

    assert (tally.events, tally.accepted, tally.duplicates, tally.refused_count) == (3, 1, 1, 1)
    (first,) = tally.refused["naive_time"].first
    assert (first.row, first.id, first.path, first.message) == (3, "e3", "time", "is late")


def test_the_mapping_s_own_refusals_and_passed_rows_are_counted() -> None:
    """What never reached the door is told as well."""
    tally = Tally()

    tally.add_translated([Refused(4, None, "wrong_time", "day", "no"), Passed(5, True),
                          Passed(6, False)])  # fmt: skip

    assert tally.refused["wrong_time"].count == 1
    assert (tally.ignored_rows, tally.unmatched_rows, tally.first_unmatched) == (1, 1, [6])


def test_only_the_first_rows_of_a_code_are_kept() -> None:
    """A million equal mistakes make one number and a few examples."""
    tally = Tally()

    tally.add_answers(sent(FIRST + 5), [quarantined("late")] * (FIRST + 5))

    assert tally.refused["late"].count == FIRST + 5
    assert [one.row for one in tally.refused["late"].first] == list(range(1, FIRST + 1))


def test_tallies_do_not_share_their_lists() -> None:
    """A second import begins at nothing."""
    Tally().add_translated([Passed(1, False), Refused(1, None, "a", "b", "c")])

    assert (Tally().first_unmatched, Tally().refused) == ([], {})


def test_a_tally_survives_its_file() -> None:
    """The state file holds it between two runs."""
    tally = Tally(rows=3)
    tally.add_answers(sent(1), [quarantined("late")])

    assert msgspec.json.decode(msgspec.json.encode(tally), type=Tally) == tally


def test_the_summary_names_the_worst_first() -> None:
    """What is there, and each refusal with its count and its first row."""
    tally = Tally(rows=9)
    tally.add_translated([Passed(5, True), Passed(6, False)])
    tally.add_answers(
        sent(4),
        [{"status": "accepted"}, quarantined("rare"), quarantined("often"), quarantined("often")],
    )

    assert summary(tally).splitlines() == [
        "9 rows, 4 events: 1 accepted, 0 there already, 3 refused",
        "  1 rows passed over, as the mapping asks",
        "  1 rows met by no rule of the mapping (the first: 6)",
        "  often: 2, first at row 3, time: is late",
        "  rare: 1, first at row 2, time: is late",
    ]
