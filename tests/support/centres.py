"""Centres that publish to the topic of a Kafka door and read the receipts on the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from types import TracebackType
from typing import Any, Self

import msgspec
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType

from schemas.receipts import Receipt
from services.backbone.topics import door_topic, receipts_topic
from services.ingest.bodies import BATCH
from services.ingest.receipts import Place
from tests.support.kafka import Kafka

ANSWER_S = 60.0
Header = tuple[str, bytes]


class Centres:
    """A topic of messages, one of receipts, and everything that was said on both so far."""

    def __init__(
        self,
        kafka: Kafka,
        name: str,
        partitions: int = 4,
        *,
        topics: Centres | None = None,
        codec: str | None = None,
    ) -> None:
        """Topics of their own, as `yiping topics` makes them, or those of other centres."""
        self.kafka = kafka
        if topics is None:
            asked, told = f"centre.events.{name}", f"centre.receipts.{name}"
            kafka.create_topic(asked, partitions, door_topic(asked).settings(kafka.copies))
            kafka.create_topic(told, partitions, receipts_topic(told).settings(kafka.copies))
        self.messages: str = topics.messages if topics else f"centre.events.{name}"
        self.receipts: str = topics.receipts if topics else f"centre.receipts.{name}"
        self.partitions: int = topics.partitions if topics else partitions
        self.node = name
        """The node that reads them: no two doors of one broker share a group by accident."""
        self.group = f"yiping-door-{name}"
        self._producer = KafkaProducer(
            bootstrap_servers=kafka.addresses,
            max_request_size=8 * 1024 * 1024,
            linger_ms=2,
            compression_type=codec,
        )
        self._reader = KafkaConsumer(
            bootstrap_servers=kafka.addresses, auto_offset_reset="earliest", fetch_max_wait_ms=20
        )
        mine = [TopicPartition(self.receipts, n) for n in range(self.partitions)]
        self._reader.assign(mine)
        self._reader.seek_to_beginning(*mine)
        self.heard: list[tuple[bytes | None, Receipt]] = []
        """(key, receipt) of all that was read, in the order of reading."""
        self.answered: set[Place] = set()
        """The messages that they were of."""
        self.said_at_ms: list[int] = []
        """When the door sent each."""

    @property
    def settings(self) -> dict[str, str]:
        """Settings of the server that reads them, by their short names."""
        return {"door": self.dsn, "node": self.node}

    @property
    def dsn(self) -> str:
        """What YIPING_DOOR takes."""
        return f"{self.kafka.dsn(self.messages)}?receipts={self.receipts}"

    def publish(
        self,
        value: bytes | None,
        token: str | None,
        *,
        content_type: str | None = BATCH,
        key: bytes | None = None,
        partition: int | None = None,
        headers: Iterable[Header] = (),
    ) -> Place:
        """Publish one message; where it stands, once the broker has it."""
        (place,) = self.publish_all(
            [(value, key, partition)], token, content_type=content_type, headers=headers
        )
        return place

    def publish_all(
        self,
        messages: Iterable[tuple[bytes | None, bytes | None, int | None]],
        token: str | None,
        *,
        content_type: str | None = BATCH,
        headers: Iterable[Header] = (),
    ) -> list[Place]:
        """Publish many (value, key, partition); where each stands."""
        named = list(headers)
        if content_type is not None:
            named.append(("content-type", content_type.encode()))
        if token is not None:
            named.append(("authorization", f"Bearer {token}".encode()))
        sent = [
            self._producer.send(self.messages, value, key or b"", named, partition)
            for value, key, partition in messages
        ]
        found = [future.get(ANSWER_S) for future in sent]
        return [Place(self.messages, one.partition, one.offset) for one in found]

    def hear(self, enough: Callable[[], bool], timeout_s: float = ANSWER_S) -> None:
        """Read receipts until it is enough; raises TimeoutError."""
        deadline = time.monotonic() + timeout_s
        while not enough():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(self.heard)} receipts were heard")
            for records in self._reader.poll(100).values():
                for record in records:
                    receipt = msgspec.json.decode(record.value, type=Receipt)
                    self.heard.append((record.key, receipt))
                    self.answered.add(Place(receipt.topic, receipt.partition, receipt.offset))
                    self.said_at_ms.append(record.timestamp)

    def answers(self, place: Place) -> list[Receipt]:
        """The receipts of one message, waiting until all its results are there."""

        def heard() -> list[Receipt]:
            return [r for _, r in self.heard if (r.partition, r.offset) == place[1:]]

        def whole() -> bool:
            mine = heard()
            return bool(mine) and sum(len(r.results) for r in mine) >= mine[0].total

        self.hear(whole)
        return heard()

    def answer(self, place: Place) -> Receipt:
        """The one receipt of a message."""
        receipts = self.answers(place)
        assert len(receipts) == 1, receipts
        return receipts[0]

    def keep_as(self, codec: str) -> None:
        """Let the topic of the messages keep them so; ``producer`` is as they come."""
        setting = {"compression.type": codec}
        with closing(self.kafka.admin()) as admin:
            admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, self.messages, setting)])

    def committed(self) -> dict[int, int]:
        """By partition, the offset that the door's group has committed."""
        with closing(self.kafka.admin()) as admin:
            found = admin.list_group_offsets({self.group: None})
        offsets: dict[Any, Any] = found[self.group]
        return {p.partition: o.offset for p, o in offsets.items() if p.topic == self.messages}

    def close(self) -> None:
        """Hang up."""
        self._producer.close(timeout=5)
        self._reader.close(autocommit=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def results(receipts: Sequence[Receipt]) -> list[dict[str, Any]]:
    """The answers of a message as plain values."""
    plain: list[dict[str, Any]] = msgspec.to_builtins([a for r in receipts for a in r.results])
    return plain
