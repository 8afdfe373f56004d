"""Errors over HTTP: RFC 9457 problem documents with a code, never an exception's text."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """An answer that is a problem document."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        headers: dict[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = headers
        self.members = members

    def response(self) -> Response:
        """The problem as an HTTP answer."""
        document = {
            "type": f"urn:yiping:problem:{self.code}",
            "title": self.code.replace("_", " "),
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            **self.members,
        }
        return Response(
            msgspec.json.encode(document),
            status_code=self.status,
            media_type=MEDIA_TYPE,
            headers=self.headers,
        )


def install(app: FastAPI) -> None:
    """Let every error of an application leave it as a problem document."""

    async def problem(_request: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)  # noqa: S101 - narrows what the registry promises
        return error.response()

    async def http(_request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        code = {404: "not_found", 405: "method_not_allowed"}.get(status, "http_error")
        return Problem(status, code, "see /docs for what this server answers").response()

    async def invalid(_request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101 - as above
        where = [".".join(str(part) for part in e["loc"][1:]) for e in error.errors()]
        detail = f"not usable: {', '.join(where)}"
        return Problem(422, "invalid_parameter", detail, paths=where).response()

    async def unexpected(_request: Request, _error: Exception) -> Response:
        return Problem(500, "internal_error", "this was logged; try again later").response()

    app.add_exception_handler(Problem, problem)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(Exception, unexpected)
