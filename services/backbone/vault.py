"""The vault: seals what identifies a person before it is stored.

Each thing has a key of its own, derived or kept here; the log and the views only ever hold
ciphertext (AES-256-GCM, NIST SP 800-38D).  Destroying one key makes the person's data
unreadable in the whole history while counts stay true (治136).
"""

from __future__ import annotations

import base64
import os
import threading
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.backbone.errors import StoreUnavailable, Unsealable

NONCE_BYTES = 12
CACHED_KEYS = 50_000
SEALED = "sealed:"
_WITNESS = ""
"""Name of the key that opens only with the master that the vault was begun with."""


class Keys(Protocol):
    """Where wrapped keys lie, by name; None where one was destroyed."""

    def load(self, names: Sequence[str]) -> dict[str, bytes | None]:
        """Those of the names that are taken; raises StoreUnavailable."""
        ...

    def make(self, fresh: Mapping[str, bytes]) -> Collection[str]:
        """Make keys durable; answers the names that another process took first.

        Raises StoreFull or StoreUnavailable.
        """
        ...

    def destroy(self, name: str) -> None:
        """Overwrite one key for ever; its name stays taken.  Raises StoreUnavailable."""
        ...

    def close(self) -> None:
        """Let go of them."""
        ...


class Vault:
    """Keys by name, each wrapped by the master key; safe to share by threads."""

    def __init__(self, keys: Keys, master: bytes) -> None:
        """Open or begin the vault; raises Unsealable where its keys have another master.

        Where the keys cannot be reached yet, that is found out when they are.
        """
        self._keys = keys
        self._master = AESGCM(master)
        self._lock = threading.Lock()
        self._ciphers: OrderedDict[str, AESGCM | None] = OrderedDict()
        self._proven = False
        try:
            with self._lock, suppress(StoreUnavailable):
                self._prove()
        except Unsealable:
            self.close()
            raise

    def _prove(self) -> None:
        """Make sure that keys made here open with the master of all others."""
        if not self._proven:
            self._load([_WITNESS])
            self._make([] if _WITNESS in self._ciphers else [_WITNESS])
            self._proven = True

    def ready(self, names: set[str]) -> None:
        """Make the keys of these names durable; to be called before what they seal is stored.

        Raises StoreFull or StoreUnavailable.
        """
        with self._lock:
            self._prove()
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
        with self._lock:
            self._keys.destroy(name)
            self._ciphers[name] = None

    def close(self) -> None:
        """Let go of the keys."""
        self._keys.close()

    def _cipher(self, name: str, *, make: bool) -> AESGCM | None:
        """The cipher of a name; None for a key that was destroyed, or never made."""
        with self._lock:
            self._prove()
            if name not in self._ciphers:
                self._load([name])
                if make:
                    self._make([name] if name not in self._ciphers else [])
                self._forget_but({name})
            return self._ciphers.get(name)

    def _load(self, names: Sequence[str]) -> None:
        for name, wrapped in self._keys.load(names).items():
            key = None if wrapped is None else _opened(self._master, wrapped, name)
            self._ciphers[name] = None if key is None else AESGCM(key)

    def _make(self, names: Sequence[str]) -> None:
        if not names:
            return
        fresh = {name: AESGCM.generate_key(256) for name in sorted(names)}
        taken = self._keys.make({n: _shut(self._master, key, n) for n, key in fresh.items()})
        self._ciphers.update((n, AESGCM(key)) for n, key in fresh.items() if n not in taken)
        self._load(list(taken))

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
