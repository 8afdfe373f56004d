"""What a record says in Chinese: an event in a line, and the words of its page.  Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any

from schemas.classes import CLASSES
from schemas.elements import ELEMENTS

TITLE = "案件全程记录"
AXES = {"occurred": "按发生时间", "received": "按接收时间（当时所知）"}
ROLES = {"wall": "大屏", "supervisor": "监督员", "legal": "法制员", "auditor": "审计员"}
CHAINS = {"checked": "已核验", "broken": "链断", "newest": "最新"}
COLUMNS = ("发生", "录入", "接收", "内容", "标记", "哈希")
APPENDIX = ("事件哈希", "事件", "链", "SHA-256（存储原文）")
SHORT = 10
"""So many digits of a hash stand in the table; the whole stands behind."""


def moment(at: datetime, zone: tzinfo) -> str:
    """To the second, as the place counts."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}"


def what(event: Mapping[str, Any]) -> str:
    """The class, the thing, and what moved."""
    row = CLASSES.get(event["type"])
    moved = [
        f"{_status(change['element'], change['from'])} → {_status(change['element'], change['to'])}"
        for change in event["changes"]
        if change["to"] and change["from"] != change["to"]
    ]
    name = row.chinese if row else event["type"]
    character = ELEMENTS[event["element"]].character
    return "\n".join([f"{name} · {character} {event['subject']}", *moved])


def marks(event: Mapping[str, Any]) -> str:
    """What is out of the ordinary: late, corrected, corrects another, an unusual move, a break."""
    found = []
    if event["late"]:
        found.append("迟到")
    if event["late_s"] >= 60:
        found.append(f"迟录 {lasting(event['late_s'])}")
    if event["corrects"]:
        found.append(f"更正 {event['corrects']}")
    if event["corrected_by"]:
        found.append(f"已被更正 {event['corrected_by']}")
    if event["unusual"]:
        found.append("异常流转")
    if event["chain"] == "broken":
        found.append("链断")
    return "\n".join(found)


def lasting(seconds: float) -> str:
    """A duration in the largest two units."""
    minutes = int(seconds) // 60
    days, hours = minutes // 1440, minutes // 60 % 24
    if days:
        return f"{days} 天 {hours} 时"
    return f"{hours} 时 {minutes % 60} 分" if hours else f"{minutes} 分"


def seams(record: Mapping[str, Any], zone: tzinfo) -> list[str]:
    """Each gap and overlap of the case in a line."""
    lines = []
    for thing in record["things"]:
        character = ELEMENTS[thing["element"]].character
        for one in (*thing["gaps"], *thing["overlaps"]):
            until = moment(one["to"], zone) if one["to"] else "至今"
            lines.append(
                f"{_SEAMS[one['kind']]} · {character} {thing['id']}"
                f" · {moment(one['from'], zone)} – {until}"
            )
    return lines


_SEAMS = {
    "out": "临时出所",
    "unchecked": "逾期未巡查",
    "unrecorded": "在场无录音录像",
    "two_rooms": "同时在两处",
    "two_interviews": "同时两次讯询问",
}


def _status(element: str, name: str | None) -> str:
    return ELEMENTS[element].status(name).chinese if name else "无"
