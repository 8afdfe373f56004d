"""The vault: seals what identifies a person before it is stored.

Each thing has a key of its own, derived or kept here; the log and the views only ever hold
ciphertext (AES-256-GCM, NIST SP 800-38D).  Destroying one key makes the person's data
unreadable in the whole history while counts stay true (治136).
"""

from __future__ import annotations

import base64
import os
import sqlite3
import threading
from collections.abc import Mapping
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.backbone.errors import Unsealable

NONCE_BYTES = 12
CACHED_KEYS = 50_000
SEALED = "sealed:"


class Vault:
    """Keys by name in a SQLite file, each wrapped by the master key; safe to share by threads."""

    def __init__(self, path: Path, master: bytes) -> None:
        self._master = AESGCM(master)
        self._lock = threading.Lock()
        self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=FULL")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS keys (name TEXT PRIMARY KEY, wrapped BLOB) WITHOUT ROWID"
        )
        self._ciphers: dict[str, AESGCM] = {}
        self._destroyed: set[str] = set()

    def ready(self, names: set[str]) -> None:
        """Make the keys of these names durable; to be called before what they seal is stored."""
        with self._lock:
            lacking = sorted(names - self._ciphers.keys())
            for start in range(0, len(lacking), 500):
                self._load(lacking[start : start + 500])
            known = self._ciphers.keys() | self._destroyed
            self._make([name for name in lacking if name not in known])

    def _load(self, names: list[str]) -> None:
        if len(self._ciphers) > CACHED_KEYS:
            self._ciphers.clear()
        marks = ",".join("?" * len(names))
        rows = self._database.execute(
            f"SELECT name, wrapped FROM keys WHERE name IN ({marks})",  # noqa: S608 - only marks
            names,
        )
        for name, wrapped in rows:
            if wrapped is None:
                self._destroyed.add(name)
            else:
                self._ciphers[name] = AESGCM(self._open(self._master, wrapped, name))

    def _make(self, names: list[str]) -> None:
        if not names:
            return
        fresh = {name: AESGCM.generate_key(256) for name in names}
        self._database.execute("BEGIN IMMEDIATE")
        try:
            self._database.executemany(
                "INSERT INTO keys VALUES (?, ?)",
                [(n, self._shut(self._master, key, n)) for n, key in fresh.items()],
            )
            self._database.execute("COMMIT")
        except sqlite3.Error:
            self._database.execute("ROLLBACK")
            raise
        self._ciphers.update({name: AESGCM(key) for name, key in fresh.items()})

    def seal(self, name: str, fields: Mapping[str, str]) -> dict[str, str]:
        """Each field sealed with the key of ``name`` and bound to its field name.

        Where that key was destroyed nothing is kept: the fields come back empty but sealed.
        """
        if name in self._destroyed:
            return dict.fromkeys(fields, SEALED)
        cipher = self._cipher(name)
        return {
            field: SEALED
            + base64.urlsafe_b64encode(self._shut(cipher, text.encode(), field)).decode()
            for field, text in fields.items()
        }

    def unseal(self, name: str, field: str, sealed: str) -> str:
        """The text of one sealed field; raises Unsealable."""
        if not sealed.startswith(SEALED):
            raise Unsealable(f"{field} is not sealed")
        cipher = self._cipher(name)
        return self._open(cipher, base64.urlsafe_b64decode(sealed[len(SEALED) :]), field).decode()

    def _cipher(self, name: str) -> AESGCM:
        if name not in self._ciphers:
            self.ready({name})
        try:
            return self._ciphers[name]
        except KeyError:
            raise Unsealable(f"the key of {name} was destroyed") from None

    @staticmethod
    def _shut(cipher: AESGCM, plain: bytes, bound_to: str) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + cipher.encrypt(nonce, plain, bound_to.encode())

    @staticmethod
    def _open(cipher: AESGCM, shut: bytes, bound_to: str) -> bytes:
        try:
            return cipher.decrypt(shut[:NONCE_BYTES], shut[NONCE_BYTES:], bound_to.encode())
        except (InvalidTag, ValueError) as error:
            raise Unsealable(f"{bound_to} cannot be opened") from error

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()
