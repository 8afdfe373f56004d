"""The feed: what the engine tells, disturbed or not, as messages in the order of sending.  Pure.

It remembers, minute by minute, how far each source had counted, so that a simulator that starts
anew takes the stream up there and comes to the same messages with the same numbers.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

import msgspec

from services.simulator.engine import Engine, Told
from services.simulator.faults import Disturbance, Draft, disturbed, untouched
from services.simulator.message import Message
from services.simulator.times import MINUTE, aware

_encoder = msgspec.json.Encoder()


class Mark(NamedTuple):
    """How far each source had counted when everything up to a moment was told."""

    moment: int
    sequences: Mapping[str, int]


class Feed:
    """Messages from a moment on."""

    def __init__(self, engine: Engine, seed: int, since: int, how: Disturbance) -> None:
        self.engine = engine
        self._seed = seed
        self._how = how
        self._reached = since
        self._held: list[tuple[int, int, Draft]] = []
        self._count = 0
        self._marks = deque([Mark(since, engine.sequences())])

    def until(
        self, moment: int, *, importing: bool = False, received_from: int = 0
    ) -> Iterator[Message]:
        """What is sent up to that moment; call again to go on.

        ``importing`` states ``receivedtime``, never before ``received_from`` (wall).
        """
        how = self._how._replace(importing=importing)
        while self._reached < moment:
            minute = (self._reached // MINUTE + 1) * MINUTE
            for told in self.engine.until(min(minute, moment)):
                yield from self._released(told.moment - 1, importing, received_from)
                yield from self._drafted(told, how, received_from)
            self._reached = min(minute, moment)
            if self._reached == minute:
                self._marks.append(Mark(minute, self.engine.sequences()))
            yield from self._released(self._reached, importing, received_from)

    def mark(self, moment: int) -> Mark:
        """Where to take the stream up again when all up to ``moment`` has been answered."""
        settled = moment - self._how.hold
        while len(self._marks) > 1 and self._marks[1].moment <= settled:
            self._marks.popleft()
        return self._marks[0]

    def _drafted(self, told: Told, how: Disturbance, received_from: int) -> Iterator[Message]:
        if how.ratio(told.moment) <= 0:
            yield self._message(untouched(told), how.importing, received_from)
            return
        received = self._received(told.moment, received_from) if how.importing else None
        for draft in disturbed(told, self._seed, how, received):
            if draft.moment > told.moment:
                self._count += 1
                heapq.heappush(self._held, (draft.moment, self._count, draft))
            else:
                yield self._message(draft, how.importing, received_from)

    def _released(self, moment: int, importing: bool, received_from: int) -> Iterator[Message]:
        while self._held and self._held[0][0] <= moment:
            yield self._message(heapq.heappop(self._held)[2], importing, received_from)

    def _message(self, draft: Draft, importing: bool, received_from: int) -> Message:
        event = draft.event
        body = draft.body
        if event is not None:
            event.receivedtime = self._received(draft.moment, received_from) if importing else None
            if draft.recorded is not None:
                known = self.engine.pace.known_at(draft.moment)
                event.recordedtime = known.moment(draft.recorded)
            body = _encoder.encode(event)
        return Message(
            draft.moment,
            draft.centre,
            draft.id,
            body or b"",
            draft.expected,
            draft.fault,
            draft.own_line,
        )

    def _received(self, moment: int, received_from: int) -> datetime:
        return aware(max(self.engine.pace.wall(moment), received_from))
