"""Sequences: which of a source's numbers have not come yet."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.backbone.event_store import SourceGaps
from services.ingest import sequences
from services.ingest.sequences import Sequence

NUMBERS = st.lists(st.integers(0, 60), max_size=80)


def missing(sequence: Sequence) -> set[int]:
    """Every number that is told to be missing."""
    return {n for first, last in sequence.missing for n in range(first, last + 1)}


def seen(numbers: list[int]) -> Sequence:
    """A source that sent these, in this order."""
    sequence = Sequence()
    for number in numbers:
        sequence.see(number)
    return sequence


@given(NUMBERS)
def test_what_is_missing_is_all_between_that_did_not_come(numbers: list[int]) -> None:
    """In whatever order and however often numbers come, the gaps are those of a set."""
    sequence = seen(numbers)

    whole = set(range(min(numbers), max(numbers) + 1)) if numbers else set()
    assert missing(sequence) == whole - set(numbers)
    assert sequence.missing_count == len(missing(sequence))


@given(NUMBERS, NUMBERS)
def test_it_goes_on_from_what_was_stored(before: list[int], after: list[int]) -> None:
    """A restart between any two numbers changes nothing."""
    stored = seen(before).gaps("s")

    again = Sequence(stored.lowest, stored.highest, stored.missing, stored.lost)
    for number in after:
        again.see(number)

    assert again.gaps("s") == seen(before + after).gaps("s")
    assert again.missing_count == seen(before + after).missing_count


@given(NUMBERS)
def test_ranges_are_apart_and_in_order(numbers: list[int]) -> None:
    """The stored form has no empty, touching or overlapping ranges."""
    ranges = seen(numbers).missing

    assert all(first <= last for first, last in ranges)
    assert all(before[1] + 1 < after[0] for before, after in pairwise(ranges))


def test_a_gap_is_closed_when_its_number_comes() -> None:
    """First the gap is found, then it shrinks from any side, then it is gone."""
    sequence = seen([1, 5])
    assert sequence.gaps("s") == SourceGaps("s", 1, 5, ((2, 4),))

    sequence.see(3)
    assert sequence.gaps("s") == SourceGaps("s", 1, 5, ((2, 2), (4, 4)))

    sequence.see(2)
    sequence.see(4)
    assert sequence.gaps("s") == SourceGaps("s", 1, 5, ())


def test_the_widest_gap_costs_no_more_than_any() -> None:
    """A source that jumps to the end of its numbers does not fill the memory."""
    sequence = seen([0, 2**63 - 1])

    assert sequence.missing == [(1, 2**63 - 2)]
    assert sequence.missing_count == 2**63 - 2


@given(st.lists(st.integers(0, 40), max_size=60))
def test_of_too_many_gaps_the_oldest_stay_missing(numbers: list[int]) -> None:
    """What is kept is bounded; what is no longer kept one by one is still counted."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sequences, "RANGES_MAX", 3)
        sequence = seen(numbers)

    whole = set(range(min(numbers), max(numbers) + 1)) if numbers else set()
    assert len(sequence.missing) <= 3
    assert sequence.missing_count == len(missing(sequence)) + sequence.lost
    assert sequence.missing_count >= len(whole - set(numbers))
    assert missing(sequence) <= whole - set(numbers)


def test_a_source_that_counts_by_its_clock_is_bounded() -> None:
    """Numbers that are moments leave a gap each; a thousand gaps are kept."""
    sequence = seen(list(range(0, 10_000_000, 1_000)))

    assert len(sequence.missing) == sequences.RANGES_MAX
    assert sequence.missing_count == 9_999 * 999
