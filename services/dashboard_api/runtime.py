"""The composition root of the read side."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from fastapi import APIRouter, FastAPI, Response

from schemas import limits
from schemas.organisations import Organisations
from services.backbone import problems
from services.backbone.identity import Issuer
from services.backbone.problems import Problem
from services.backbone.progress import NEVER, Progress
from services.backbone.settings import Settings
from services.backbone.telemetry import Metrics
from services.backbone.warehouse import connect
from services.dashboard_api import checkpoints, http, http_stories, wall_files
from services.dashboard_api.directory import MAP_ATTRIBUTION
from services.dashboard_api.drilldown import DrillDown
from services.dashboard_api.frames_at import Frames
from services.dashboard_api.inside import Inside
from services.dashboard_api.law import Law
from services.dashboard_api.live import Live, Pace
from services.dashboard_api.moment import Moments
from services.dashboard_api.panels import elements, freshness
from services.dashboard_api.printing import Printer
from services.dashboard_api.readers import Readers
from services.dashboard_api.reads import Reads
from services.dashboard_api.replay.commands import Replays
from services.dashboard_api.replay.film import Films
from services.dashboard_api.replay.player import Shared
from services.dashboard_api.replay.reads import ReplayReads
from services.dashboard_api.replay.scene import Screen
from services.dashboard_api.replay.turns import Turns
from services.dashboard_api.replay.waiting import LoopTime
from services.dashboard_api.session import Limits
from services.dashboard_api.socket import STATE_KEY, LiveDoor, Rules
from services.dashboard_api.timeline import Timelines

READING_CLIENTS = 2
"""For everybody's queries; the ticks of live have one of their own."""
REPLAYING_CLIENTS = 1
"""For all replays together, so that they ask one thing at a time of the warehouse."""
CHECKPOINT_S = 0.05
"""Between two looks at the checkpoints while anybody watches; else a pulse is enough."""
DEMO_DAYS = 30


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator may set."""

    version: str = "0"
    pace: Pace = Pace()
    limits: Limits = Limits()
    map_attribution: str = MAP_ATTRIBUTION


class Dashboard:
    """Everything that shows facts, wired; ``start`` before use, ``stop`` at the end.

    uvicorn must be told ``ws=LiveSocket``, and the lifespan's state must hold ``state``.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        organisations: Organisations,
        issuer: Issuer,
        progress: Progress,
        metrics: Metrics,
        options: Options = Options(),  # noqa: B008 - frozen
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Opens reading clients; raises WarehouseFailed."""
        self._settings = settings
        self._issuer = issuer
        self._organisations = organisations
        self._ticking = Readers([connect(settings.warehouse)])
        self._asking = Readers([connect(settings.warehouse) for _ in range(READING_CLIENTS)])
        self._replaying = Readers([connect(settings.warehouse) for _ in range(REPLAYING_CLIENTS)])
        asking = Reads(self._asking, Moments(self._asking, progress))
        centres = freshness.expected(organisations)
        thresholds = freshness.Thresholds(settings.late_s, settings.silent_s)
        self.live = Live(
            reads=Reads(self._ticking, Moments(self._ticking, progress)),
            checks=asking,
            progress=progress,
            organisations=organisations,
            centres=centres,
            now=now,
            metrics=metrics,
            pace=options.pace,
            thresholds=thresholds,
        )
        screen = Screen(elements.listed(organisations), tuple(centres), thresholds)
        self.replays = Replays(
            Shared(
                Films(ReplayReads(self._replaying, progress, self.live.firsts, screen), Turns()),
                LoopTime(),
                metrics,
            ),
            progress,
            options.limits,
        )
        self.door = LiveDoor(
            self.live,
            self.replays,
            Rules(issuer, organisations, frozenset(settings.origins)),
            limits=options.limits,
            metrics=metrics,
            version=options.version,
            now=now,
        )
        law = Law(limits.load(), ZoneInfo(settings.calendar_zone))
        drilldown = DrillDown(self._asking, law)
        self._inside = Inside(self._asking, drilldown, law.clocks)
        self.api = http.ReadApi(
            issuer=issuer,
            organisations=organisations,
            progress=progress,
            reads=asking,
            frames=Frames(asking, self.live.firsts, organisations, centres, thresholds),
            drilldown=drilldown,
            timelines=Timelines(self._asking),
            live=self.live,
            map_file=settings.map or _fujian(),
            map_attribution=options.map_attribution,
            zone=settings.calendar_zone,
            now=now,
        )
        self._progress = progress
        self._metrics = metrics
        self._now = now
        self._pulse_s = options.pace.pulse_s
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def state(self) -> dict[str, Any]:
        """What the lifespan's state must hold for ``LiveSocket``."""
        return {STATE_KEY: self.door}

    async def start(self, *, follow_checkpoints: bool = False) -> None:
        """Begin to show; ``follow_checkpoints`` where the projector is another process."""
        await self.door.start()
        self._tasks = [asyncio.create_task(self.live.run())]
        if follow_checkpoints:
            self._metrics.lag_s.set_function(self._lag_s)
            follower = checkpoints.Follower(self._asking, self._progress, self._metrics)
            self._tasks.append(asyncio.create_task(follower.follow(self._rest)))

    async def _rest(self) -> None:
        await self.live.rest(CHECKPOINT_S, self._pulse_s)

    def _lag_s(self) -> float:
        watermark = self._progress.snapshot().watermark
        return math.nan if watermark == NEVER else (self._now() - watermark).total_seconds()

    async def stop(self) -> None:
        """Send every client away to come back later, and let go of everything."""
        await self.door.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.live.close()
        await asyncio.to_thread(self.close)

    def close(self) -> None:
        """Let go of the reading clients."""
        self._ticking.close()
        self._asking.close()
        self._replaying.close()

    @property
    def is_ready(self) -> bool:
        """Whether there is something to show, and it is kept up to date."""
        alive = bool(self._tasks) and not any(task.done() for task in self._tasks)
        return alive and self.live.as_of is not None

    def routes(self) -> APIRouter:
        """All routes but the wall."""
        router = http.routes(self.api)
        router.include_router(
            http_stories.routes(self.api, self._inside, Printer(wall_files.built()))
        )

        @router.get("/v1/demo/session", tags=["read"], summary="A token to look around a demo")
        async def get_demo_session() -> Response:
            if not self._settings.demo:
                raise Problem(404, "not_found", "this server is no demo")
            token = self._issuer.issue(self._organisations.root.code, "wall", DEMO_DAYS)
            return Response(
                msgspec.json.encode({"token": token}),
                media_type="application/json",
                headers={"Cache-Control": "no-store"},
            )

        return router

    def mount_wall(self, app: FastAPI, folder: Path | None = None) -> bool:
        """Serve the built wall at ``/``, after all other routes; False when none was built."""
        return wall_files.mount(app, folder or wall_files.built())


def application(dashboard: Dashboard) -> FastAPI:
    """An application that shows and does nothing else; its projector is another process."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[dict[str, Any]]:
        await dashboard.start(follow_checkpoints=True)
        yield dashboard.state
        await dashboard.stop()

    app = FastAPI(title="Yiping dashboard", lifespan=lifespan)
    problems.install(app)
    app.include_router(dashboard.routes())
    dashboard.mount_wall(app)
    return app


def _fujian() -> Path:
    return Path(str(resources.files("schemas") / "reference" / "map_fujian.topo.json"))
