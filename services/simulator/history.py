"""Loading history: one connection, in order, each event with the time at which it was received.

While one batch is on its way the next is made; never are two on their way, because a load that
overtook itself would be refused.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from itertools import islice

from services.simulator.feed import Feed
from services.simulator.message import Message
from services.simulator.post_office import PostOffice

BATCH_EVENTS = 2_000

Answered = Callable[[int, int], None]
"""Told, after each batch, the moment up to which all is answered and how many were sent."""


async def load(
    feed: Feed,
    office: PostOffice,
    token: str,
    *,
    until: int,
    received_from: int,
    skip: Callable[[Message], bool],
    answered: Answered,
    stopped: Callable[[], bool],
) -> None:
    """Send everything up to ``until`` that ``skip`` does not know to be answered already.

    Ends early, in order, once ``stopped``.
    """
    messages = (
        message
        for message in feed.until(until, importing=True, received_from=received_from)
        if not skip(message)
    )
    batch = await asyncio.to_thread(_next, messages)
    while batch:
        ahead = asyncio.create_task(asyncio.to_thread(_next, messages))
        await office.post(token, batch)
        # Others of the same moment may still follow.
        answered(batch[-1].moment - 1, len(batch))
        batch = await ahead
        if stopped():
            return
    answered(until, 0)


def _next(messages: Iterator[Message]) -> list[Message]:
    return list(islice(messages, BATCH_EVENTS))
