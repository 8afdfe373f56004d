"""The topics that the platform needs, and what is to be done so that they are as they should."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import Any, NamedTuple

from kafka.admin import ConfigResource, ConfigResourceType
from kafka.admin._configs import ConfigFilterType
from kafka.errors import for_code

from services.backbone.broker import RECORD_BYTES, Topic, admin, kafka_errors
from services.backbone.errors import LogUnavailable

CLIENT = "yiping-topics"
COPIES = 3
"""… or as many as there are brokers."""
PARTITIONS = 12
"""As many readers can share a topic; 12 divides evenly by 2, 3, 4 and 6 of them."""
DAY_MS = 24 * 60 * 60 * 1000
MESSAGE_BYTES = RECORD_BYTES + 1024 * 1024
"""A batch holds at least one record, with its frame."""
NO_ERROR = 0
NOT_THERE = 3


class Declared(NamedTuple):
    """A topic as it should be."""

    name: str
    retention_days: int
    compression: str = "uncompressed"

    def settings(self, copies: int) -> dict[str, str]:
        """Kafka's settings of the topic, of so many copies."""
        return {
            "cleanup.policy": "delete",
            # The brokers unpack what comes packed: no reader stops for a codec that it lacks.
            "compression.type": self.compression,
            "max.message.bytes": str(MESSAGE_BYTES),
            # Acknowledged is what a second broker has; one of three may be away.
            "min.insync.replicas": "2" if copies >= COPIES else "1",
            # Retention goes by the brokers' clock: a sender whose clock is wrong loses nothing.
            "message.timestamp.type": "LogAppendTime",
            "retention.bytes": "-1",
            "retention.ms": str(self.retention_days * DAY_MS),
            "unclean.leader.election.enable": "false",
        }


def log_topic(name: str) -> Declared:
    """What the relay fills: it bounds how far the views may fall behind without a refeed."""
    return Declared(name, retention_days=14)


def door_topic(name: str) -> Declared:
    """What centres publish: kept until the platform, however long it is away, has taken it in.

    In whichever codec it was sent, the brokers hand it on in one that every reader knows.
    """
    return Declared(name, retention_days=14, compression="gzip")


def receipts_topic(name: str) -> Declared:
    """What centres are answered: kept as long as a centre may be away."""
    return Declared(name, retention_days=14)


class Change(NamedTuple):
    """One thing that is not as it should be."""

    topic: str
    what: str
    """Copies, partitions, or the name of a setting; empty where the whole topic is missing."""
    found: str
    wanted: str

    @property
    def possible(self) -> bool:
        """Whether ``apply`` can do it: copies are moved, and partitions taken away, by nobody."""
        if self.what == "partitions":
            return int(self.wanted) > int(self.found)
        return self.what != "copies"

    def __str__(self) -> str:
        if not self.what:
            return f"{self.topic}: is missing; {self.wanted}"
        change = f"{self.topic}: {self.what} {self.found} → {self.wanted}"
        return change if self.possible else f"{change} (stays: only by Kafka's own tools)"


def plan(place: Topic, wanted: Sequence[Declared]) -> list[Change]:
    """What differs from what is wanted, on the brokers of a topic; raises LogUnavailable."""
    with closing(admin(place, CLIENT)) as client, kafka_errors("looking at the topics"):
        return _differences(client, wanted, _copies(client))


def apply(place: Topic, wanted: Sequence[Declared]) -> list[Change]:
    """Do what can be done; gives what differed before.  Raises LogUnavailable.

    Whatever it has done when it fails is not done again.
    """
    with closing(admin(place, CLIENT)) as client, kafka_errors("changing the topics"):
        copies = _copies(client)
        changes = _differences(client, wanted, copies)
        by_name = {topic.name: topic for topic in wanted}
        for change in changes:
            if change.possible:
                _change(client, change, by_name[change.topic], copies)
        return changes


def _copies(client: Any) -> int:
    return min(COPIES, len(client.describe_cluster()["brokers"]))


def _differences(client: Any, wanted: Sequence[Declared], copies: int) -> list[Change]:
    described = client.describe_topics([topic.name for topic in wanted])
    found = {topic["name"]: topic for topic in described}
    changes: list[Change] = []
    for topic in wanted:
        error = found[topic.name]["error_code"]
        if error == NOT_THERE:
            whole = f"{PARTITIONS} partitions of {copies} copies, {topic.retention_days} days"
            changes.append(Change(topic.name, "", "", whole))
        elif error != NO_ERROR:
            raise LogUnavailable(f"{topic.name}: {for_code(error).__name__}")
        else:
            changes += _shape(topic, found[topic.name]["partitions"], copies)
            changes += _settings(client, topic, copies)
    return changes


def _shape(topic: Declared, partitions: Sequence[Any], copies: int) -> list[Change]:
    changes = []
    if len(partitions) != PARTITIONS:
        changes.append(Change(topic.name, "partitions", str(len(partitions)), str(PARTITIONS)))
    fewest = min(len(partition["replica_nodes"]) for partition in partitions)
    if fewest != copies:
        changes.append(Change(topic.name, "copies", str(fewest), str(copies)))
    return changes


def _settings(client: Any, topic: Declared, copies: int) -> list[Change]:
    resource = ConfigResource(ConfigResourceType.TOPIC, topic.name)
    described = client.describe_configs([resource], config_filter=ConfigFilterType.ALL)
    values = {name: s["value"] for name, s in described["topic"][topic.name].items()}
    return [
        Change(topic.name, name, str(values.get(name)), value)
        for name, value in topic.settings(copies).items()
        if values.get(name) != value
    ]


def _change(client: Any, change: Change, topic: Declared, copies: int) -> None:
    if not change.what:
        shape = {"num_partitions": PARTITIONS, "replication_factor": copies}
        client.create_topics({topic.name: {**shape, "configs": topic.settings(copies)}})
        client.wait_for_topics([topic.name])
    elif change.what == "partitions":
        client.create_partitions({topic.name: PARTITIONS})
    else:
        values = {change.what: change.wanted}
        client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic.name, values)])
