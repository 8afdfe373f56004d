"""Who is asking: tokens, roles and scope.

A token is a JWT (RFC 7519).  The local issuer signs with a key below the data folder; in
production an identity provider takes its place behind the same ``verify``.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import msgspec

from schemas.organisations import CODE, scope_of
from services.backbone.errors import SecretUnusable, TokenRefused

ROLES = ("centre", "importer", "wall", "supervisor", "legal", "auditor")
READERS = frozenset({"wall", "supervisor", "legal", "auditor"})
SENDERS = frozenset({"centre", "importer"})
ALGORITHM = "HS256"
AUDIENCE = "yiping"
SECRET_BYTES = 32


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
        """A token for ``role`` at ``org``, good for ``days``; raises TokenRefused for bad ones."""
        if role not in ROLES:
            raise TokenRefused(f"{role!r} is none of {', '.join(ROLES)}")
        if not CODE.fullmatch(org):
            raise TokenRefused(f"{org!r} is not an organisation's code of 12 digits")
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
        org, role, token_id = claims["org"], claims["role"], claims["jti"]
        if role not in ROLES:
            raise TokenRefused("the token names an unknown role")
        # An org that is no code could be a prefix of all of them.
        if not isinstance(org, str) or not CODE.fullmatch(org) or not isinstance(token_id, str):
            raise TokenRefused("the token names no organisation")
        return Identity(org, role, token_id), expires


def local_issuer(folder: Path) -> Issuer:
    """The issuer whose key lies in a data folder."""
    return Issuer(secret_file(folder / "issuer.key"))


def bearer(header: str | None) -> str:
    """The token of an ``Authorization: Bearer`` header; raises TokenRefused."""
    scheme, _, token = (header or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise TokenRefused("send the header Authorization: Bearer TOKEN")
    return token.strip()


def secret_file(path: Path) -> bytes:
    """The 32 secret bytes kept in a file, made on first use and readable by the owner alone.

    Raises SecretUnusable for a file that holds anything else.
    """
    try:
        return _secret_in(path)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    # mkstemp makes it readable by the owner alone.
    handle, scratch = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_hex(SECRET_BYTES))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(scratch, path)
    except FileExistsError:
        pass  # another process was first: its secret holds
    finally:
        os.unlink(scratch)
    _sync_folder(path.parent)
    return _secret_in(path)


def _secret_in(path: Path) -> bytes:
    try:
        secret = bytes.fromhex(path.read_text(encoding="ascii"))
    except ValueError:
        raise SecretUnusable(str(path)) from None
    if len(secret) != SECRET_BYTES:
        raise SecretUnusable(str(path))
    return secret


def _sync_folder(folder: Path) -> None:
    """Make a new name in a folder durable: what a lost key sealed would be lost with it."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
