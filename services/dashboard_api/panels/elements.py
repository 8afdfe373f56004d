"""The panel of one of the six elements: from numbers to a frame.  Pure."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from schemas.elements import ELEMENTS
from schemas.frames import ChildNumbers, ElementFrame
from schemas.organisations import Organisations, scope_of
from services.dashboard_api.panels.buckets import bucket_of_moment, buckets_until, key_of
from services.dashboard_api.panels.levels import Levels, standing, total
from services.dashboard_api.panels.sources import Heard

PANELS = tuple(ELEMENTS)

bucket_key = lru_cache(maxsize=4096)(key_of)


class Listed(NamedTuple):
    """The listed organisations that a frame shows even where nothing was counted."""

    children: dict[str, tuple[str, ...]]
    counties: dict[str, tuple[str, ...]]


def listed(organisations: Organisations) -> Listed:
    """Children and counties of every listed organisation."""
    codes = [o.code for o in organisations]
    return Listed(
        {c: tuple(o.code for o in organisations.children(c)) for c in codes},
        {
            c: tuple(o.code for o in organisations.below(c) if o.level == "county")
            for c in codes
            if len(scope_of(c)) < 6
        },
    )


def render(
    levels: Levels,
    heard: Heard,
    shown: Listed,
    *,
    element: str,
    org: str,
    as_of: datetime,
    sources: str,
) -> ElementFrame:
    """The frame of an organisation; ``sources`` is the scope of those that speak for it."""
    statuses = levels.statuses(element, org)
    children = {code: ChildNumbers(total=0, statuses={}) for code in shown.children.get(org, ())}
    for code, numbers in levels.children(element, org).items():
        if code in children or any(numbers.values()):
            children[code] = ChildNumbers(total=total(element, numbers), statuses=standing(numbers))
    counties = dict.fromkeys(shown.counties.get(org, ()), 0)
    for code, n in levels.counties(element, org):
        if n or code in counties:
            counties[code] = n
    newest = bucket_of_moment(as_of)
    values = levels.trend(element, org, newest)
    return ElementFrame(
        panel=element,
        org=org,
        as_of=as_of,
        total=total(element, statuses),
        statuses=standing(statuses),
        children=children,
        counties=counties,
        trend={
            bucket_key(bucket): value if heard.knows(sources, bucket) else None
            for bucket, value in zip(buckets_until(newest), values, strict=True)
        },
    )
