"""Posts messages and looks at every answer: counts them, journals them, keeps the odd ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from services.simulator.doors import Answered
from services.simulator.journal import Journal
from services.simulator.message import Given, Message, as_expected

ODD_KEPT = 20


class Doorway(Protocol):
    """What answers posts."""

    async def post(self, token: str, messages: Sequence[Message]) -> Answered:
        """The answers, in order."""
        ...


class PostOffice:
    """Sends through a door for everybody."""

    def __init__(self, door: Doorway, journal: Journal | None, *, sent_until: int = 0) -> None:
        """What was due up to ``sent_until`` may have been sent by an earlier run."""
        self._door = door
        self._journal = journal
        self._sent_until = sent_until
        self.answers: Counter[str] = Counter()
        self.unexpected = 0
        self.odd: list[str] = []
        """The first answers that were not what they had to be."""

    async def post(self, token: str, messages: Sequence[Message]) -> None:
        """Send until every message is answered; raises what the door raises."""
        answered = await self._door.post(token, messages)
        for message, given in zip(messages, answered.given, strict=True):
            sent_before = answered.sent_before or message.moment <= self._sent_until
            self.answers[given.status] += 1
            if not as_expected(message.expected, given, sent_before=sent_before):
                self._keep(message, given)
            if self._journal is not None:
                self._journal.write(message, given, sent_before=sent_before)
        if self._journal is not None:
            self._journal.flush()

    def _keep(self, message: Message, given: Given) -> None:
        self.unexpected += 1
        if len(self.odd) < ODD_KEPT:
            error = f" {given.error.code} at {given.error.path!r}" if given.error else ""
            self.odd.append(
                f"{message.id}: expected {message.expected.status}, given {given.status}{error}"
            )
