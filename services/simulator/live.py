"""Live: what happens now, each centre posting its own small batches every second or two."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from services.simulator.clock import Clock
from services.simulator.draws import between, digest_of, random_of
from services.simulator.feed import Feed
from services.simulator.message import Message
from services.simulator.post_office import PostOffice
from services.simulator.province import Centre
from services.simulator.times import SECOND

TICK_S = 0.1
POST_EVENTS = 500
"""A post of one centre holds no more."""
WAITING_MOST = 50_000
"""With so many unsent (the server is away) nothing new happens until some are sent."""
PAUSE_LEAST, PAUSE_MOST = SECOND, 2 * SECOND


class Outbox:
    """What one centre has not had answered yet, in order."""

    def __init__(self) -> None:
        self._waiting: deque[Message] = deque()
        self._on_its_way: list[Message] = []
        self.filled = asyncio.Event()

    def __len__(self) -> int:
        return len(self._waiting) + len(self._on_its_way)

    def put(self, message: Message) -> None:
        """One more to send."""
        self._waiting.append(message)
        self.filled.set()

    def take(self) -> list[Message]:
        """The next post; it counts as unanswered until ``done``."""
        while self._waiting and len(self._on_its_way) < POST_EVENTS:
            self._on_its_way.append(self._waiting.popleft())
        if not self._waiting:
            self.filled.clear()
        return self._on_its_way

    def done(self) -> None:
        """The post was answered."""
        self._on_its_way = []

    def answered(self, reached: int) -> int:
        """The moment up to which all is answered, when the outbox was filled up to ``reached``."""
        first = next(iter(self._on_its_way or self._waiting), None)
        return reached if first is None else min(first.moment - 1, reached)


class Live:
    """The centres at work."""

    def __init__(
        self,
        feed: Feed,
        centres: tuple[Centre, ...],
        office: PostOffice,
        token_of: Callable[[str], str],
        clock: Clock,
        *,
        skip: Callable[[Message], bool],
    ) -> None:
        self._feed = feed
        self._centres = centres
        self._office = office
        self._token_of = token_of
        self._clock = clock
        self._skip = skip
        self.outboxes = [Outbox() for _ in centres]
        self.reached = 0
        self._stopping = False

    def fill(self, until: int) -> None:
        """Let the province live up to a moment of its clock and put what is sent into outboxes."""
        if sum(map(len, self.outboxes)) >= WAITING_MOST:
            return
        for message in self._feed.until(until):
            if not self._skip(message):
                self.outboxes[message.centre].put(message)
        self.reached = until

    def answered(self) -> dict[str, int]:
        """By centre, the moment up to which all is answered."""
        return {
            centre.code: box.answered(self.reached)
            for centre, box in zip(self._centres, self.outboxes, strict=True)
        }

    async def run(self, due: Callable[[], int], stopped: Callable[[], bool]) -> None:
        """Post what is due, moment by moment, until told to stop; then send the rest.

        ``due`` gives the moment of the province's clock up to which may be sent.
        """
        async with asyncio.TaskGroup() as group:
            for number in range(len(self._centres)):
                group.create_task(self._centre(number))
            while not stopped():
                self.fill(due())
                await self._clock.sleep(TICK_S)
            self._stopping = True
            for box in self.outboxes:
                box.filled.set()

    async def _centre(self, number: int) -> None:
        """One centre: post what is there, pause, and again."""
        centre, box = self._centres[number], self.outboxes[number]
        random = random_of(digest_of("pause", centre.code))
        while True:
            await box.filled.wait()
            messages = box.take()
            if messages:
                await self._office.post(self._token_of(centre.code), messages)
                box.done()
            if self._stopping:
                if not len(box):
                    return
                box.filled.set()
                continue
            await self._clock.sleep(between(random, PAUSE_LEAST, PAUSE_MOST) / SECOND)
