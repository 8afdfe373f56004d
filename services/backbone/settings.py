"""Settings: YIPING_* variables, with the embedded defaults below one data folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from services.backbone.errors import SettingInvalid
from services.backbone.event_store import LIVE_NODE, NODE_NAME
from services.backbone.log import LOAD_PREFIX
from services.backbone.secret_files import with_files

DEFAULT_DATA = Path("yiping-data")


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Where each part is and how it behaves; a DSN chooses each outside system."""

    data: Path
    event_store: str
    """sqlite:///FILE, or postgresql://… in a cluster."""
    vault: str
    """sqlite:///FILE, or postgresql://… in a cluster: keys of sealed fields, each wrapped."""
    keys: Path
    """Folder of issuer.key and vault.key; the same for all processes of a cluster."""
    node: str
    """Name of the live log of this event store; each ingest node of a province has its own."""
    log: str
    """store: tails the event store; kafka://HOST:PORT,…/TOPIC in a cluster."""
    door: str
    """kafka://HOST:PORT,…/TOPIC on which centres publish; empty: they post over HTTP alone."""
    group: str
    """Name of the projectors that share the log's partitions."""
    warehouse: str
    """chdb:///FOLDER, or clickhouse://… in a cluster."""
    cluster: str
    """ClickHouse's own name of its cluster: views become Replicated and Distributed; or empty."""
    organisations: Path | None
    """CSV of organisations; Fujian's when absent."""
    map: Path | None
    """TopoJSON of the counties; Fujian's when absent."""
    calendar_zone: str
    """IANA zone in which people here read the time."""
    queue_events: int
    """Events that may wait for the writer before a sender is asked to come back (429)."""
    body_bytes: int
    """Largest body, unpacked."""
    late_s: int
    """A source is late after so many seconds of silence (DOMAIN R39)."""
    silent_s: int
    """… and silent after so many."""
    origins: tuple[str, ...]
    """Origins of pages that may open the live socket besides those of the server's own host."""
    demo: bool

    @property
    def sqlite_path(self) -> Path:
        """The file of the embedded event store; raises SettingInvalid for another DSN."""
        prefix = "sqlite:///"
        if not self.event_store.startswith(prefix):
            raise SettingInvalid("YIPING_EVENT_STORE", self.event_store, "sqlite:///FILE")
        return Path(self.event_store.removeprefix(prefix))


def from_environment(
    data: Path | None = None,
    environment: Mapping[str, str] = os.environ,
    *,
    demo: bool = False,
) -> Settings:
    """The settings in force; ``data`` (of ``--data``) goes before YIPING_DATA.

    Raises SettingInvalid.
    """
    environment = with_files(environment)
    folder = (data or Path(environment.get("YIPING_DATA") or DEFAULT_DATA)).absolute()
    event_store = environment.get("YIPING_EVENT_STORE") or f"sqlite:///{folder}/events.sqlite"
    in_postgres = event_store.startswith("postgresql:")
    vault = event_store if in_postgres else f"sqlite:///{folder}/vault.sqlite"
    return Settings(
        data=folder,
        event_store=event_store,
        vault=environment.get("YIPING_VAULT") or vault,
        keys=Path(environment.get("YIPING_KEYS") or folder).absolute(),
        node=_named(environment, "YIPING_NODE", LIVE_NODE),
        log=environment.get("YIPING_LOG") or "store:",
        door=environment.get("YIPING_DOOR", ""),
        group=environment.get("YIPING_GROUP") or "yiping-projector",
        warehouse=environment.get("YIPING_WAREHOUSE") or f"chdb:///{folder}/views",
        cluster=environment.get("YIPING_CLUSTER", ""),
        organisations=_file(environment, "YIPING_ORGANISATIONS"),
        map=_file(environment, "YIPING_MAP"),
        calendar_zone=_zone(environment, "YIPING_ZONE", "Asia/Shanghai"),
        queue_events=_positive(environment, "YIPING_QUEUE_EVENTS", 50_000),
        body_bytes=_positive(environment, "YIPING_BODY_BYTES", 32 * 1024 * 1024),
        late_s=_positive(environment, "YIPING_LATE_S", 300),
        silent_s=_positive(environment, "YIPING_SILENT_S", 900),
        origins=tuple(environment.get("YIPING_ORIGINS", "").split()),
        demo=demo,
    )


def _named(environment: Mapping[str, str], name: str, default: str) -> str:
    value = environment.get(name) or default
    if not NODE_NAME.fullmatch(value) or value.startswith(LOAD_PREFIX):
        raise SettingInvalid(
            name, value, f"small letters, digits and hyphens, not beginning with {LOAD_PREFIX}"
        )
    return value


def _file(environment: Mapping[str, str], name: str) -> Path | None:
    value = environment.get(name)
    if not value:
        return None
    if not Path(value).is_file():
        raise SettingInvalid(name, value, "a file that is there")
    return Path(value)


def _zone(environment: Mapping[str, str], name: str, default: str) -> str:
    value = environment.get(name) or default
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SettingInvalid(name, value, "an IANA time zone") from None
    return value


def _positive(environment: Mapping[str, str], name: str, default: int) -> int:
    value = environment.get(name) or str(default)
    if not value.isdecimal() or int(value) == 0:
        raise SettingInvalid(name, value, "a positive whole number")
    return int(value)
