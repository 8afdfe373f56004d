"""ClickHouse's HTTP interface over an engine: a thread for each connection."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain
from typing import ClassVar
from urllib.parse import urlsplit
from uuid import uuid4

from tests.support.clickhouse.bodies import BrokenOff, Unreadable, packed, pieces
from tests.support.clickhouse.engine import Answer, Engine, EngineError
from tests.support.clickhouse.requests import (
    Asked,
    answer_format,
    asked,
    credentials,
    form_fields,
    insert,
)
from tests.support.clickhouse.users import USERS, User

# A statement ends within so many bytes when data follow it.
HEAD_BYTES = 16_384

# How ClickHouse maps its numbers (exceptionCodeToHTTPStatus); all others are 500.
_STATUS = {
    **dict.fromkeys((6, 26, 27, 38, 41, 53, 62, 72, 73, 117, 130, 131, 349, 457, 467), 400),
    **dict.fromkeys((516, 497, 192, 193), 403),
    **dict.fromkeys((46, 47, 50, 56, 60, 63, 78, 81, 115), 404),
    **dict.fromkeys((48,), 501),
    **dict.fromkeys((159,), 408),
}


class ClickHouseServer(ThreadingHTTPServer):
    """Listens on loopback; ``engine`` answers."""

    daemon_threads = True
    request_queue_size = 128
    block_on_close = False

    def __init__(self, port: int, engine: Engine) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.engine = engine

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no error; all else shows its trace."""
        if not isinstance(sys.exception(), ConnectionError | BrokenOff):
            super().handle_error(request, client_address)  # type: ignore[arg-type]  # as given


class _Handler(BaseHTTPRequestHandler):
    server: ClickHouseServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    # The head and the body of an answer leave in one packet.
    wbufsize = -1
    _PLAIN: ClassVar[dict[str, bytes]] = {"/ping": b"Ok.\n", "/": b"Ok.\n"}

    def do_GET(self) -> None:
        """/ping, or a query that may write nothing."""
        parts = urlsplit(self.path)
        if "query=" not in parts.query:
            known = self._PLAIN.get(parts.path)
            self._send(200 if known else 404, known or b"There is no handle here.\n", {})
            return
        self._answer(readonly=True)

    def do_POST(self) -> None:
        """A query, or an insert with its data."""
        self._answer(readonly=False)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def _answer(self, *, readonly: bool) -> None:
        self._left = self._pieces()
        try:
            user = self._user()
            if readonly:
                user = user._replace(bounds=(*user.bounds, ("readonly", "2")))
            self._run(user)
        except EngineError as error:
            for _ in self._left:
                pass
            self._refuse(error)

    def _run(self, user: User) -> None:
        request, head = self._request()
        if request.sessions:
            raise _error(48, "Sessions are not kept by this stand-in", "NOT_IMPLEMENTED")
        query_id = request.query_id or str(uuid4())
        begun = insert(request.query.encode() if request.query else head)
        engine = self.server.engine
        bound = (user, request.database, request.settings)
        fmt: str | None = None
        if begun:
            data = chain((begun.data, head) if request.query else (begun.data,), self._left)
            found = engine.insert(*bound, begun.statement, begun.format, filter(None, data))
        else:
            statement = _text(request.query, head + b"".join(self._left))
            fmt = answer_format(statement, request.default_format)
            found = engine.query(
                *bound, statement, request.parameters, fmt or request.default_format
            )
        self._succeed(request, query_id, found, fmt)

    def _request(self) -> tuple[Asked, bytes]:
        """The request and the beginning of its body."""
        content_type = self.headers.get("Content-Type", "")
        if content_type.startswith("multipart/form-data"):
            return asked(self.path, form_fields(content_type, b"".join(self._left))), b""
        head = b""
        while len(head) < HEAD_BYTES and (piece := next(self._left, None)):
            head += piece
        return asked(self.path), head

    def _pieces(self) -> Iterator[bytes]:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            length = None
        else:
            length = int(self.headers.get("Content-Length", "0"))
        try:
            yield from pieces(self.rfile, length, self.headers.get("Content-Encoding", ""))
        except Unreadable as encoding:
            self.close_connection = True
            raise _error(271, f"The body is no {encoding}", "CANNOT_DECOMPRESS") from None

    def _user(self) -> User:
        name, password = credentials(self.path, self.headers)
        user = USERS.get(name)
        if user is None or user.password != password:
            raise _error(
                516,
                f"{name}: Authentication failed: password is incorrect, or there is no user"
                " with such name.",
                "AUTHENTICATION_FAILED",
            )
        return user

    def _succeed(self, request: Asked, query_id: str, found: Answer, fmt: str | None) -> None:
        headers = {
            "X-ClickHouse-Query-Id": query_id,
            "X-ClickHouse-Summary": json.dumps(found.summary),
            "X-ClickHouse-Timezone": self.server.engine.zone,
        }
        body = found.body
        if fmt:
            headers["X-ClickHouse-Format"] = fmt
        if request.compressed and body:
            encoding, body = packed(body, self.headers.get("Accept-Encoding", ""))
            if encoding:
                headers["Content-Encoding"] = encoding
        self._send(200, body, headers)

    def _refuse(self, error: EngineError) -> None:
        body = f"{error} (version {self.server.engine.version})\n".encode()
        headers = {"X-ClickHouse-Exception-Code": str(error.number)}
        self._send(_STATUS.get(error.number, 500), body, headers)

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()


def _text(query: str, body: bytes) -> str:
    try:
        return "\n".join(part for part in (query, body.decode()) if part)
    except UnicodeDecodeError:
        raise _error(62, "The statement is no UTF-8", "SYNTAX_ERROR") from None


def _error(number: int, message: str, name: str) -> EngineError:
    return EngineError(f"Code: {number}. DB::Exception: {message}. ({name})", number)
