"""场所: classes 22 and 23."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from schemas.facts.fields import Count, Fact, Moment, RoomId, Text


class RoomStatusChanged(Fact, frozen=True, kw_only=True):
    """22 房间与值守状态."""

    room_id: RoomId
    zone: Text | None = None
    kind: Text | None = None
    name: Text | None = None
    occupancy: Count | None = None
    capacity: Count | None = None
    guard: bool | None = None
    """An officer is on guard; 盘规29 asks for one whenever the room is used."""
    online: bool | None = None
    door: Text | None = None
    environment: Text | None = None


class RecordingStatusChanged(Fact, frozen=True, kw_only=True):
    """23 录音录像与设备状态 (治97, 108, 137)."""

    room_id: RoomId
    channel: Text
    state: Literal["recording", "standby", "gap", "fault", "offline"]
    gap_from: Moment | None = None
    gap_to: Moment | None = None
    clock_offset_s: float | None = None
    disk_left: Annotated[float, Meta(ge=0, le=1)] | None = None
    """Share of the disk that is free, 0 to 1."""
    file_hash: Text | None = None
