"""A process that serves HTTP: its log, its memory, its signals, its end."""

from __future__ import annotations

import faulthandler
import logging
import signal
import threading
from asyncio import Protocol
from contextlib import suppress
from socket import socket
from typing import Literal

import uvicorn
from fastapi import FastAPI

from services.backbone.collection import collect_rarely
from services.backbone.telemetry import log_to_stderr

SHUTDOWN_S = 5
HANGS_S = 120
TICKS_A_SECOND = 10
"""Of uvicorn's main loop."""

log = logging.getLogger(__name__)


class Watched(uvicorn.Server):
    """Ends its process where nothing moves any more, for whoever supervises it to begin anew.

    A watch outside Python's threads says where each of them stands, then exits with status 1.
    It asks for no lock of theirs, so that nothing that they wait for can hold it up.
    """

    has_lost_a_thread = False

    def end_with(self, died: threading.ExceptHookArgs) -> None:
        """End in good order after a thread that died: what it did, nobody does any more."""
        if died.exc_type is SystemExit:
            return
        name = died.thread.name if died.thread else "?"
        error = died.exc_value or died.exc_type()
        log.critical("the thread %s has died, so the process ends", name, exc_info=error)
        self.has_lost_a_thread = self.should_exit = True

    async def on_tick(self, counter: int) -> bool:
        """As uvicorn's; each second puts the watch off."""
        if counter % TICKS_A_SECOND == 0:
            faulthandler.dump_traceback_later(HANGS_S, exit=True)
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """As uvicorn's; what is under way then may take as long as it needs."""
        faulthandler.cancel_dump_traceback_later()
        await super().shutdown(sockets)


def serve(
    app: FastAPI, host: str, port: int, sockets: Literal["none"] | type[Protocol] = "none"
) -> int:
    """Serve until SIGINT or SIGTERM; either is an orderly end.  The status to exit with.

    What does not move for ``HANGS_S`` ends the process, and so does a thread that died of
    something unforeseen: then the status is 1.  uvicorn raises a signal again once it
    has stopped, which must not cut short what follows.
    """
    log_to_stderr()
    collect_rarely()
    config = uvicorn.Config(
        app,
        host,
        port,
        loop="uvloop",
        http="httptools",
        ws=sockets,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=SHUTDOWN_S,
    )
    server = Watched(config)
    threading.excepthook = server.end_with
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt):
        server.run()
    return int(server.has_lost_a_thread)
