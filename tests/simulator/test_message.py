"""Whether an answer is the one that it must be."""

import pytest

from services.simulator.message import (
    ACCEPTED,
    DUPLICATE,
    Expected,
    Given,
    Reason,
    as_expected,
    refused,
)

TAKEN = Given("a", "accepted", 1, "main")
KNOWN = Given("a", "duplicate", 1, "main")
BAD_FIELD = Given("a", "quarantined", error=Reason("missing_field", "data.jq_no"))


@pytest.mark.parametrize(
    ("expected", "given", "sent_before", "right"),
    [
        (ACCEPTED, TAKEN, False, True),
        (ACCEPTED, KNOWN, False, False),
        (ACCEPTED, KNOWN, True, True),
        (ACCEPTED, BAD_FIELD, True, False),
        (DUPLICATE, KNOWN, False, True),
        (DUPLICATE, TAKEN, True, False),
        (refused("missing_field", "data.jq_no"), BAD_FIELD, False, True),
        (refused("missing_field", "data.case_no"), BAD_FIELD, False, False),
        (refused("wrong_type", "data.jq_no"), BAD_FIELD, False, False),
        (refused("wrong_type", "data.jq_no"), TAKEN, True, False),
        (Expected("quarantined"), BAD_FIELD, False, False),
    ],
)
def test_an_answer_is_right_or_not(
    expected: Expected, given: Given, sent_before: bool, right: bool
) -> None:
    """Status, code and path must agree; only what may have been sent before may be known."""
    assert as_expected(expected, given, sent_before=sent_before) is right
