"""The read API over HTTP: every answer takes ``as_of``, every request is held to its scope."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from fastapi import APIRouter, Query, Request, Response

from schemas.elements import ELEMENTS
from schemas.organisations import Organisation, Organisations
from services.backbone.errors import TokenRefused, WarehouseFailed
from services.backbone.identity import Identity, Issuer, bearer
from services.backbone.problems import Problem
from services.backbone.progress import NEVER, Progress
from services.dashboard_api import cursor, directory
from services.dashboard_api.drilldown import DrillDown, Wish, cursor_at
from services.dashboard_api.errors import CursorInvalid
from services.dashboard_api.frames_at import Frames
from services.dashboard_api.live import Live
from services.dashboard_api.reads import Reads
from services.dashboard_api.session import PANELS
from services.dashboard_api.timeline import Timelines

log = logging.getLogger(__name__)

LIST_LIMIT, LIST_MOST = 50, 500

_encode = msgspec.json.Encoder().encode

AsOf = Annotated[
    datetime | None,
    Query(description="As known at this moment, RFC 3339 with offset; the present when absent"),
]
Axis = Literal["received", "occurred"]


class ReadApi(NamedTuple):
    """What the routes answer from."""

    issuer: Issuer
    organisations: Organisations
    progress: Progress
    reads: Reads
    frames: Frames
    drilldown: DrillDown
    timelines: Timelines
    live: Live
    map_file: Path
    map_attribution: str
    zone: str
    now: Callable[[], datetime]

    def reader(self, request: Request) -> Identity:
        """Who asks; raises Problem 401 or 403."""
        try:
            identity = self.issuer.verify(bearer(request.headers.get("authorization")))
        except TokenRefused as refused:
            raise Problem(
                401, "token_refused", refused.reason, headers={"WWW-Authenticate": "Bearer"}
            ) from refused
        if not identity.may_read:
            raise Problem(403, "role_may_not_read", f"a {identity.role} token reads nothing")
        return identity

    def org(self, identity: Identity, code: str) -> Organisation:
        """An organisation within the scope; raises Problem 403 or 404."""
        if not identity.may_see(code):
            raise Problem(403, "out_of_scope", "this organisation lies outside your scope")
        if not self.organisations.knows(code):
            raise Problem(404, "unknown_org", "no organisation has this code")
        return self.organisations.get(code)

    def moment(self, as_of: datetime | None) -> datetime:
        """The moment to answer for: not later than what the views show; raises Problem."""
        watermark = self.progress.snapshot().watermark
        if watermark == NEVER:
            raise _not_ready()
        if as_of is None:
            return watermark
        if as_of.tzinfo is None:
            raise Problem(422, "invalid_parameter", "as_of needs an offset", paths=["as_of"])
        return min(as_of.astimezone(UTC), watermark)


def routes(api: ReadApi) -> APIRouter:
    """The routes of the read API."""
    router = APIRouter(tags=["read"])
    _add_directory(router, api)
    _add_panels(router, api)
    _add_things(router, api)
    return router


def _add_directory(router: APIRouter, api: ReadApi) -> None:
    @router.get("/v1/vocabulary", summary="Elements and statuses in Chinese and English")
    async def get_vocabulary(request: Request) -> Response:
        api.reader(request)
        return answer(directory.vocabulary(api.map_attribution, api.zone))

    @router.get("/v1/orgs", summary="All organisations within the scope")
    async def get_orgs(request: Request) -> Response:
        identity = api.reader(request)
        items = directory.within(api.organisations, identity, api.live.known_orgs())
        return answer({"items": items})

    @router.get("/v1/map", summary="TopoJSON of the counties")
    async def get_map(request: Request) -> Response:
        api.reader(request)
        return Response(
            api.map_file.read_bytes(),
            media_type="application/json",
            headers={"Cache-Control": "private, max-age=3600"},
        )


def _add_panels(router: APIRouter, api: ReadApi) -> None:
    @router.get("/v1/orgs/{org}", summary="An organisation, its children, the counts of each")
    async def get_org(request: Request, org: str, as_of: AsOf = None) -> Response:
        found, moment = api.org(api.reader(request), org), api.moment(as_of)
        with views():
            levels = await api.reads.levels(moment, org=org)
        return answer(directory.counts(levels, api.organisations, found, moment))

    @router.get("/v1/orgs/{org}/panels/{panel}", summary="The frame of a panel at a moment")
    async def get_panel(request: Request, org: str, panel: str, as_of: AsOf = None) -> Response:
        api.org(api.reader(request), org)
        if panel not in PANELS:
            raise Problem(404, "unknown_panel", f"panels: {', '.join(PANELS)}")
        moment = api.moment(as_of)
        now = api.now() if as_of is None else moment
        with views():
            return answer(await api.frames.frame(panel, org, moment, now))


def _add_things(router: APIRouter, api: ReadApi) -> None:
    @router.get(
        "/v1/orgs/{org}/elements/{element}",
        summary="The things behind a number, longest in their status first",
    )
    async def get_list(
        request: Request,
        org: str,
        element: str,
        status: str | None = None,
        as_of: AsOf = None,
        axis: Axis = "received",
        cursor_: Annotated[str | None, Query(alias="cursor")] = None,
        limit: int = LIST_LIMIT,
    ) -> Response:
        api.org(api.reader(request), org)
        wish = _wish(org, element, status, limit)
        try:
            at = cursor.read(cursor_)
            moment = cursor_at(at, None if as_of is None else api.moment(as_of))
        except CursorInvalid as invalid:
            raise Problem(
                422, "invalid_cursor", "no list of this kind gave this cursor", paths=["cursor"]
            ) from invalid
        known = api.moment(None)
        with views():
            if axis == "occurred":
                page = await api.drilldown.as_was(wish, at, moment or known, known)
            elif moment is None:
                page = await api.drilldown.now(wish, at)
            else:
                page = await api.drilldown.as_known(wish, at, moment)
        return answer({"as_of": moment or known, **page})

    @router.get("/v1/elements/{element}/{id_:path}", summary="One thing, its facts and links")
    async def get_thing(request: Request, element: str, id_: str, as_of: AsOf = None) -> Response:
        identity = api.reader(request)
        _known_element(element)
        with views():
            thing = await api.drilldown.thing(identity, (element, id_), api.moment(as_of))
        return answer(found(thing))

    @router.get("/v1/cases/{case_no:path}/timeline", summary="The story of a case")
    async def get_timeline(
        request: Request, case_no: str, axis: Axis = "occurred", as_of: AsOf = None
    ) -> Response:
        identity = api.reader(request)
        with views():
            story = await api.timelines.timeline(
                identity, case_no, axis=axis, as_of=api.moment(as_of), known=api.moment(None)
            )
        return answer(found(story))


def _wish(org: str, element: str, status: str | None, limit: int) -> Wish:
    _known_element(element)
    if status is None:
        statuses = sorted(ELEMENTS[element].active)
    elif status in {s.name for s in ELEMENTS[element].statuses}:
        statuses = [status]
    else:
        raise Problem(422, "unknown_status", "see /v1/vocabulary", paths=["status"])
    return Wish(element, org, statuses, max(1, min(limit, LIST_MOST)))


def _known_element(element: str) -> None:
    if element not in ELEMENTS:
        raise Problem(404, "unknown_element", f"elements: {', '.join(ELEMENTS)}")


def found(thing: dict[str, Any] | None) -> dict[str, Any]:
    """What was found; raises Problem 404."""
    if thing is None:
        raise Problem(404, "not_found", "nothing within your scope has this id at that moment")
    return thing


@contextmanager
def views() -> Iterator[None]:
    """Maps a warehouse that fails to a problem that may pass."""
    try:
        yield
    except WarehouseFailed as failed:
        log.exception("the views did not answer")
        raise Problem(
            503, "views_unavailable", "try again later", headers={"Retry-After": "2"}
        ) from failed


def _not_ready() -> Problem:
    return Problem(503, "not_ready", "nothing was counted yet", headers={"Retry-After": "2"})


def answer(value: Any) -> Response:
    """The value as JSON that nobody keeps."""
    return Response(
        _encode(value), media_type="application/json", headers={"Cache-Control": "no-store"}
    )
