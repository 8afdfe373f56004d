"""Organisations and the words of the screen, as the API tells them.  Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from schemas.elements import ELEMENTS
from schemas.organisations import Organisation, Organisations
from services.backbone.identity import Identity
from services.dashboard_api.panels.levels import Levels, standing, total

MAP_ATTRIBUTION = "底图来源：天地图 审图号：GS(2024)0650"


def vocabulary(map_attribution: str, zone: str) -> dict[str, Any]:
    """The six elements and their statuses, in Chinese and English."""
    return {
        "elements": [
            {
                "name": element.name,
                "character": element.character,
                "zh": element.chinese,
                "en": element.english,
                "number_zh": element.number_chinese,
                "number_en": element.number_english,
                "statuses": [
                    {"name": s.name, "zh": s.chinese, "en": s.english, "active": s.active}
                    for s in element.statuses
                ],
            }
            for element in ELEMENTS.values()
        ],
        "map_attribution": map_attribution,
        "time_zone": zone,
    }


def within(
    organisations: Organisations, identity: Identity, known: Iterable[str]
) -> list[dict[str, Any]]:
    """All organisations within a scope: the listed ones, and units that were ever responsible."""
    listed = {o.code: o for o in organisations if identity.may_see(o.code)}
    units = {
        code: organisations.get(code)
        for code in known
        if code not in listed and identity.may_see(code) and organisations.knows(code)
    }
    found = {**listed, **units}
    return [_told(found[code]) for code in sorted(found)]


def counts(
    levels: Levels, organisations: Organisations, org: Organisation, as_of: datetime
) -> dict[str, Any]:
    """An organisation, what lies directly below it, and the numbers of each."""
    below: dict[str, Organisation] = {o.code: o for o in organisations.children(org.code)}
    for element in ELEMENTS:
        for code, numbers in levels.children(element, org.code).items():
            if any(numbers.values()) and organisations.knows(code):
                below.setdefault(code, organisations.get(code))
    return {
        "code": org.code,
        "name": org.name,
        "level": org.level,
        "parent": org.parent,
        "as_of": as_of,
        "counts": {
            element: {
                "total": total(element, levels.statuses(element, org.code)),
                "statuses": standing(levels.statuses(element, org.code)),
            }
            for element in ELEMENTS
        },
        "children": [
            {**_told(child), "own": code == org.code, "counts": _totals(levels, org.code, code)}
            for code, child in sorted(below.items())
        ],
    }


def _totals(levels: Levels, parent: str, code: str) -> dict[str, int]:
    return {
        element: total(element, levels.children(element, parent).get(code, {}))
        for element in ELEMENTS
    }


def _told(org: Organisation) -> dict[str, Any]:
    return {
        "code": org.code,
        "name": org.name,
        "level": org.level,
        "parent": org.parent,
        "lon": org.lon,
        "lat": org.lat,
    }
