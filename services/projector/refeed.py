"""Feeding ``events`` again straight from an event store, where the log has lost a part.

From each node's complete position to its head.  Whatever stands already is inserted again,
which changes nothing, so it can be broken off and begun again, beside running projectors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from services.backbone.log import Complete, Log
from services.backbone.warehouse import Warehouse
from services.projector import checkpoints
from services.projector.batch import BLOCK_ROWS, Block
from services.projector.extent import later
from services.projector.inserting import insert

BEYOND = 2**63 - 1
NOTHING = Complete(0, checkpoints.UNHEARD)

Fed = Callable[[int, int], None]
"""Hears (records done, records in all)."""


class Refed(NamedTuple):
    """What a refeed did."""

    records: int
    set_aside: int
    holes: dict[str, int]
    """The holes by partition that it mends, for the nodes of this event store."""


def refeed(
    warehouse: Warehouse,
    store: Log,
    fed: Fed = lambda _done, _total: None,
    *,
    rows: int = BLOCK_ROWS,
) -> Refed:
    """Feed all nodes of an event store's own log; tells what was done.

    Raises WarehouseFailed and StoreUnavailable; then nothing counts as mended.
    """
    # Holes first, then the heads: whatever is in a hole was recorded before it was found.
    holes = {p: at.hole for p, at in checkpoints.read(warehouse).items() if at.hole}
    stands = checkpoints.complete(warehouse)
    watermarks = store.watermarks()
    heads = store.ends()
    told = {node: stands.get(node, NOTHING) for node in heads}
    after = {node: min(at.position, heads[node]) for node, at in told.items()}
    total = sum(heads[node] - at for node, at in after.items())
    done = set_aside = 0
    while portion := store.read(_open(after, heads), rows):
        set_aside += insert(warehouse, Block([("", portion.entries)], {}, {}, []))
        after[portion.partition] = portion.after
        told |= {node: later(told[node], at) for node, at in portion.complete.items()}
        done += len(portion.entries)
        fed(done, max(total, done))
    told |= {node: later(told[node], at) for node, at in watermarks.items() if node in told}
    checkpoints.write_refeeds(warehouse, told, holes)
    return Refed(done, set_aside, holes)


def _open(after: Mapping[str, int], heads: Mapping[str, int]) -> dict[str, int]:
    """Where to read on, past all that comes in meanwhile: the log brings that."""
    return {node: at if at < heads[node] else BEYOND for node, at in after.items()}
