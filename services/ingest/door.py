"""The HTTP door: POST /v1/events, and the quarantine that its senders mend."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import msgspec
from fastapi import APIRouter, Request, Response

from schemas.organisations import Organisations
from services.backbone.errors import StoreFull, StoreUnavailable, TokenRefused
from services.backbone.event_store import EventStore, Quarantined
from services.backbone.identity import Identity, Issuer, bearer
from services.backbone.problems import Problem
from services.backbone.telemetry import Metrics
from services.backbone.vault import Vault
from services.ingest import bodies
from services.ingest.admission import Refusal, Rights, admit
from services.ingest.application import Answer, Arrival
from services.ingest.errors import BodyUnreadable, QueueFull
from services.ingest.writer import Writer

LIST_LIMIT = 200
_encoder = msgspec.json.Encoder()


class Door:
    """What stands between a request and the writer."""

    def __init__(
        self,
        *,
        writer: Writer,
        store: EventStore,
        vault: Vault,
        issuer: Issuer,
        organisations: Organisations,
        metrics: Metrics,
        body_bytes: int,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._writer = writer
        self._store = store
        self._vault = vault
        self._issuer = issuer
        self._organisations = organisations
        self._metrics = metrics
        self._body_bytes = body_bytes
        self._now = now
        self._readers = ThreadPoolExecutor(1, thread_name_prefix="admission")

    def close(self) -> None:
        """Let go of the threads."""
        self._readers.shutdown()

    def sender(self, request: Request) -> Identity:
        """Whose token the request carries; raises Problem 401 or 403."""
        try:
            identity = self._issuer.verify(bearer(request.headers.get("authorization")))
        except TokenRefused as refused:
            raise Problem(
                401, "token_refused", refused.reason, headers={"WWW-Authenticate": "Bearer"}
            ) from refused
        if not identity.may_send:
            raise Problem(403, "role_may_not_send", f"a {identity.role} token reads; it sends not")
        return identity

    async def body_of(self, request: Request) -> bytes:
        """The body as sent; raises BodyUnreadable as soon as it passes the limit."""
        whole = bytearray()
        async for chunk in request.stream():
            whole += chunk
            if len(whole) > self._body_bytes:
                raise bodies.too_large(self._body_bytes)
        return bytes(whole)

    async def take(
        self,
        identity: Identity,
        body: bytes,
        *,
        content_type: str | None,
        encoding: str | None,
        resends: str | None = None,
    ) -> list[Answer]:
        """Admit and record a body; raises Problem where no event can be told apart."""
        loop = asyncio.get_running_loop()
        try:
            self._writer.check_room()
            shape = bodies.shape_of(content_type)
            arrivals = await loop.run_in_executor(
                self._readers, self._arrivals, identity, shape, body, encoding, resends
            )
        except QueueFull as full:
            raise Problem(
                429, "queue_full", str(full), headers={"Retry-After": str(full.retry_after_s)}
            ) from full
        except BodyUnreadable as unreadable:
            raise await self._kept(identity, body, unreadable) from unreadable
        answers = await self._recorded(arrivals)
        self._tally(answers)
        return answers

    def _arrivals(
        self,
        identity: Identity,
        shape: bodies.Shape,
        body: bytes,
        encoding: str | None,
        resends: str | None,
    ) -> list[Arrival]:
        plain = bodies.unpacked(body, encoding, self._body_bytes)
        rights = Rights(identity.scope, identity.role == "importer")
        now = self._now()
        return [
            Arrival(
                raw=raw,
                org=identity.org,
                node=f"load-{identity.token_id}",
                admitted=admit(raw, rights, self._organisations, now),
                resends=resends,
            )
            for raw in bodies.events_in(shape, plain)
        ]

    async def _recorded(self, arrivals: Sequence[Arrival]) -> list[Answer]:
        try:
            return await asyncio.wrap_future(self._writer.submit(arrivals))
        except StoreFull as full:
            raise Problem(
                507, "store_full", "nothing was recorded; the store's disk is full"
            ) from full
        except StoreUnavailable as unavailable:
            raise Problem(
                503,
                "store_unavailable",
                "nothing was recorded; send the same events again",
                headers={"Retry-After": "1"},
            ) from unavailable

    async def _kept(self, identity: Identity, body: bytes, why: BodyUnreadable) -> Problem:
        """The problem of an unreadable body; one that came whole is kept in quarantine."""
        if why.http_status != 400:
            return Problem(why.http_status, why.code, why.message)
        refusal = Refusal(None, why.code, "", why.message)
        answers = await self._recorded(
            [Arrival(raw=body, org=identity.org, node="", admitted=refusal)]
        )
        self._tally(answers)
        results = msgspec.to_builtins(answers)
        return Problem(400, why.code, why.message, results=results)

    def _tally(self, answers: Sequence[Answer]) -> None:
        counts: dict[str, int] = {}
        for answer in answers:
            counts[answer.status] = counts.get(answer.status, 0) + 1
            if answer.error:
                self._metrics.refusals.labels(answer.error["code"]).inc()
        for status, n in counts.items():
            self._metrics.events.labels(status).inc(n)

    def waiting(self, identity: Identity, cursor: str, limit: int) -> dict[str, Any]:
        """The quarantined events of the sender's scope, whole, oldest first."""
        found = self._store.quarantine(identity.scope, cursor, limit)
        last = found[-1] if len(found) == limit else None
        return {
            "items": [self._shown(item) for item in found],
            "next": last.received_at + last.id if last else None,
        }

    def _shown(self, item: Quarantined) -> dict[str, Any]:
        return {
            "id": item.id,
            "org": item.org,
            "received_at": item.received_at,
            "event_id": item.event_id,
            "error": {"code": item.code, "path": item.path, "message": item.message},
            "event": self.raw_of(item).decode("utf-8", "replace"),
        }

    def raw_of(self, item: Quarantined) -> bytes:
        """The event as it was sent."""
        keeper = f"quarantine/{item.org}"
        return self._vault.unseal(keeper, item.id, item.sealed.decode()).encode("latin-1")

    def find(self, identity: Identity, id_: str) -> Quarantined:
        """One quarantined event within the sender's scope; raises Problem 404."""
        item = self._store.quarantined(id_)
        if item is None or not identity.may_see(item.org):
            raise Problem(404, "not_found", "no quarantined event of yours has this id")
        return item


def routes(door: Door) -> APIRouter:
    """The routes of the door."""
    router = APIRouter(tags=["ingest"])

    @router.post(
        "/v1/events",
        summary="Send facts: one CloudEvent, a batch, or one a line; answered once durable",
        openapi_extra=_REQUEST_DOC,
    )
    async def post_events(request: Request) -> Response:
        identity = door.sender(request)
        try:
            body = await door.body_of(request)
        except BodyUnreadable as unreadable:
            raise Problem(
                unreadable.http_status, unreadable.code, unreadable.message
            ) from unreadable
        answers = await door.take(
            identity,
            body,
            content_type=request.headers.get("content-type"),
            encoding=request.headers.get("content-encoding"),
        )
        return _json({"results": answers})

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
        try:
            body = await door.body_of(request)
        except BodyUnreadable as unreadable:
            raise Problem(
                unreadable.http_status, unreadable.code, unreadable.message
            ) from unreadable
        answers = await door.take(
            identity,
            body or door.raw_of(item),
            content_type=bodies.SINGLE,
            encoding=request.headers.get("content-encoding") if body else None,
            resends=id_,
        )
        return _json({"results": answers})

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
