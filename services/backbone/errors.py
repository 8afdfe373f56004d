"""Errors of the adapters.

BackboneError
├── SettingInvalid        a YIPING_* variable that cannot be used
├── StoreUnavailable      the event store cannot take a commit just now
│   ├── StoreFull         its disk is full
│   └── StoreUncertain    the connection to it was lost while it committed
├── StoreMissing          no event store is there to be read
├── StoreHeld             another process serves the same data folder, or holds the node
├── LogUnavailable        Kafka did not do what it was asked
│   ├── OffsetLost        Kafka no longer has the place from which to read on
│   └── RecordTooLarge    a record that Kafka would not take
├── SecretUnusable        a key file that holds no key
├── TokenRefused          a token that is no proof of anything
├── Unsealable            sealed data that this vault cannot open
└── WarehouseFailed       the warehouse did not do what it was asked
"""

from __future__ import annotations

import re


class BackboneError(Exception):
    """Root of what this package raises."""


class SettingInvalid(BackboneError):
    """A setting has a value that cannot be used."""

    def __init__(self, name: str, value: str, expected: str) -> None:
        # The message ends in a log, the password of a DSN must not.
        shown = re.sub(r"(://[^:/@]*):.*@", r"\1:…@", value)
        super().__init__(f"{name}={shown!r}: expected {expected}")
        self.name = name
        self.value = value
        self.expected = expected


class StoreUnavailable(BackboneError):
    """The event store did not take the commit; nothing of it was kept."""


class StoreUncertain(StoreUnavailable):
    """Whether the commit was kept is not known; sent again it does no harm, kept or not."""


class StoreFull(StoreUnavailable):
    """The disk of the event store is full; nothing of the commit was kept."""


class StoreMissing(BackboneError):
    """There is no event store."""

    def __init__(self, path: str) -> None:
        super().__init__(f"no event store is at {path}")
        self.path = path


class StoreHeld(BackboneError):
    """Another process holds the data folder, or the database."""

    def __init__(self, place: str) -> None:
        super().__init__(f"another process is serving {place}; stop it or name another --data")
        self.place = place


class LogUnavailable(BackboneError):
    """The log cannot be read or written just now; nothing is lost by trying again."""


class OffsetLost(LogUnavailable):
    """The offset from which to read on is not on the log: retention passed, or a new topic."""


class RecordTooLarge(LogUnavailable):
    """A record is larger than the topic takes; `yiping topics apply` sets what it should."""

    def __init__(self, size_bytes: int) -> None:
        super().__init__(f"a record of {size_bytes} bytes is larger than the log takes")
        self.size_bytes = size_bytes


class TokenRefused(BackboneError):
    """The token is missing, forged, expired or of an unknown role."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class SecretUnusable(BackboneError):
    """A key file was cut short or overwritten."""

    def __init__(self, path: str) -> None:
        super().__init__(f"{path} holds no key; put back the file from its backup")
        self.path = path


class Unsealable(BackboneError):
    """Sealed data was altered, or its key is gone."""


class WarehouseFailed(BackboneError):
    """The warehouse refused a statement, broke off, or cannot be reached."""

    def __init__(self, number: int | None, reason: str, *, temporary: bool = False) -> None:
        super().__init__(f"warehouse error {number}: {reason}" if number else reason)
        self.number = number
        """ClickHouse's own number of the error."""
        self.reason = reason
        self.temporary = temporary
        """Whether the same may well succeed in a moment."""
