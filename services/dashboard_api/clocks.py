"""Two clocks of a person: the legal one and the one of the area.  Pure.

The **legal clock** runs from 到案 (``arrived_at``), whatever the hour of admission, by the text
in force on that day; the stated ``limit_h`` picks the variant, a special group overrides it, an
extension that was granted moves it, never beyond what the law knows.  Time that the law excludes
does not count, and only that: an interval with any other reason is shown and counts.  Where the
facts do not say enough, what hangs on it is null and ``unknown`` says why.

The **clock of the area** runs from admission to leaving, without the time out of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from itertools import zip_longest
from typing import Any, NamedTuple

from schemas.facts.cases import CaseMeasured, Extension, Interval
from schemas.limits import LegalText, Limit, Limits, Variant
from services.dashboard_api.entries import moment_of
from services.dashboard_api.masking import MASK

NOBODY_SAID = "arrival_not_stated"
NO_MEASURE = "measure_not_stated"
OTHER_MEASURE = "measure_without_limit"
NO_TEXT = "no_text_in_force"
NO_LIMIT = "limit_not_stated"
OTHER_LIMIT = "limit_not_in_law"
EXCLUDED_OPEN = "excluded_interval_open"


class Measured(NamedTuple):
    """What one ``case.measured`` says of a person."""

    measure: str
    start: datetime | None
    extensions: Sequence[Extension]
    excluded: Sequence[Interval]


class Stay(NamedTuple):
    """What the clocks rest on."""

    fields: Mapping[str, Any]
    """The fields that a list of persons shows (``state``)."""
    steps: Sequence[tuple[datetime, str]]
    """When the person came to which status."""
    measured: Sequence[Measured]


def measured_of(fact: CaseMeasured) -> Measured:
    """What the clocks need of it."""
    return Measured(fact.measure, fact.start, fact.extensions or (), fact.excluded_intervals or ())


class Clocks:
    """Reads both clocks by the limits of the law; ``zone`` tells which day a moment is."""

    def __init__(self, limits: Limits, zone: tzinfo) -> None:
        self._limits = limits
        self._zone = zone

    def read(self, stay: Stay, moment: datetime) -> dict[str, Any]:
        """Both clocks as they stood at a moment, with all durations in seconds."""
        return {"legal": self._legal(stay, moment), "in_area": in_area(stay, moment)}

    def _legal(self, stay: Stay, moment: datetime) -> dict[str, Any]:
        limit = self._limit(stay)
        if isinstance(limit, str):
            return _told(unknown=limit)
        own = [m for m in stay.measured if m.measure in limit.names]
        started = _stated(stay, "arrived_at") or min(
            (m.start for m in own if m.start), default=None
        )
        if started is None:
            return _told(measure=limit.zh, code=limit.code, unknown=NOBODY_SAID)
        text = limit.text_on(started.astimezone(self._zone).date())
        if text is None:
            return _told(measure=limit.zh, code=limit.code, started_at=started, unknown=NO_TEXT)
        return _run(limit, text, stay, own, started, moment)

    def _limit(self, stay: Stay) -> Limit | str:
        """The limit that holds the person, or why none is known."""
        names = [stay.fields.get("measure"), stay.fields.get("arrival_mode")]
        for name in names:
            if limit := self._limits.named(name):
                return limit
        if limit := self._limits.based_on(stay.fields.get("legal_basis")):
            return limit
        return OTHER_MEASURE if any(names) else NO_MEASURE


def in_area(stay: Stay, moment: datetime) -> dict[str, Any]:
    """The clock of the area; ``used_s`` is null where the admission is not known."""
    entered = _stated(stay, "admitted_at") or _first(stay, "admitted")
    left = _stated(stay, "left_at") or _first(stay, "released")
    ends = min(left, moment) if left else moment
    following = [at for at, _ in stay.steps[1:]]
    out = [
        (at, back) for (at, status), back in zip_longest(stay.steps, following) if status == "out"
    ]
    away = [(at, back or ends) for at, back in out]
    return {
        "entered_at": entered,
        "left_at": left,
        "used_s": None if entered is None else _counted_s(entered, ends, away),
        "out": [{"from": at, "to": back} for at, back in out],
    }


def _run(
    limit: Limit,
    text: LegalText,
    stay: Stay,
    own: Sequence[Measured],
    started: datetime,
    moment: datetime,
) -> dict[str, Any]:
    """The clock of a limit that began."""
    ended = _ended(limit, stay, started)
    excluded = [_excluded(text, one) for m in own[-1:] for one in m.excluded]
    away = [(e["from"], e["to"]) for e in excluded if e["basis"]]
    extended = [_extended(one) for m in own[-1:] for one in m.extensions]
    variant = _variant(text, stay.fields)
    now = min(ended, moment) if ended else moment
    used_s = _counted_s(started, now, [(a, b or now) for a, b in away])
    told = {
        "measure": limit.zh,
        "code": limit.code,
        "basis": text.article,
        "started_at": started,
        "ended_at": ended,
        "used_s": used_s,
        "excluded": excluded,
        "extended": extended,
    }
    if isinstance(variant, str):
        return _told(**told, unknown=variant)
    limit_s = _granted_s(text, variant, extended, started, away)
    due = None if any(b is None for _, b in away) else _due(started, limit_s, away)
    return _told(
        **{**told, "basis": variant.article or text.article},
        ground=variant.zh,
        limit_s=limit_s,
        left_s=limit_s - used_s,
        due_at=due,
        unknown=EXCLUDED_OPEN if due is None else None,
    )


def _told(**known: Any) -> dict[str, Any]:
    """All members of a legal clock, null where nothing is known."""
    return {
        "measure": None,
        "code": None,
        "basis": None,
        "ground": None,
        "started_at": None,
        "ended_at": None,
        "limit_s": None,
        "excluded": [],
        "extended": [],
        "used_s": None,
        "left_s": None,
        "due_at": None,
        "unknown": None,
        **known,
    }


def _variant(text: LegalText, fields: Mapping[str, Any]) -> Variant | str:
    """The variant of a person, or why none is known."""
    groups = set(fields.get("special_groups") or ())
    for variant in text.variants:
        if groups & set(variant.groups) or fields.get("age_band") in variant.age_bands:
            return variant
    hours = fields.get("limit_h")
    if hours is None:
        return NO_LIMIT
    return next((v for v in text.variants if v.hours == hours), OTHER_LIMIT)


def _granted_s(
    text: LegalText,
    variant: Variant,
    extended: Sequence[Mapping[str, Any]],
    started: datetime,
    away: Sequence[tuple[datetime, datetime | None]],
) -> float:
    """The seconds that count, with what was granted on top; a special group gets nothing."""
    limit_s = variant.hours * 3600
    if variant.groups or not extended:
        return limit_s
    until = max(one["until"] for one in extended)
    granted_s = _counted_s(started, until, [(a, b or until) for a, b in away])
    most_s = max(v.hours for v in text.variants) * 3600
    return max(limit_s, min(granted_s, most_s))


def _ended(limit: Limit, stay: Stay, started: datetime) -> datetime | None:
    """When the person left, or another measure took the place of this one."""
    others = [m.start for m in stay.measured if m.start and m.measure in limit.ends_with]
    left = _stated(stay, "left_at") or _first(stay, "released")
    return min((at for at in (*others, left) if at and at >= started), default=None)


def _excluded(text: LegalText, interval: Interval) -> dict[str, Any]:
    """An interval as it was stated; ``basis`` is null where the law lets it count."""
    exclusion = text.exclusion(interval.reason)
    return {
        "from": interval.start,
        "to": interval.end,
        "reason": interval.reason,
        "basis": exclusion.article if exclusion else None,
    }


def _extended(extension: Extension) -> dict[str, Any]:
    return {
        "until": extension.until,
        "basis": extension.basis,
        "approver": MASK if extension.approver else None,
    }


def _due(
    started: datetime, limit_s: float, away: Iterable[tuple[datetime, datetime | None]]
) -> datetime:
    """When so much time will have counted."""
    due = started + timedelta(seconds=limit_s)
    for since, until in _disjoint((a, b or a) for a, b in away):
        since = max(since, started)
        if since < due and until > since:
            due += until - since
    return due


def _counted_s(
    since: datetime, until: datetime, away: Iterable[tuple[datetime, datetime]]
) -> float:
    """Seconds from one moment to another without some stretches; never negative."""
    total = max(until - since, timedelta(0))
    for begins, ends in _disjoint(away):
        total -= max(min(ends, until) - max(begins, since), timedelta(0))
    return total.total_seconds()


def _disjoint(
    stretches: Iterable[tuple[datetime, datetime]],
) -> list[tuple[datetime, datetime]]:
    """The same time in stretches that do not overlap, in order."""
    found: list[tuple[datetime, datetime]] = []
    for since, until in sorted(stretches):
        if found and since <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], until))
        else:
            found.append((since, until))
    return found


def _stated(stay: Stay, field: str) -> datetime | None:
    text = stay.fields.get(field)
    return None if text is None else moment_of(text)


def _first(stay: Stay, status: str) -> datetime | None:
    return next((at for at, came in stay.steps if came == status), None)
