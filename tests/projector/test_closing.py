"""When days are looked after."""

from datetime import timedelta
from itertools import islice

from services.backbone.log import Complete
from services.backbone.warehouse import Warehouse
from services.projector.closing import LOOK_EVERY_S, DayEnds
from services.projector.extent import Extent
from tests.support.projecting import checkpoint, insert
from tests.support.records import START, province

NEXT_DAY = START + timedelta(days=1)


def keyframes(warehouse: Warehouse) -> int:
    """How many days have one."""
    ((days,),) = warehouse.rows("SELECT uniqExact(day) FROM keyframes")
    return int(days)


def test_one_that_has_all_closes_what_it_knows_to_be_complete(warehouse: Warehouse) -> None:
    """At once, from its own knowledge."""
    insert(warehouse, islice(province(2), 20))
    extent = Extent({}, {("main", "main"): Complete(20, NEXT_DAY)})
    DayEnds(warehouse, shared=False).close(extent, 0.0)

    assert keyframes(warehouse) == 1


def test_who_shares_closes_what_all_say_is_complete(warehouse: Warehouse) -> None:
    """Its own share may be further than that of the others; it asks once in a while."""
    insert(warehouse, islice(province(2), 20))
    mine = Extent({}, {("0", "main"): Complete(20, NEXT_DAY)})
    days = DayEnds(warehouse, shared=True)
    days.close(mine, 0.0)
    assert keyframes(warehouse) == 0
    checkpoint(warehouse, "main", 20, NEXT_DAY)
    days.close(mine, LOOK_EVERY_S - 1)
    assert keyframes(warehouse) == 0

    days.close(mine, LOOK_EVERY_S)
    assert keyframes(warehouse) == 1
