"""Who is asking: tokens, roles and scope.

A token is a JWT (RFC 7519).  The local issuer signs with a key below the data folder; in
production an identity provider takes its place behind the same ``verify``.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import msgspec

from schemas.organisations import scope_of
from services.backbone.errors import TokenRefused

ROLES = ("centre", "importer", "wall", "supervisor", "legal", "auditor")
READERS = frozenset({"wall", "supervisor", "legal", "auditor"})
SENDERS = frozenset({"centre", "importer"})
ALGORITHM = "HS256"
AUDIENCE = "yiping"


class Identity(msgspec.Struct, frozen=True):
    """Who a token stands for."""

    org: str
    role: str
    token_id: str

    @property
    def scope(self) -> str:
        """The prefix of all organisation codes within reach."""
        return scope_of(self.org)

    def may_see(self, code: str) -> bool:
        """Whether an organisation (or a prefix of one) lies within the scope."""
        return code.startswith(self.scope)

    @property
    def may_read(self) -> bool:
        """Whether the role may read panels, lists and timelines."""
        return self.role in READERS

    @property
    def may_send(self) -> bool:
        """Whether the role may send facts."""
        return self.role in SENDERS


class Issuer:
    """Issues and verifies tokens with one symmetric key."""

    def __init__(self, key: bytes, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._key = key
        self._now = now
        self._verified: dict[str, tuple[Identity, datetime]] = {}

    def issue(self, org: str, role: str, days: int = 365) -> str:
        """A token for ``role`` at ``org``, good for ``days``; raises TokenRefused for a bad role."""
        if role not in ROLES:
            raise TokenRefused(f"{role!r} is none of {', '.join(ROLES)}")
        claims = {
            "aud": AUDIENCE,
            "org": org,
            "role": role,
            "jti": secrets.token_hex(6),
            "exp": self._now() + timedelta(days=days),
        }
        return jwt.encode(claims, self._key, algorithm=ALGORITHM)

    def verify(self, token: str) -> Identity:
        """Who the token stands for; raises TokenRefused."""
        held = self._verified.get(token)
        if held is None:
            held = self._decode(token)
            if len(self._verified) >= 4096:
                self._verified.clear()
            self._verified[token] = held
        identity, expires = held
        if expires <= self._now():
            raise TokenRefused("the token has expired")
        return identity

    def _decode(self, token: str) -> tuple[Identity, datetime]:
        try:
            claims = jwt.decode(
                token,
                self._key,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                options={"require": ["exp", "org", "role", "jti"], "verify_exp": False},
            )
            expires = datetime.fromtimestamp(claims["exp"], UTC)
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError) as error:
            raise TokenRefused("the token is not one of this platform") from error
        if claims["role"] not in ROLES:
            raise TokenRefused("the token names an unknown role")
        return Identity(claims["org"], claims["role"], claims["jti"]), expires


def bearer(header: str | None) -> str:
    """The token of an ``Authorization: Bearer`` header; raises TokenRefused."""
    scheme, _, token = (header or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise TokenRefused("send the header Authorization: Bearer TOKEN")
    return token.strip()


def secret_file(path: Path) -> bytes:
    """The 32 secret bytes kept in a file, made on first use and readable by the owner alone."""
    try:
        return bytes.fromhex(path.read_text())
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    fresh = secrets.token_bytes(32)
    scratch = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(fresh.hex())
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(scratch, path)
    except FileExistsError:
        fresh = bytes.fromhex(path.read_text())
    finally:
        scratch.unlink()
    return fresh
