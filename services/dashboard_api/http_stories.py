"""The read API's stories over HTTP: a case at a moment, its record, and everybody's clocks."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Request, Response

from services.backbone.problems import Problem
from services.dashboard_api.errors import PrintingFailed
from services.dashboard_api.http import (
    LIST_LIMIT,
    LIST_MOST,
    AsOf,
    Axis,
    ReadApi,
    answer,
    found,
    views,
)
from services.dashboard_api.inside import Inside
from services.dashboard_api.printing import Printer
from services.dashboard_api.record import Exported, as_json, record_of

log = logging.getLogger(__name__)

Format = Literal["json", "pdf"]


def routes(api: ReadApi, inside: Inside, printer: Printer) -> APIRouter:
    """The routes of stories."""
    router = APIRouter(tags=["read"])
    _add_case(router, api, printer)
    _add_clocks(router, api, inside)
    return router


def _add_case(router: APIRouter, api: ReadApi, printer: Printer) -> None:
    @router.get("/v1/cases/{case_no:path}/state", summary="The six elements of a case at a moment")
    async def get_state(
        request: Request, case_no: str, axis: Axis = "occurred", as_of: AsOf = None
    ) -> Response:
        identity = api.reader(request)
        with views():
            state = await api.timelines.state(
                identity, case_no, axis=axis, as_of=api.moment(as_of), known=api.moment(None)
            )
        return answer(found(state))

    @router.get(
        "/v1/cases/{case_no:path}/record",
        summary="The story of a case as a record: JSON with a hash over all of it, or PDF",
    )
    async def get_record(
        request: Request,
        case_no: str,
        format: Format = "json",
        axis: Axis = "occurred",
        as_of: AsOf = None,
    ) -> Response:
        identity = api.reader(request)
        with views():
            story = await api.timelines.timeline(
                identity, case_no, axis=axis, as_of=api.moment(as_of), known=api.moment(None)
            )
        name = _name(api, identity.org)
        exported = Exported(api.now(), identity.role, identity.org, name, api.zone)
        record = as_json(record_of(found(story), exported))
        if format == "json":
            return _file(record, "application/json", case_no, "json")
        return _file(await _printed(printer, record), "application/pdf", case_no, "pdf")


def _add_clocks(router: APIRouter, api: ReadApi, inside: Inside) -> None:
    @router.get(
        "/v1/orgs/{org}/clocks",
        summary="The people in the area with both clocks, who has the least time left first",
    )
    async def get_clocks(
        request: Request, org: str, as_of: AsOf = None, limit: int = LIST_LIMIT
    ) -> Response:
        api.org(api.reader(request), org)
        known = api.moment(None)
        moment = None if as_of is None else api.moment(as_of)
        wanted = max(1, min(limit, LIST_MOST))
        with views():
            items = await inside.clocks(org, as_of=moment, known=known, limit=wanted)
        return answer({"as_of": moment or known, "items": items, "next": None})


async def _printed(printer: Printer, record: bytes) -> bytes:
    try:
        return await printer.printed(record)
    except PrintingFailed as failed:
        log.exception("a record was not printed")
        detail = "the record as JSON says the same"
        raise Problem(503, "printing_failed", detail, headers={"Retry-After": "60"}) from failed


def _name(api: ReadApi, org: str) -> str | None:
    return api.organisations.get(org).name if api.organisations.knows(org) else None


def _file(body: bytes, media_type: str, case_no: str, ending: str) -> Response:
    name = quote(f"record-{case_no}.{ending}", safe="")
    headers: Mapping[str, Any] = {
        "Cache-Control": "no-store",
        "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
    }
    return Response(body, media_type=media_type, headers=dict(headers))
