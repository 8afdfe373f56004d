"""A read side on a real chDB whose views are filled as the projector fills them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from types import TracebackType
from typing import Self
from zoneinfo import ZoneInfo

from schemas import limits, organisations
from schemas.elements import ELEMENTS
from schemas.organisations import scope_of
from services.backbone.log import LOAD_PREFIX, Entry
from services.backbone.progress import Progress
from services.backbone.telemetry import Metrics
from services.backbone.warehouse import connect
from services.dashboard_api.drilldown import DrillDown
from services.dashboard_api.frames_at import Frames
from services.dashboard_api.inside import Inside
from services.dashboard_api.law import Law
from services.dashboard_api.live import Live, Pace
from services.dashboard_api.moment import Moments
from services.dashboard_api.panels import freshness
from services.dashboard_api.readers import Readers
from services.dashboard_api.reads import Reads
from services.dashboard_api.timeline import Timelines
from services.projector.keyframes import Keyframes
from services.projector.migrations import apply
from tests.dashboard_api.histories import record_in

FUJIAN = organisations.load()
CENTRES = freshness.expected(FUJIAN)
PROVINCE = "350000000000"
EAGER = Pace(freshness_s=0, reload_s=0, reload_rest=0, unwatched_rest_s=0, check_s=1e9)
"""Renders freshness with every tick and never waits between reloads."""


class World:
    """Views, and everything that reads them but the doors."""

    def __init__(self, dsn: str, *, reading: int = 1) -> None:
        """``reading`` clients ask at once."""
        self.dsn = dsn
        self.writing = connect(dsn)
        apply(self.writing)
        self.keyframes = Keyframes(self.writing)
        self.progress = Progress()
        self.entries: list[Entry] = []
        self.readers = Readers([connect(dsn) for _ in range(reading)])
        self.reads = Reads(self.readers, Moments(self.readers, self.progress))
        self.frames = Frames(
            self.reads, self.reads.first_heard, FUJIAN, CENTRES, freshness.Thresholds()
        )
        law = Law(limits.load(), ZoneInfo("Asia/Shanghai"))
        self.drilldown = DrillDown(self.readers, law)
        self.inside = Inside(self.readers, self.drilldown, law.clocks)
        self.timelines = Timelines(self.readers)
        self.metrics = Metrics()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.readers.close()
        self.writing.close()

    def take(self, entries: Sequence[Entry], watermark: datetime | None = None) -> None:
        """Put entries into the views, close their days and report, as the projector does."""
        records = [record_in(entry) for entry in entries]
        if entries:
            self.writing.insert_json("events", b"\n".join(entry.body for entry in entries))
        self.entries += entries
        reached = {record.node: record.received_at for record in records}
        self.keyframes.close(reached)
        live = [at for node, at in reached.items() if not node.startswith(LOAD_PREFIX)]
        self.progress.applied(
            {record.node: record.position for record in records},
            max([*live, *([watermark] if watermark else [])], default=self.watermark),
        )

    @property
    def watermark(self) -> datetime:
        """Up to when everything is in the views."""
        return self.progress.snapshot().watermark

    def live(self, *, now: datetime | None = None, pace: Pace = EAGER) -> Live:
        """A live side of its own; its clock stands at the watermark unless told otherwise."""
        return Live(
            reads=self.reads,
            checks=self.reads,
            progress=self.progress,
            organisations=FUJIAN,
            centres=CENTRES,
            now=lambda: now or self.watermark,
            metrics=self.metrics,
            pace=pace,
            thresholds=freshness.Thresholds(),
        )


def levels_by_hand(entries: Iterable[Entry], as_of: datetime) -> dict[tuple[str, str, str], int]:
    """How many things stand where, counted one by one from the log alone."""
    where: dict[tuple[str, str], tuple[str, str]] = {}
    for record in sorted(map(record_in, entries), key=lambda r: (r.stream, r.version)):
        if record.received_at <= as_of:
            for change in record.changes:
                where[change.element, change.id] = (change.to_org, change.to_status)
    counted: dict[tuple[str, str, str], int] = {}
    for (element, _), (org, status) in where.items():
        if status:
            counted[element, org, status] = counted.get((element, org, status), 0) + 1
    return counted


def total_by_hand(entries: Iterable[Entry], element: str, org: str, as_of: datetime) -> int:
    """Active things of an organisation, counted one by one from the log alone."""
    return sum(
        n
        for (kind, code, status), n in levels_by_hand(entries, as_of).items()
        if kind == element and code.startswith(scope_of(org)) and status in ELEMENTS[element].active
    )
