"""POST /v1/events ahead of FastAPI's routing, which costs more than all else of a small post."""

from __future__ import annotations

from fastapi import FastAPI, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from services.backbone.problems import Problem
from services.ingest.door import EVENTS_PATH, Door, routes


def install(app: FastAPI, door: Door) -> None:
    """Give an application the routes of the door, and its events the short way."""
    app.include_router(routes(door))
    app.add_middleware(Posting, door=door)


class Posting:
    """Answers what is posted to ``/v1/events`` and hands everything else on.

    The route itself stands behind it all the same: for the description in ``/openapi.json`` and
    for what is no POST.
    """

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self._app = app
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; raises what is no Problem to the application's own handler."""
        if scope["type"] != "http" or scope["path"] != EVENTS_PATH or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        try:
            response = await self._door.answer(Request(scope, receive))
        except Problem as problem:
            response = problem.response()
        await response(scope, receive, send)
