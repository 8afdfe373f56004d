"""The HTTP door: POST /v1/events, and the quarantine that its senders mend."""

from __future__ import annotations

import asyncio
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import msgspec
from fastapi import APIRouter, Request, Response
from starlette.requests import ClientDisconnect

from services.backbone.errors import StoreFull, StoreUnavailable, StoreUncertain
from services.backbone.event_store import EventStore, Quarantined
from services.backbone.identity import Identity
from services.backbone.problems import Problem
from services.backbone.telemetry import Metrics
from services.backbone.vault import Vault
from services.ingest import bodies
from services.ingest.application import Answer, Arrival
from services.ingest.errors import BodyUnreadable, QueueFull, SenderRefused
from services.ingest.intake import Intake, Portion
from services.ingest.reception import Reception, kept
from services.ingest.writer import Writer

EVENTS_PATH = "/v1/events"
LIST_LIMIT = 200
BODY_S = 120
"""Whoever sends more slowly would hold the room of others."""
MOMENT = "%Y-%m-%dT%H:%M:%S.%fZ"
_encoder = msgspec.json.Encoder()


class Door:
    """What stands between a request and the writer."""

    def __init__(
        self,
        *,
        reception: Reception,
        writer: Writer,
        store: EventStore,
        vault: Vault,
        metrics: Metrics,
        intake_bytes: int,
    ) -> None:
        self._reception = reception
        self._writer = writer
        self._store = store
        self._vault = vault
        self._metrics = metrics
        self._intake = Intake(intake_bytes)
        self._readers = ThreadPoolExecutor(1, thread_name_prefix="admission")

    def close(self) -> None:
        """Let go of the threads."""
        self._readers.shutdown()

    def sender(self, request: Request) -> Identity:
        """Whose token the request carries; raises Problem 401 or 403."""
        try:
            return self._reception.sender(request.headers.get("authorization"))
        except SenderRefused as refused:
            challenge = {"WWW-Authenticate": "Bearer"} if refused.http_status == 401 else None
            raise Problem(
                refused.http_status, refused.code, refused.message, headers=challenge
            ) from refused

    async def answer(self, request: Request) -> Response:
        """What a request that posts events is answered; raises Problem."""
        return _json({"results": await self.post(self.sender(request), request)})

    async def post(
        self, identity: Identity, request: Request, resends: Quarantined | None = None
    ) -> list[Answer]:
        """Read, admit and record a request; raises Problem where no event can be told apart.

        A request that resends a quarantined event without a body sends it as it was.
        """
        encoding = request.headers.get("content-encoding")
        content_type = request.headers.get("content-type")
        try:
            self._writer.check_room()
            with self._intake.portion() as portion:
                body = await self._body_of(request, portion)
                if resends is not None:
                    content_type = bodies.SINGLE
                    if not body:
                        body, encoding = self._raw_of(resends), None
                return await self._take(identity, body, content_type, encoding, resends)
        except QueueFull as full:
            self._metrics.turned_away.inc()
            raise Problem(
                429, "queue_full", str(full), headers={"Retry-After": str(full.retry_after_s)}
            ) from full
        except TimeoutError as slow:
            raise Problem(408, "body_too_slow", f"a body takes at most {BODY_S} s") from slow
        except ClientDisconnect as gone:
            raise Problem(400, "broken_off", "the body ended before its end") from gone

    async def _body_of(self, request: Request, portion: Portion) -> bytes:
        """The body as sent; raises Problem 413 as soon as it passes the limit."""
        whole = bytearray()
        async with asyncio.timeout(BODY_S):
            async for chunk in request.stream():
                portion.add(len(chunk))
                whole += chunk
                if len(whole) > self._reception.body_bytes:
                    raise _problem(bodies.too_large(self._reception.body_bytes))
        return bytes(whole)

    async def _take(
        self,
        identity: Identity,
        body: bytes,
        content_type: str | None,
        encoding: str | None,
        resends: Quarantined | None,
    ) -> list[Answer]:
        loop = asyncio.get_running_loop()
        try:
            shape = bodies.shape_of(content_type)
            arrivals = await loop.run_in_executor(
                self._readers, self._arrivals, identity, shape, body, encoding, resends
            )
        except BodyUnreadable as unreadable:
            raise await self._kept(identity, body, unreadable) from unreadable
        answers = await self._recorded(arrivals)
        self._reception.tally(answers)
        return answers

    def _arrivals(
        self,
        identity: Identity,
        shape: bodies.Shape,
        body: bytes,
        encoding: str | None,
        resends: Quarantined | None,
    ) -> list[Arrival]:
        self._writer.check_room()
        arrivals = self._reception.arrivals(identity, shape, body, encoding, resends)
        self._reception.make_keys(arrivals)
        return arrivals

    async def _recorded(self, arrivals: Sequence[Arrival]) -> list[Answer]:
        with _store_problems():
            return await asyncio.wrap_future(self._writer.submit(arrivals))

    async def _kept(self, identity: Identity, body: bytes, why: BodyUnreadable) -> Problem:
        """The problem of an unreadable body; one that came whole is kept in quarantine."""
        if why.http_status != 400:
            return _problem(why)
        answers = await self._recorded([kept(identity.org, body, why)])
        self._reception.tally(answers)
        results = msgspec.to_builtins(answers)
        return Problem(400, why.code, why.message, results=results)

    def waiting(self, identity: Identity, cursor: str, limit: int) -> dict[str, Any]:
        """The quarantined events of the sender's scope, whole, oldest first."""
        with _store_problems():
            found, more = self._store.quarantine(identity.scope, _after(cursor), limit)
            return {
                "items": [self._shown(item) for item in found],
                "next": _cursor(found[-1]) if more else None,
            }

    def _shown(self, item: Quarantined) -> dict[str, Any]:
        return {
            "id": item.id,
            "org": item.org,
            "received_at": datetime.fromisoformat(item.received_at).strftime(MOMENT),
            "event_id": item.event_id,
            "error": {"code": item.code, "path": item.path, "message": item.message},
            "event": self._raw_of(item).decode("utf-8", "replace"),
        }

    def _raw_of(self, item: Quarantined) -> bytes:
        """The event as it was sent."""
        keeper = f"quarantine/{item.org}"
        with _store_problems():
            return self._vault.unseal(keeper, item.id, item.sealed.decode()).encode("latin-1")

    def find(self, identity: Identity, id_: str) -> Quarantined:
        """One quarantined event within the sender's scope; raises Problem 404."""
        with _store_problems():
            item = self._store.quarantined(id_)
        if item is None or not identity.may_see(item.org):
            raise Problem(404, "not_found", "no quarantined event of yours has this id")
        return item


@contextmanager
def _store_problems() -> Iterator[None]:
    """What a sender is told when the event store does not do its work."""
    again = {"Retry-After": "1"}
    try:
        yield
    except StoreFull as full:
        raise Problem(507, "store_full", "nothing was recorded; the store's disk is full") from full
    except StoreUncertain as uncertain:
        text = "whether it was recorded is not known; send the same events again"
        raise Problem(503, "outcome_unknown", text, headers=again) from uncertain
    except StoreUnavailable as unavailable:
        text = "nothing was recorded; send the same events again"
        raise Problem(503, "store_unavailable", text, headers=again) from unavailable


def _problem(why: BodyUnreadable) -> Problem:
    return Problem(why.http_status, why.code, why.message)


def _cursor(item: Quarantined) -> str:
    return urlsafe_b64encode(f"{item.received_at} {item.id}".encode()).decode()


def _after(cursor: str) -> tuple[str, str]:
    try:
        received_at, _, id_ = urlsafe_b64decode(cursor).decode().partition(" ")
    except ValueError:
        raise Problem(422, "invalid_parameter", "not usable: cursor", paths=["cursor"]) from None
    return received_at, id_


def routes(door: Door) -> APIRouter:
    """The routes of the door."""
    router = APIRouter(tags=["ingest"])

    @router.post(
        EVENTS_PATH,
        summary="Send facts: one CloudEvent, a batch, or one a line; answered once durable",
        openapi_extra=_REQUEST_DOC,
    )
    async def post_events(request: Request) -> Response:
        return await door.answer(request)

    @router.get("/v1/quarantine", summary="Events of yours that were refused, kept whole")
    def get_quarantine(request: Request, cursor: str = "", limit: int = 50) -> Response:
        identity = door.sender(request)
        return _json(door.waiting(identity, cursor, max(1, min(limit, LIST_LIMIT))))

    @router.post(
        "/v1/quarantine/{id_}/resend",
        summary="Send a refused event again: mended in the body, or as it was when it is empty",
    )
    async def resend(request: Request, id_: str) -> Response:
        identity = door.sender(request)
        item = await asyncio.to_thread(door.find, identity, id_)
        if item.resent_as is not None:
            raise Problem(409, "resent_already", f"it stands at {item.resent_as}")
        return _json({"results": await door.post(identity, request, resends=item)})

    return router


def _json(value: Any) -> Response:
    return Response(_encoder.encode(value), media_type="application/json")


_REQUEST_DOC: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            bodies.SINGLE: {"schema": {"type": "object"}},
            bodies.BATCH: {"schema": {"type": "array", "items": {"type": "object"}}},
            bodies.LINES: {"schema": {"type": "string"}},
        },
    }
}
