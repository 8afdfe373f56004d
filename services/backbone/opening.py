"""Opens what a DSN names: the one place that knows which adapter that is."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from services.backbone.errors import SettingInvalid
from services.backbone.event_store import EventStore
from services.backbone.identity import secret_file
from services.backbone.postgres_connections import is_postgres
from services.backbone.postgres_keys import PostgresKeys
from services.backbone.postgres_store import PostgresEventStore
from services.backbone.relay_place import FilePlace, PostgresPlace, RelayPlace
from services.backbone.sqlite_keys import SQLiteKeys
from services.backbone.sqlite_store import SQLiteEventStore
from services.backbone.vault import Vault

SQLITE = "sqlite:///"
EXPECTED = "sqlite:///FILE, or postgresql://USER:PASSWORD@HOST:PORT/DATABASE"


class Places(Protocol):
    """The settings that name them."""

    @property
    def event_store(self) -> str:
        """The DSN of the event store."""
        ...

    @property
    def vault(self) -> str:
        """The DSN of the vault's keys."""
        ...

    @property
    def keys(self) -> Path:
        """The folder of vault.key."""
        ...


def open_event_store(settings: Places, *, write: bool = True, standby: bool = False) -> EventStore:
    """The event store of the settings.

    Raises StoreHeld, StoreMissing, StoreUnavailable or SettingInvalid.  With ``standby`` a
    PostgreSQL that another process writes to is no error: ``hold`` tells who does.
    """
    dsn = settings.event_store
    if is_postgres(dsn):
        return PostgresEventStore(dsn, write=write, standby=standby)
    return SQLiteEventStore(_file(dsn, "YIPING_EVENT_STORE"), write=write)


def is_sqlite(settings: Places) -> bool:
    """Whether the event store is a file, which only one process opens for writing."""
    return settings.event_store.startswith(SQLITE)


def open_relay_place(settings: Places, store: EventStore) -> RelayPlace:
    """Where the relay of a store keeps that it alone relays, and how far it has come."""
    if isinstance(store, PostgresEventStore):
        return PostgresPlace(settings.event_store, store)
    return FilePlace(_file(settings.event_store, "YIPING_EVENT_STORE").parent)


def open_vault(settings: Places) -> Vault:
    """The vault of the settings; raises Unsealable, SecretUnusable or SettingInvalid."""
    master = secret_file(settings.keys / "vault.key")
    dsn = settings.vault
    if is_postgres(dsn):
        return Vault(PostgresKeys(dsn), master)
    return Vault(SQLiteKeys(_file(dsn, "YIPING_VAULT")), master)


def _file(dsn: str, setting: str) -> Path:
    if not dsn.startswith(SQLITE):
        raise SettingInvalid(setting, dsn, EXPECTED)
    return Path(dsn.removeprefix(SQLITE))
