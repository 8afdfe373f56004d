"""The topics as they should be, on a real broker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from services.backbone.broker import Topic, parse
from services.backbone.errors import LogUnavailable
from services.backbone.topics import (
    Change,
    Declared,
    apply,
    door_topic,
    log_topic,
    plan,
    receipts_topic,
)
from tests.support.kafka import Kafka


@pytest.fixture
def place(kafka: Kafka, names: Iterator[str]) -> Topic:
    """The name of a topic that is not there."""
    return parse("YIPING_LOG", kafka.dsn(f"declared.{next(names)}"))


def test_a_plan_changes_nothing(place: Topic) -> None:
    """It says what is missing, each time."""
    wanted = [log_topic(place.name)]
    first = plan(place, wanted)

    assert [str(change) for change in first] == [
        f"{place.name}: is missing; 12 partitions of 1 copies, 14 days"
    ]
    assert plan(place, wanted) == first


def test_what_was_applied_is_as_it_should_be(place: Topic) -> None:
    """All three at once; a second time there is nothing to do."""
    wanted = [
        log_topic(place.name),
        door_topic(f"{place.name}.door"),
        receipts_topic(f"{place.name}.receipts"),
    ]

    assert len(apply(place, wanted)) == 3
    assert plan(place, wanted) == []
    assert apply(place, wanted) == []


def test_a_topic_that_differs_is_brought_up(kafka: Kafka, place: Topic) -> None:
    """More partitions and other settings; what others have set besides stays."""
    kafka.create_topic(place.name, 3, {"retention.ms": "1000", "segment.ms": "60000"})
    wanted = [log_topic(place.name)]
    changes = {change.what: change for change in apply(place, wanted)}

    assert changes["partitions"] == Change(place.name, "partitions", "3", "12")
    assert (changes["retention.ms"].found, changes["retention.ms"].wanted) == ("1000", "1209600000")
    assert "segment.ms" not in changes
    assert plan(place, wanted) == []


def test_partitions_are_never_taken_away(kafka: Kafka, place: Topic) -> None:
    """It is said, and left to the operator."""
    kafka.create_topic(place.name, 13)
    wanted = [log_topic(place.name)]
    apply(place, wanted)

    assert [str(change) for change in plan(place, wanted)] == [
        f"{place.name}: partitions 13 → 12 (stays: only by Kafka's own tools)"
    ]


def test_three_copies_need_two_to_agree() -> None:
    """One of three brokers may be away, and nothing acknowledged is on one alone."""
    topic = Declared("events", retention_days=1)

    assert topic.settings(3)["min.insync.replicas"] == "2"
    assert topic.settings(1)["min.insync.replicas"] == "1"


def test_a_name_that_kafka_refuses_is_told(place: Topic) -> None:
    """By Kafka's own name of the mistake."""
    with pytest.raises(LogUnavailable, match="InvalidTopic"):
        plan(place, [Declared("two words", retention_days=1)])
