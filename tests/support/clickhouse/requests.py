"""What a request asks, read from its URL, headers and body as ClickHouse reads them.  Pure."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Iterator, Mapping
from email.message import Message
from email.parser import BytesParser
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

DEFAULT_FORMAT = "TabSeparated"

# What the interface consumes itself; everything else that is no parameter is a setting.
_TRANSPORT = frozenset({
    "query", "database", "user", "password", "quota_key", "default_format", "query_id",
    "compress", "decompress", "buffer_size", "wait_end_of_query", "role", "stacktrace",
    "client_protocol_version", "send_progress_in_http_headers", "enable_http_compression",
    "http_headers_progress_interval_ms", "cancel_http_readonly_queries_on_client_close",
})  # fmt: skip
_SESSION = frozenset({"session_id", "session_timeout", "session_check"})
_INSERT = re.compile(rb"\A\s*(INSERT\s+INTO\s.*?)\s+FORMAT\s+(\w+)[ \t]*(?:\r?\n|\Z)", re.I | re.S)
_ANSWERS = re.compile(r"\A[\s(]*(SELECT|WITH|SHOW|DESC|DESCRIBE|EXISTS|EXPLAIN|CHECK)\b", re.I)
_FORMAT = re.compile(r"\bFORMAT\s+(\w+)\s*;?\s*\Z", re.I)


class Asked(NamedTuple):
    """A request without its body."""

    query: str
    database: str
    query_id: str
    parameters: dict[str, str]
    settings: tuple[tuple[str, str], ...]
    default_format: str
    compressed: bool
    """Whether the answer may be packed in a way that the client accepts."""
    sessions: bool
    """Whether it names a session, which this server does not keep."""


class Insert(NamedTuple):
    """An INSERT whose data follow it."""

    statement: str
    format: str
    data: bytes
    """What of the data was read along with the statement."""


def asked(target: str, form: Mapping[str, str] | None = None) -> Asked:
    """Read a request's target, and the fields of its form if it has one."""
    fields = dict(parse_qsl(urlsplit(target).query, keep_blank_values=True)) | dict(form or {})
    settings = {
        name: value
        for name, value in fields.items()
        if name not in _TRANSPORT and name not in _SESSION and not name.startswith("param_")
    }
    return Asked(
        query=fields.get("query", ""),
        database=fields.get("database", ""),
        query_id=fields.get("query_id", ""),
        parameters={
            name.removeprefix("param_"): value
            for name, value in fields.items()
            if name.startswith("param_")
        },
        settings=tuple(sorted(settings.items())),
        default_format=fields.get("default_format", DEFAULT_FORMAT),
        compressed=fields.get("enable_http_compression") == "1",
        sessions=bool(fields.get("session_id")),
    )


def credentials(target: str, headers: Message) -> tuple[str, str]:
    """User and password, from where ClickHouse looks for them."""
    if user := headers.get("X-ClickHouse-User"):
        return user, headers.get("X-ClickHouse-Key", "")
    scheme, _, proof = headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            user, _, password = b64decode(proof).decode().partition(":")
        except (NotBase64, UnicodeDecodeError):
            return "", ""
        return user, password
    fields = dict(parse_qsl(urlsplit(target).query))
    return fields.get("user", "default"), fields.get("password", "")


def insert(head: bytes) -> Insert | None:
    """The INSERT with which a body or query begins, when data follow it."""
    found = _INSERT.match(head)
    if not found:
        return None
    return Insert(found[1].decode(), found[2].decode(), head[found.end() :])


def answer_format(query: str, default: str) -> str | None:
    """The format of the answer; None for a statement that has none."""
    if not _ANSWERS.match(query):
        return None
    named = _FORMAT.search(query)
    return named[1] if named else default


def form_fields(content_type: str, body: bytes) -> dict[str, str]:
    """The fields of a multipart form."""
    message = BytesParser().parsebytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    return dict(_parts(message))


def _parts(message: Message) -> Iterator[tuple[str, str]]:
    for part in message.walk():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            yield name, content.decode()
