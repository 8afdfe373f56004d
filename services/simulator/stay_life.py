"""人: one stay in the handling area, from 到案 to 离区.  Pure.

Rooms are booked while the stay is planned, so nobody is questioned in a room that is taken;
who finds none waits, as in life.
"""

from __future__ import annotations

from services.simulator import made_up, stay_facts, words
from services.simulator.bookings import Bookings, Visit
from services.simulator.draws import between, pick, skewed
from services.simulator.province import Room
from services.simulator.roots import Root
from services.simulator.stay_facts import Stay
from services.simulator.times import HOUR, MINUTE


def stay(seed: int, root: Root, number: str, bookings: Bookings) -> Stay:
    """Plan a stay, booking rooms as it goes."""
    life = Stay(root.centre, root.unit, seed, "stay", number)
    random = life.random
    life.root, life.number, life.visits = root, number, []
    life.human = made_up.human(random)
    life.mode = words.ARRIVAL_MODES[root.kind].draw(random)
    life.limit_h = words.LIMITS_H[life.mode].draw(random)
    life.risk = words.RISKS.draw(random)
    life.handler = pick(random, root.unit.officers)
    life.approver = root.unit.officers[0]
    life.destination = words.DESTINATIONS[root.kind].draw(random)
    life.band = f"W{int(random.random() * 10_000):04d}"
    life.taken_before = random.random() < 0.22
    group = words.SPECIAL_GROUPS.draw(random)
    minor = life.human.age_band in ("<14", "14-17")
    life.groups = [g for g in (group, "未成年人" if minor else None) if g]
    life.arrived = root.brought + between(random, 0, 12 * MINUTE)
    life.admitted = life.arrived + between(random, 3 * MINUTE, 12 * MINUTE)
    until = life.arrived + int(life.limit_h * HOUR)
    if random.random() < 0.975:
        until -= between(random, 4 * MINUTE, 50 * MINUTE)
    else:
        until += skewed(random, 35 * MINUTE, 0.8, 6 * HOUR)
    here = _enter(life)
    here = _questioned(life, here, until, bookings)
    _leave(life, here, until)
    life.planned()
    return life


def _room(life: Stay, kind: str) -> Room:
    return pick(life.random, life.centre.rooms[kind])


def _waiting_room(life: Stay) -> Room:
    if "未成年人" in life.groups:
        return _room(life, "waiting_minors")
    if life.risk == "高" and life.random.random() < 0.4:
        return _room(life, "waiting_special")
    return _room(life, "waiting_men" if life.human.sex == "男" else "waiting_women")


def _enter(life: Stay) -> int:
    """到案, 入区, 安检, 采集; gives the moment at which the person begins to wait."""
    random, search, sampling = life.random, _room(life, "search"), _room(life, "sampling")
    if random.random() < 0.93:
        life.sensed(life.arrived, stay_facts.arrived)
    life.typed(life.admitted, stay_facts.admitted)
    start = life.admitted + between(random, 2 * MINUTE, 7 * MINUTE)
    end = start + between(random, 3 * MINUTE, 9 * MINUTE)
    life.sensed(start, stay_facts.moved, "search", None, search)
    life.typed(end, stay_facts.searched, start, end, random.random())
    life.visits.append(Visit(search, start, end))
    start = end + between(random, MINUTE, 4 * MINUTE)
    end = start + between(random, 8 * MINUTE, 19 * MINUTE)
    life.sensed(start, stay_facts.moved, "sampling", search, sampling)
    life.typed(end, stay_facts.sampled, random.random())
    life.visits.append(Visit(sampling, start, end))
    life.typed(end + MINUTE, stay_facts.rights_given, "权利义务告知", True)
    return end + between(random, MINUTE, 3 * MINUTE)


def _questioned(life: Stay, here: int, until: int, bookings: Bookings) -> int:
    """Wait and be questioned in turn; gives when the last talk was over."""
    random = life.random
    rounds = 1 + int(random.random() * (2.2 if life.limit_h <= 8 else 3.4))
    for n in range(rounds):
        length = skewed(random, 66 * MINUTE, 0.42, 170 * MINUTE)
        room, start = bookings.take(here + between(random, 25 * MINUTE, 95 * MINUTE), length)
        if n and start + length + 20 * MINUTE > until:
            break
        waiting = _waiting_room(life)
        _wait(life, waiting, here, start - 2 * MINUTE, told=n == 0)
        life.sensed(start - 2 * MINUTE, stay_facts.moved, "interview", waiting, room)
        life.visits.append(Visit(room, start - 2 * MINUTE, start + length + MINUTE, True))
        officers = [life.handler, pick(random, life.unit.officers)]
        if random.random() < 0.03 and life.root.kind != "criminal":
            del officers[1]
        life.typed(start, stay_facts.interviewed, room, start, None, officers, n)
        life.typed(start + length, stay_facts.interviewed, room, start, start + length, officers, n)
        here = start + length + between(random, MINUTE, 2 * MINUTE)
    return here


def _wait(life: Stay, room: Room, start: int, end: int, *, told: bool) -> None:
    """Be brought to a waiting room and looked after until ``end``."""
    random = life.random
    life.sensed(start, stay_facts.moved, "waiting", None, room)
    if told:
        life.typed(
            start + between(random, 5 * MINUTE, 100 * MINUTE), stay_facts.rights_given, "家属通知",
            random.random() < 0.94,
        )  # fmt: skip
    step = words.CHECK_MINUTES[life.risk] * MINUTE
    at = start + int(step * (0.6 + 0.35 * random.random()))
    while at < end:
        life.typed(at, stay_facts.checked, at, step, random.random())
        at += int(step * (0.75 + 0.3 * random.random()))
    if end > start:
        life.visits.append(Visit(room, start, end))


def _leave(life: Stay, here: int, until: int) -> None:
    """Wait for the decision, perhaps go out for a time, and leave."""
    random = life.random
    life.left = here + skewed(random, 190 * MINUTE, 0.6, 14 * HOUR)
    late = until > life.arrived + life.limit_h * HOUR
    life.left = max(life.left, until) if late else min(life.left, max(until, here + 15 * MINUTE))
    if life.left - here > 100 * MINUTE and random.random() < 0.16:
        out = here + between(random, 15 * MINUTE, 40 * MINUTE)
        back = out + between(random, 25 * MINUTE, (life.left - out) // 2)
        first = _waiting_room(life)
        _wait(life, first, here, out, told=False)
        life.sensed(out, stay_facts.moved, "outside", first, None)
        here = back
    room = _waiting_room(life)
    _wait(life, room, here, life.left, told=False)
    life.typed(life.left, stay_facts.released)
