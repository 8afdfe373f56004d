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
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.backbone.errors import Unsealable
from services.backbone.sqlite_errors import mapped_errors

NONCE_BYTES = 12
CACHED_KEYS = 50_000
SEALED = "sealed:"
_VARIABLES = 500
_WITNESS = ""
"""Name of the key that opens only with the master that the file was begun with."""


class Vault:
    """Keys by name in a SQLite file, each wrapped by the master key; safe to share by threads."""

    def __init__(self, path: Path, master: bytes) -> None:
        """Open or begin the file; raises Unsealable where its keys have another master."""
        self._master = AESGCM(master)
        self._lock = threading.Lock()
        self._ciphers: OrderedDict[str, AESGCM | None] = OrderedDict()
        with mapped_errors():
            self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=FULL")
            # A destroyed key must not stay behind in a free page.
            self._database.execute("PRAGMA secure_delete=ON")
            self._database.execute(
                "CREATE TABLE IF NOT EXISTS keys"
                " (name TEXT PRIMARY KEY, wrapped BLOB) WITHOUT ROWID"
            )
        with self._lock, mapped_errors():
            self._load([_WITNESS])
            self._make([] if _WITNESS in self._ciphers else [_WITNESS])

    def ready(self, names: set[str]) -> None:
        """Make the keys of these names durable; to be called before what they seal is stored.

        Raises StoreFull or StoreUnavailable.
        """
        with self._lock, mapped_errors():
            self._load([name for name in names if name not in self._ciphers])
            self._make([name for name in names if name not in self._ciphers])
            self._forget_but(names)

    def seal(self, name: str, fields: Mapping[str, str]) -> dict[str, str]:
        """Each field sealed with the key of ``name`` and bound to its field name.

        Where that key was destroyed nothing is kept: the fields come back empty but sealed.
        """
        cipher = self._cipher(name, make=True)
        if cipher is None:
            return dict.fromkeys(fields, SEALED)
        return {
            field: SEALED + base64.urlsafe_b64encode(_shut(cipher, text.encode(), field)).decode()
            for field, text in fields.items()
        }

    def unseal(self, name: str, field: str, sealed: str) -> str:
        """The text of one sealed field; raises Unsealable."""
        if not sealed.startswith(SEALED):
            raise Unsealable(f"{field} is not sealed")
        cipher = self._cipher(name, make=False)
        if cipher is None:
            raise Unsealable(f"{field} was sealed with a key that is not here")
        try:
            shut = base64.urlsafe_b64decode(sealed[len(SEALED) :])
        except ValueError as error:
            raise Unsealable(f"{field} cannot be opened") from error
        return _opened(cipher, shut, field).decode()

    def destroy(self, name: str) -> None:
        """Destroy one key: what it sealed, in every copy of the history, opens no more.

        The name stays taken, so that later facts of the same thing are sealed empty.
        """
        with self._lock, mapped_errors():
            self._database.execute(
                "INSERT INTO keys VALUES (?, NULL) ON CONFLICT (name) DO UPDATE SET wrapped=NULL",
                (name,),
            )
            self._ciphers[name] = None
            # The write-ahead log still holds the page with the key.
            self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def _cipher(self, name: str, *, make: bool) -> AESGCM | None:
        """The cipher of a name; None for a key that was destroyed, or never made."""
        with self._lock, mapped_errors():
            if name not in self._ciphers:
                self._load([name])
                if make:
                    self._make([name] if name not in self._ciphers else [])
                self._forget_but({name})
            return self._ciphers.get(name)

    def _load(self, names: Sequence[str]) -> None:
        for start in range(0, len(names), _VARIABLES):
            part = names[start : start + _VARIABLES]
            marks = ",".join("?" * len(part))
            rows = self._database.execute(
                f"SELECT name, wrapped FROM keys WHERE name IN ({marks})",  # noqa: S608 - only marks
                part,
            )
            for name, wrapped in rows:
                key = None if wrapped is None else _opened(self._master, wrapped, name)
                self._ciphers[name] = None if key is None else AESGCM(key)

    def _make(self, names: Sequence[str]) -> None:
        if not names:
            return
        fresh = {name: AESGCM.generate_key(256) for name in sorted(names)}
        self._database.execute("BEGIN IMMEDIATE")
        try:
            self._database.executemany(
                "INSERT INTO keys VALUES (?, ?)",
                [(n, _shut(self._master, key, n)) for n, key in fresh.items()],
            )
            self._database.execute("COMMIT")
        except sqlite3.Error:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise
        self._ciphers.update((name, AESGCM(key)) for name, key in fresh.items())

    def _forget_but(self, names: set[str]) -> None:
        """Drop the ciphers that were loaded first, but none of the call at hand."""
        if len(self._ciphers) <= CACHED_KEYS:
            return
        for name in names & self._ciphers.keys():
            self._ciphers.move_to_end(name)
        while len(self._ciphers) > max(CACHED_KEYS, len(names)):
            self._ciphers.popitem(last=False)


def _shut(cipher: AESGCM, plain: bytes, bound_to: str) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, plain, bound_to.encode())


def _opened(cipher: AESGCM, shut: bytes, bound_to: str) -> bytes:
    try:
        return cipher.decrypt(shut[:NONCE_BYTES], shut[NONCE_BYTES:], bound_to.encode())
    except (InvalidTag, ValueError) as error:
        raise Unsealable(f"{bound_to} cannot be opened") from error
