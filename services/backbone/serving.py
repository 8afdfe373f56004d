"""A process that serves HTTP: its log, its memory, its signals, its end."""

from __future__ import annotations

import signal
from asyncio import Protocol
from contextlib import suppress
from typing import Literal

import uvicorn
from fastapi import FastAPI

from services.backbone.collection import collect_rarely
from services.backbone.telemetry import log_to_stderr

SHUTDOWN_S = 5


def serve(
    app: FastAPI, host: str, port: int, sockets: Literal["none"] | type[Protocol] = "none"
) -> int:
    """Serve until SIGINT or SIGTERM; either is an orderly end.

    uvicorn raises a signal again once it has stopped, which must not cut short what follows.
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
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt):
        uvicorn.Server(config).run()
    return 0
