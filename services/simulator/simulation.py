"""One run of the simulator: take up the province, load what it missed, then go on live."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from schemas.organisations import Organisations
from services.simulator import doors, state
from services.simulator.clock import Clock
from services.simulator.engine import OPENING, Engine, World
from services.simulator.errors import OptionInvalid, StateInvalid
from services.simulator.faults import Disturbance, Spell
from services.simulator.feed import Feed
from services.simulator.history import load
from services.simulator.journal import Journal
from services.simulator.kafka_door import KafkaDoor
from services.simulator.live import Live
from services.simulator.message import Message
from services.simulator.pace import Pace, Stretch
from services.simulator.post_office import Doorway, PostOffice
from services.simulator.progress import Progress
from services.simulator.province import build
from services.simulator.roots import EVENTS_A_DAY
from services.simulator.state import State
from services.simulator.times import DAY, SECOND
from services.simulator.tokens import Tokens

CAUGHT_UP = 15 * SECOND
"""History is loaded until it is no more than that behind."""
WORTH_LOADING = 120 * SECOND
"""A shorter gap after a restart is simply sent live."""
SAVE_EVERY = 2 * SECOND
AHEAD = 10 * SECOND


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What a run is asked to do."""

    url: str = ""
    kafka: str | None = None
    """kafka://… of a Kafka door, to publish there instead of posting to ``url``."""
    days: float = 0.0
    """Days of history before it goes live; 0 starts an empty province."""
    rate: float | None = None
    """Live events a second in the whole; the province's own when None."""
    centres: int = 92
    seed: int = 1
    faults: float = 0.0
    live_s: float | None = None
    """Seconds of live; for ever when None."""
    compress: bool = False
    journal: Path | None = None
    state: Path | None = None


class Simulation:
    """A run in the making; ``run`` does it."""

    def __init__(
        self,
        options: Options,
        organisations: Organisations,
        tokens: Tokens,
        clock: Clock,
        progress: Progress,
    ) -> None:
        """Raises OptionInvalid or StateInvalid."""
        self._options = options
        self._tokens = tokens
        self._clock = clock
        self._progress = progress
        self._centres = build(organisations, options.seed, options.centres)
        self._stranger = organisations.root.code
        self._stopped = False
        self._remembered = state.read(options.state) if options.state else None
        self.state = self._remembered or self._new_state()
        self._check()
        self._earlier = dict(self.state.answered)
        self._pace = Pace(self.state.stretches)
        self._reached = min(self._earlier.values(), default=self.state.taken_up)
        self._saved = 0

    def _new_state(self) -> State:
        now, history = self._clock.now(), self._options.days > 0
        start = now - int(self._options.days * DAY)
        return State(
            seed=self._options.seed,
            centres=self._options.centres,
            start=start - start % SECOND,
            history=history,
            taken_up=start - start % SECOND - OPENING,
            faults=[Spell(0, self._options.faults)],
        )

    def _check(self) -> None:
        options, held = self._options, self.state
        if (held.seed, held.centres) != (options.seed, options.centres):
            raise StateInvalid(
                str(options.state),
                f"is of seed {held.seed} with {held.centres} centres",
            )
        if held.history and not self._remembered and self._tokens.of_importer() is None:
            raise OptionInvalid("--days", "history needs an importer's token, or --data")

    def stop(self) -> None:
        """End soon: what is on its way is still answered and remembered."""
        self._stopped = True

    async def run(self) -> PostOffice:
        """Do it all; raises DoorClosed or AnswerMissing."""
        options = self._options
        feed = self._taken_up()
        journal = Journal(options.journal) if options.journal else None
        try:
            async with self._doorway() as door:
                sent_until = self._sent_until() if self._remembered else 0
                office = PostOffice(door, journal, sent_until=sent_until)
                self._progress.begin(office)
                self._write()
                await self._load(feed, office)
                await self._live(feed, office)
                return office
        finally:
            if journal is not None:
                journal.close()

    def _taken_up(self) -> Feed:
        held, options = self.state, self._options
        self._progress.note("taking up the province")
        world = World(held.seed, self._centres, held.start, held.history)
        # Lives are trees without cycles; looking for cycles among them costs a third of the time.
        gc.collect()
        gc.disable()
        engine = Engine(world, since=held.taken_up, sequences=held.sequences, pace=self._pace)
        gc.freeze()
        gc.enable()
        if held.faults[-1].ratio != options.faults:
            # What may have been sent already keeps its faults.
            held.faults.append(Spell(self._sent_until(), options.faults))
        how = Disturbance(tuple(held.faults), False, self._tokens.scoped, self._stranger)
        return Feed(engine, held.seed, held.taken_up, how)

    @asynccontextmanager
    async def _doorway(self) -> AsyncIterator[Doorway]:
        """The door that is asked for."""
        options, waiting = self._options, self._progress.waiting
        if options.kafka:
            async with KafkaDoor(
                options.kafka, self._clock, compress=options.compress, waiting=waiting
            ) as door:
                yield door
        else:
            async with doors.session(options.centres + 4) as session:
                yield doors.Door(
                    session, options.url, self._clock, compress=options.compress, waiting=waiting
                )

    def _sent_until(self) -> int:
        """The moment of the province's clock after which nothing can have been sent yet."""
        now, ahead = self._clock.now(), self.state.ahead
        return self._pace.own(min(now, ahead) if ahead else now)

    def _skip(self, message: Message) -> bool:
        """Whether an earlier run had the message answered."""
        return message.moment <= self._earlier.get(self._centres[message.centre].code, 0)

    async def _load(self, feed: Feed, office: PostOffice) -> None:
        """Load history up to now: all of it, or what was missed while nothing ran."""
        floor = self.state.ahead
        missed = self._clock.now() - max(self._reached, floor)
        begun_before = floor > 0
        worth_it = missed >= WORTH_LOADING if begun_before else self.state.history
        token = self._tokens.of_importer() if worth_it else None
        if token is None or self._pace.stretches:
            return
        while not self._stopped and self._clock.now() - self._reached > CAUGHT_UP:
            until = self._clock.now()
            self._progress.load(self._reached, until)

            def answered(moment: int, _sent: int) -> None:
                self._progress.loaded(moment)
                self._remember(feed, {c.code: moment for c in self._centres})

            await load(
                feed, office, token,
                until=until, received_from=floor, skip=self._skip, answered=answered,
                stopped=lambda: self._stopped,
            )  # fmt: skip
            if not self._stopped:
                self._reached = until
                self._remember(feed, {c.code: until for c in self._centres}, force=True)
        self._progress.done_loading()

    async def _live(self, feed: Feed, office: PostOffice) -> None:
        """Go on at the pace that is asked for."""
        options = self._options
        if options.live_s == 0 or self._stopped:
            return
        begun = self._clock.now()
        self._set_pace(feed, begun)
        live = Live(
            feed, self._centres, office, self._tokens.of_centre, self._clock, skip=self._skip
        )
        live.reached = self._reached
        ends = None if options.live_s is None else begun + int(options.live_s * SECOND)

        def due() -> int:
            now = self._clock.now()
            if now + AHEAD // 2 > self.state.ahead:
                self.state.ahead = now + AHEAD
                self._remember(feed, live.answered(), force=True)
            self._remember(feed, live.answered())
            self._progress.alive(office)
            return max(live.reached, self._pace.own(min(now, self.state.ahead)))

        def stopped() -> bool:
            return self._stopped or (ends is not None and self._clock.now() >= ends)

        await live.run(due, stopped)
        self._remember(feed, live.answered(), force=True)

    def _set_pace(self, feed: Feed, now: int) -> None:
        """Let the province's clock run as fast as the rate asks, from where it stands."""
        share = sum(centre.share for centre in self._centres)
        natural = EVENTS_A_DAY * share * SECOND / DAY
        rate = self._options.rate
        factor = 1.0 if rate is None else rate / natural
        if factor == 1.0 and not self._pace.stretches:
            return
        # All that may have been sent keeps its time; the time when nothing ran is left out.
        own = self._sent_until()
        self._pace = self._pace.then(Stretch(own, now, factor))
        self.state.stretches = list(self._pace.stretches)
        feed.engine.pace = self._pace

    def _remember(self, feed: Feed, answered: dict[str, int], *, force: bool = False) -> None:
        now = self._clock.now()
        if not force and now - self._saved < SAVE_EVERY:
            return
        held = self.state
        for code, moment in answered.items():
            held.answered[code] = max(moment, held.answered.get(code, moment))
        mark = feed.mark(min(held.answered.values()))
        held.taken_up, held.sequences = mark.moment, dict(mark.sequences)
        self._saved = now
        self._write()

    def _write(self) -> None:
        if self._options.state:
            state.write(self._options.state, self.state)
