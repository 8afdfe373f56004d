"""What a door must refuse is refused for the reason that is expected, by the real admission."""

from datetime import UTC, datetime, timedelta

import pytest

from schemas import organisations
from services.ingest.admission import Rights, admit
from services.ingest.decoding import Refusal
from services.simulator.engine import Told
from services.simulator.malformed import KINDS, NEEDS_IMPORT, malformed

ORGANISATIONS = organisations.load()
PROVINCE = "350000000000"
NOW = datetime(2026, 12, 24, tzinfo=UTC)


@pytest.mark.parametrize("kind", [k for k in KINDS if k not in NEEDS_IMPORT])
def test_admission_gives_the_expected_answer(kind: str, told: list[Told]) -> None:
    """For events of all kinds, with the token of the centre that sends them."""
    for t in told[-4000::37]:
        bad = malformed(kind, t.event, "other-id", PROVINCE)
        centre = t.event.source[6:]
        scope = centre[:4] if centre.endswith("00000000") else centre[:6]
        outcome = admit(bad.body(None), Rights(scope, False), ORGANISATIONS, NOW)
        if bad.expected.status == "accepted":
            assert not isinstance(outcome, Refusal)
        else:
            assert isinstance(outcome, Refusal)
            assert (outcome.code, outcome.path) == (bad.expected.code, bad.expected.path)
            assert outcome.event_id == bad.id


def test_the_good_event_stays_as_it_was(told: list[Told]) -> None:
    """Spoiling works on a copy."""
    event = told[-1].event
    before = event.data, event.id, event.sequence
    for kind in KINDS:
        malformed(kind, event, "other-id", PROVINCE)

    assert (event.data, event.id, event.sequence) == before


def test_a_received_time_is_stated_only_where_it_may_be(told: list[Told]) -> None:
    """An importer's bad event states it too, so that it fails for its own reason."""
    received = NOW - timedelta(days=1)
    bad = malformed("unknown_field", told[-1].event, "other-id", PROVINCE)
    outcome = admit(bad.body(received), Rights("35", True), ORGANISATIONS, NOW)

    assert isinstance(outcome, Refusal)
    assert outcome.code == "unknown_field"
