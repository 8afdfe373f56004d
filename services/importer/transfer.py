"""The import itself: rows, events, batches, answers; again from where it was killed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

from services.importer.door import Answers
from services.importer.rows import Rows
from services.importer.state import StateFile
from services.importer.tally import Tally
from services.importer.translation import Outcome, Refused, Translated, Translator

BATCH_BYTES = 4 * 1024 * 1024


class Sender(Protocol):
    """What the import asks of the door."""

    async def send(self, bodies: Sequence[bytes]) -> Answers:
        """The answer to each event, in order."""
        ...


class Batch:
    """Whole rows, and the events that they give."""

    def __init__(self) -> None:
        self.row = 0
        self.rows = 0
        self.others: list[Outcome] = []
        self.events: list[Translated] = []
        self.size_bytes = 0

    def add(self, place: int, outcomes: list[Outcome]) -> None:
        """One row more, the ``place``-th of all."""
        self.row = place
        self.rows += 1
        for outcome in outcomes:
            if isinstance(outcome, Translated):
                self.events.append(outcome)
                self.size_bytes += len(outcome.body)
            else:
                self.others.append(outcome)


def batches(source: Rows, translator: Translator, size: int, boundary: int = 0) -> Iterator[Batch]:
    """The rows in batches of about ``size`` events; a row is never split.

    Rows are counted as they come, whatever number they have in their file.  A batch ends at
    the row ``boundary``, so that what came before can be told from the rest.
    """
    batch = Batch()
    for place, (number, cells) in enumerate(source.rows(), 1):
        if cells is None:
            outcomes: list[Outcome] = [
                Refused(number, None, "ragged_row", "", "has more or fewer cells than the header")
            ]
        else:
            outcomes = translator.translate(number, cells)
        batch.add(place, outcomes)
        full = len(batch.events) + len(batch.others) >= size or batch.size_bytes >= BATCH_BYTES
        if full or place == boundary:
            yield batch
            batch = Batch()
    if batch.rows:
        yield batch


class Transfer:
    """One import from the first row, or from the last that was answered, to the end."""

    def __init__(
        self, door: Sender, state_file: StateFile, advanced: Callable[[Tally], None]
    ) -> None:
        """``advanced`` is told the counts after each batch; raises StateForeign."""
        self._door = door
        self._state_file = state_file
        self._advanced = advanced
        self._state = state_file.load()
        self.tally = Tally()

    @property
    def resumes_after(self) -> int:
        """The last row that was answered before; 0 for an import that begins."""
        return self._state.row if self._state else 0

    async def run(self, parts: Iterable[Batch]) -> Tally:
        """Send all; raises DoorRefused or TableUnreadable, then what was answered is kept."""
        state, known = self._state, False
        for batch in parts:
            if state and known and batch.row <= state.row:
                continue
            answers = await self._door.send([e.body for e in batch.events]) if batch.events else []
            if state and not known and batch.events:
                # A server that never saw what the state tells of gets everything from here on.
                known = any(answer["status"] == "duplicate" for answer in answers)
                if known and batch.row <= state.row:
                    self.tally = state.tally
                    continue
                state = None
            self._count(batch, answers)
        self._state_file.remove()
        return self.tally

    def _count(self, batch: Batch, answers: Answers) -> None:
        self.tally.rows += batch.rows
        self.tally.add_translated(batch.others)
        self.tally.add_answers(batch.events, answers)
        self._state_file.save(batch.row, self.tally)
        self._advanced(self.tally)
