"""The Kafka door, as a patient sender uses it: publishes, and waits for the receipt.

What has no receipt after a while is published again, which is safe because the door knows what it
has taken.
"""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self

import msgspec
from kafka.structs import TopicPartition

from services.backbone import broker
from services.backbone.door_topics import topics_of
from services.backbone.errors import LogUnavailable
from services.simulator.clock import Clock
from services.simulator.doors import (
    PAUSE_LEAST_S,
    PAUSE_MOST_S,
    TIMEOUT_S,
    Answered,
    Problem,
    in_halves,
    packed,
    results_of,
)
from services.simulator.errors import DoorClosed
from services.simulator.message import Given, Message

CLIENT = "yiping-simulate"
MESSAGE_BYTES = 768 * 1024
"""A topic with Kafka's own settings takes 1 MiB."""
POLL_MS = 100
OTHERS_MOST = 10_000
"""Receipts that nobody here has asked for yet, or that are not for us, kept at most."""

Place = tuple[int, int]
"""Partition and offset of a message."""


class Refused(Problem):
    """What a receipt says of a message as a whole."""

    status: int = 0
    message: str = ""


class Told(msgspec.Struct):
    """One receipt."""

    partition: int
    offset: int
    total: int
    results: list[Given]
    error: Refused | None = None


class KafkaDoor:
    """The topics of one door; ``async with`` before use."""

    def __init__(
        self,
        dsn: str,
        clock: Clock,
        *,
        compress: bool = False,
        waiting: Callable[[str], None] = lambda _reason: None,
    ) -> None:
        """Raises SettingInvalid; ``waiting`` is told, in a word, why it has to try again."""
        self._messages, self._receipts = topics_of("--kafka", dsn)
        self._clock = clock
        self._compress = compress
        self._waiting = waiting
        self._heard: OrderedDict[Place, list[Told]] = OrderedDict()
        self._asked: dict[Place, asyncio.Future[list[Told]]] = {}
        self._closing = threading.Event()
        self._producer: Any = None
        self._listener: threading.Thread | None = None

    async def __aenter__(self) -> Self:
        """Connect; raises LogUnavailable where no broker answers."""
        loop = asyncio.get_running_loop()
        self._producer, reader = await asyncio.to_thread(self._connect)
        self._listener = threading.Thread(
            target=self._listen, args=(reader, loop), name="receipts", daemon=True
        )
        self._listener.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.set()
        if self._listener is not None:
            await asyncio.to_thread(self._listener.join)
        await asyncio.to_thread(broker.abandon, self._producer)

    def _connect(self) -> tuple[Any, Any]:
        producer = broker.producer(self._messages, CLIENT)
        reader = broker.consumer(self._receipts, CLIENT)
        with broker.kafka_errors("looking for the receipts"):
            names = reader.partitions_for_topic(self._receipts.name) or ()
            mine = [TopicPartition(self._receipts.name, number) for number in names]
            reader.assign(mine)
            # What is answered from here on; said now, before anything is published.
            for partition, end in reader.end_offsets(mine).items():
                reader.seek(partition, end)
        return producer, reader

    async def post(self, token: str, messages: Sequence[Message]) -> Answered:
        """Publish until answered.

        Raises DoorClosed when the server will never take them, AnswerMissing when it answers
        something else than it was asked.
        """
        content_type, value = packed(messages, compress=self._compress)
        if len(value) > MESSAGE_BYTES and len(messages) > 1:
            return await in_halves(self.post, token, messages, sent_before=False)
        headers = [
            ("authorization", f"Bearer {token}".encode()),
            ("content-type", content_type.encode()),
        ]
        if self._compress:
            headers.append(("content-encoding", b"gzip"))
        # Whatever a centre sends keeps its order.
        key = b"%d" % messages[0].centre
        tries, lost = 0, False
        while True:
            try:
                async with asyncio.timeout(TIMEOUT_S):
                    told = await self._answered(await self._published(key, value, headers))
            except (LogUnavailable, TimeoutError) as error:
                lost = True
                self._waiting(type(error).__name__)
                await self._clock.sleep(min(PAUSE_LEAST_S * 2**tries, PAUSE_MOST_S))
                tries += 1
                continue
            error_told = told[0].error
            if error_told is None:
                given = [given for one in told for given in one.results]
                return Answered(results_of(given, messages), lost)
            if error_told.status == 413 and len(messages) > 1:
                return await in_halves(self.post, token, messages, sent_before=lost)
            raise DoorClosed(error_told.status, error_told.code, error_told.message)

    async def _published(self, key: bytes, value: bytes, headers: list[tuple[str, bytes]]) -> Place:
        def publish() -> Place:
            with broker.kafka_errors("publishing"):
                sent = self._producer.send(self._messages.name, value, key, headers)
                stands = sent.get(TIMEOUT_S)
            return stands.partition, stands.offset

        return await asyncio.to_thread(publish)

    async def _answered(self, place: Place) -> list[Told]:
        """The receipts of a message, all of them."""
        future = asyncio.get_running_loop().create_future()
        self._asked[place] = future
        self._complete(place)
        try:
            found: list[Told] = await future
        finally:
            del self._asked[place]
            self._heard.pop(place, None)
        return found

    def _take(self, told: Sequence[Told]) -> None:
        """What the listener has heard, in the loop's own thread."""
        for one in told:
            place = one.partition, one.offset
            self._heard.setdefault(place, []).append(one)
            self._complete(place)
        while len(self._heard) > OTHERS_MOST:
            self._heard.popitem(last=False)

    def _complete(self, place: Place) -> None:
        told, future = self._heard.get(place, []), self._asked.get(place)
        enough = bool(told) and sum(len(one.results) for one in told) >= told[0].total
        if future is not None and enough and not future.done():
            future.set_result(told)

    def _listen(self, reader: Any, loop: asyncio.AbstractEventLoop) -> None:
        decoder = msgspec.json.Decoder(Told)
        while not self._closing.is_set():
            try:
                with broker.kafka_errors("listening"):
                    found = reader.poll(timeout_ms=POLL_MS)
            except LogUnavailable as error:
                loop.call_soon_threadsafe(self._waiting, type(error).__name__)
                self._closing.wait(PAUSE_MOST_S)
                continue
            told = [decoder.decode(record.value) for part in found.values() for record in part]
            loop.call_soon_threadsafe(self._take, told)
        reader.close(autocommit=False)
