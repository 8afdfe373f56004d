"""Tokens that the centres and the importer show at the door."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import jwt

from services.backbone.identity import local_issuer


class Tokens(Protocol):
    """Who shows which token."""

    @property
    def scoped(self) -> bool:
        """Whether each centre has a token of its own, good for itself alone."""
        ...

    def of_centre(self, code: str) -> str:
        """The token with which a centre sends what happens now."""
        ...

    def of_importer(self) -> str | None:
        """A token that may state ``receivedtime``; None where there is none."""
        ...


class OwnTokens:
    """Issues a token for each centre from the key below a data folder."""

    scoped = True

    def __init__(self, data: Path, province: str) -> None:
        self._issuer = local_issuer(data)
        self._province = province
        self._issued: dict[str, str] = {}

    def of_centre(self, code: str) -> str:
        """The centre's own token."""
        if code not in self._issued:
            self._issued[code] = self._issuer.issue(code, "centre")
        return self._issued[code]

    def of_importer(self) -> str | None:
        """A fresh importer's token of the province: each load is a node of its own."""
        return self._issuer.issue(self._province, "importer")


class OneToken:
    """One token for all, given by whoever runs the simulator."""

    scoped = False

    def __init__(self, token: str) -> None:
        self._token = token

    def of_centre(self, code: str) -> str:
        """The token."""
        return self._token

    def of_importer(self) -> str | None:
        """The token, if it is an importer's."""
        try:
            claims = jwt.decode(self._token, options={"verify_signature": False})
        except jwt.PyJWTError:
            return None
        return self._token if claims.get("role") == "importer" else None
