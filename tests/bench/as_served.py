"""Work in this process under the loop and the collector of the product's servers."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

import uvloop

from services.backbone.collection import collect_rarely

R = TypeVar("R")


def as_served(work: Coroutine[Any, Any, R]) -> R:
    """What a coroutine gives, run as ``services.backbone.serving`` runs a server."""
    collect_rarely()
    return uvloop.run(work)
