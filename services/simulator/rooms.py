"""场所: rooms fill and empty, cameras run, and now and then a guard or a device fails.  Pure.

Who is in a room comes of the stays, so a centre's rooms share one ledger.  A stay is over in a
few days: a ledger that is led through the visits of the last days is right, however it began.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from schemas.facts.places import RecordingStatusChanged, RoomStatusChanged
from services.simulator import curve
from services.simulator.bookings import Visit
from services.simulator.draws import between, pick, whole
from services.simulator.life import Life, Moment
from services.simulator.province import Centre, Room
from services.simulator.times import DAY, HOUR, MINUTE, SECOND, midnight

SENSOR_LAG = 1_500_000
CAMERA_LAG = 2_500_000
INSPECTED_EVERY = 12 * MINUTE
GUARDED = ("waiting_men", "waiting_women", "waiting_minors", "waiting_special")


class Ledger:
    """How the rooms of one centre stand."""

    def __init__(self) -> None:
        self.inside: dict[str, int] = {}
        self.unguarded: set[str] = set()
        self.offline: set[str] = set()
        self.broken: set[str] = set()


class RoomDay(Life):
    """What happens to a centre's rooms because of one day."""

    __slots__ = ("ledger",)

    ledger: Ledger


def room_day(
    seed: int, centre: Centre, day: int, ledger: Ledger, visits: Iterable[Visit]
) -> RoomDay:
    """Plan the rooms from the visits of those who came on that day."""
    life = RoomDay(centre, centre.units[0], seed, "rooms", centre.code, day)
    life.ledger = ledger
    for room, start, end, recorded in visits:
        life.marked(start, SENSOR_LAG, _entered, room)
        life.marked(end, SENSOR_LAG, _left, room)
        if recorded:
            life.marked(start, CAMERA_LAG, _filmed, room, "recording")
            life.marked(end, CAMERA_LAG, _filmed, room, "standby")
            if life.random.random() < 0.012:
                _gap(life, room, between(life.random, start, end))
    _failures(life, day)
    _inspections(life, day)
    life.planned()
    return life


def inventory(seed: int, centre: Centre, ledger: Ledger, at: int) -> RoomDay:
    """Every room as it stands at a moment, told before anything else of it."""
    life = RoomDay(centre, centre.units[0], seed, "inventory", centre.code, at)
    life.ledger = ledger
    for room in centre.all_rooms:
        life.marked(at, 0, _listed, room)
    life.planned()
    return life


def _gap(life: RoomDay, room: Room, begins: int) -> None:
    """The recording of a talk breaks off for a while."""
    ends = begins + between(life.random, 12 * SECOND, 7 * MINUTE)
    life.marked(begins, CAMERA_LAG, _broke, room, "gap")
    life.marked(ends, CAMERA_LAG, _mended, room, begins, ends)


def _inspections(life: RoomDay, day: int) -> None:
    """Camera after camera reports its clock and disk: a centre is never silent for long."""
    cameras = [room for room in life.centre.all_rooms if room.channel]
    first = midnight(day) + life.centre.number * INSPECTED_EVERY // 92
    for n in range(DAY // INSPECTED_EVERY):
        room = cameras[n % len(cameras)]
        at = first + n * INSPECTED_EVERY
        life.marked(at, CAMERA_LAG, _inspected, room, life.random.random())


def _failures(life: RoomDay, day: int) -> None:
    """Guards who leave, controllers that fall silent, cameras that fail."""
    random, rooms = life.random, life.centre.rooms
    busy = life.centre.share * 92
    for _ in range(whole(random, 6.0 * busy)):
        room = pick(random, rooms[pick(random, GUARDED)])
        at = midnight(day) + curve.time_of_day(random)
        life.marked(at, SENSOR_LAG, _guard, room, False)
        life.marked(at + between(random, MINUTE, 25 * MINUTE), SENSOR_LAG, _guard, room, True)
    for _ in range(whole(random, 0.05)):
        room = pick(random, life.centre.all_rooms)
        at = midnight(day) + curve.time_of_day(random)
        life.marked(at, SENSOR_LAG, _online, room, False)
        back = at + between(random, 4 * MINUTE, 100 * MINUTE)
        life.marked(back, SENSOR_LAG, _online, room, True)
    for _ in range(whole(random, 0.06)):
        room = pick(random, rooms["interrogation"])
        at = midnight(day) + between(random, 7 * HOUR, 20 * HOUR)
        mended = at + between(random, 20 * MINUTE, 6 * HOUR)
        life.marked(at, CAMERA_LAG, _broke, room, "fault")
        life.marked(mended, CAMERA_LAG, _mended, room, at, mended)


def standing(centre: Centre, ledger: Ledger, room: Room) -> RoomStatusChanged:
    """How a room stands now, whole: a list shows the newest fact of this class alone."""
    inside = ledger.inside.get(room.id, 0)
    return RoomStatusChanged(
        org=centre.code,
        room_id=room.id,
        zone=room.zone,
        kind=room.kind,
        name=room.name,
        occupancy=inside,
        capacity=room.capacity,
        guard=room.id not in ledger.unguarded,
        online=room.id not in ledger.offline,
        door="关" if inside else "开",
    )


def _listed(life: RoomDay, at: Moment, room: Room) -> RoomStatusChanged:
    return standing(life.centre, life.ledger, room)


def _entered(life: RoomDay, at: Moment, room: Room) -> RoomStatusChanged:
    inside = life.ledger.inside
    inside[room.id] = inside.get(room.id, 0) + 1
    return standing(life.centre, life.ledger, room)


def _left(life: RoomDay, at: Moment, room: Room) -> RoomStatusChanged:
    inside = life.ledger.inside
    inside[room.id] = max(0, inside.get(room.id, 0) - 1)
    return standing(life.centre, life.ledger, room)


def _guard(life: RoomDay, at: Moment, room: Room, there: bool) -> RoomStatusChanged | None:
    """Seen only where somebody is in the room."""
    ledger = life.ledger
    if there:
        if room.id not in ledger.unguarded:
            return None
        ledger.unguarded.discard(room.id)
    else:
        if not ledger.inside.get(room.id):
            return None
        ledger.unguarded.add(room.id)
    return standing(life.centre, ledger, room)


def _online(life: RoomDay, at: Moment, room: Room, online: bool) -> RoomStatusChanged:
    if online:
        life.ledger.offline.discard(room.id)
    else:
        life.ledger.offline.add(room.id)
    return standing(life.centre, life.ledger, room)


def _filmed(life: RoomDay, at: Moment, room: Room, state: str) -> RecordingStatusChanged | None:
    if room.id in life.ledger.broken:
        return None
    return _recording(life, room, state)


def _broke(life: RoomDay, at: Moment, room: Room, state: str) -> RecordingStatusChanged:
    life.ledger.broken.add(room.id)
    return _recording(life, room, state)


def _mended(
    life: RoomDay, at: Moment, room: Room, begins: int, ends: int
) -> RecordingStatusChanged:
    life.ledger.broken.discard(room.id)
    state = "recording" if life.ledger.inside.get(room.id) else "standby"
    return _recording(life, room, state, gap=(at(begins), at(ends)))


def _inspected(
    life: RoomDay, at: Moment, room: Room, chance: float
) -> RecordingStatusChanged | None:
    """The self-check: clock and disk."""
    if room.id in life.ledger.broken:
        return None
    state = "recording" if life.ledger.inside.get(room.id) else "standby"
    offset = round((chance - 0.5) * 4, 2) if chance < 0.985 else 7.5
    return _recording(life, room, state, offset=offset, disk=round(0.1 + 0.8 * chance, 3))


def _recording(
    life: RoomDay,
    room: Room,
    state: str,
    *,
    gap: tuple[datetime, datetime] | None = None,
    offset: float | None = None,
    disk: float | None = None,
) -> RecordingStatusChanged:
    return RecordingStatusChanged(
        org=life.centre.code,
        room_id=room.id,
        channel=room.channel or f"{room.id}-V1",
        state=state,  # type: ignore[arg-type]  # planned above from the Literal's own values
        gap_from=gap[0] if gap else None,
        gap_to=gap[1] if gap else None,
        clock_offset_s=offset,
        disk_left=disk,
    )
