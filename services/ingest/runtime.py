"""The composition root of the ingest service."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import blake2b

import msgspec

from schemas.organisations import Organisations
from services.backbone import identity
from services.backbone.event_store import EventStore
from services.backbone.identity import Issuer, secret_file
from services.backbone.opening import is_sqlite, open_event_store, open_vault
from services.backbone.settings import Settings
from services.backbone.store_log import StoreLog
from services.backbone.telemetry import Metrics
from services.ingest.admission import key_of
from services.ingest.application import Application
from services.ingest.door import Door
from services.ingest.kafka_door import KafkaDoor
from services.ingest.reception import Reception
from services.ingest.verification import Finding, Row, Verifier
from services.ingest.writer import Writer

BODIES_AT_ONCE = 4
"""Bodies of the largest size that may be at the door, and as many before the writer."""
GATHER_S = 0.04
"""A commit to a server is ten ways to it and back: what comes close together shares them."""
KEEP_S = 1.0
"""So long after the last event the live log is settled, again and again."""


class _Named(msgspec.Struct):
    """As much of a stored event as its key needs."""

    source: str
    id: str


_named = msgspec.json.Decoder(_Named)


class Ingest:
    """Everything that records facts, wired; ``start`` before use, ``stop`` at the end."""

    def __init__(
        self,
        settings: Settings,
        organisations: Organisations,
        metrics: Metrics,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """On a PostgreSQL that another process writes to, this one waits and then takes over.

        Raises StoreHeld, StoreUnavailable, SettingInvalid, SecretUnusable or Unsealable.
        """
        settings.data.mkdir(parents=True, exist_ok=True)
        self.store = open_event_store(settings, standby=True)
        self.issuer = local_issuer(settings)
        self.vault = open_vault(settings)
        application = Application(
            self.store, self.vault, _digests_secret(settings), now, node=settings.node
        )
        self.writer = Writer(
            application,
            metrics,
            queue_events=settings.queue_events,
            queue_bytes=BODIES_AT_ONCE * settings.body_bytes,
            appended=lambda: self.log.appended(),
            gather_s=0.0 if is_sqlite(settings) else GATHER_S,
            # Where the log is elsewhere, what it says of time has to be durable first.
            keep_s=None if settings.log == "store:" and is_sqlite(settings) else KEEP_S,
        )
        self.log = StoreLog(self.store, self.writer.watermark, node=settings.node)
        reception = Reception(
            vault=self.vault,
            issuer=self.issuer,
            organisations=organisations,
            metrics=metrics,
            body_bytes=settings.body_bytes,
            now=now,
        )
        self.door = Door(
            reception=reception,
            writer=self.writer,
            store=self.store,
            vault=self.vault,
            metrics=metrics,
            intake_bytes=BODIES_AT_ONCE * settings.body_bytes,
        )
        self.kafka_door: KafkaDoor | None = None
        if settings.door:
            self.kafka_door = KafkaDoor(
                settings.door,
                node=settings.node,
                reception=reception,
                writer=self.writer,
                root=organisations.root.code,
                metrics=metrics,
            )

    def checks(self) -> dict[str, Callable[[], bool]]:
        """What has to hold for it to be ready, each by name."""
        found = {"writer": self.writer.ready}
        if self.kafka_door:
            found["door"] = self.kafka_door.alive
        return found

    def start(self) -> None:
        """Begin to record."""
        self.writer.start()
        if self.kafka_door:
            self.kafka_door.start()

    def stop(self) -> None:
        """Record what waits and let go of everything."""
        self.stop_recording()
        self.close()

    def stop_recording(self) -> None:
        """Record what waits; the log can still be read."""
        if self.kafka_door:
            self.kafka_door.stop()
        self.door.close()
        self.writer.stop()

    def close(self) -> None:
        """Let go of the store and the vault."""
        self.vault.close()
        self.store.close()


def local_issuer(settings: Settings) -> Issuer:
    """The issuer whose key lies in the folder of the keys."""
    return identity.local_issuer(settings.keys)


def _digests_secret(settings: Settings) -> bytes:
    master = secret_file(settings.keys / "vault.key")
    return blake2b(b"digests", digest_size=32, key=master).digest()


def verify_store(store: EventStore, progress: Callable[[int], None]) -> list[Finding]:
    """Verify a whole store; ``progress`` is told how many more events were read.

    It may be recorded meanwhile: what comes after the beginning is checked as far as it goes.
    """
    admitted = store.admitted_counts()
    anchors = {(a.node, a.position): a.root for a in store.anchors()}
    anchors |= {(h.node, h.position): h.root for h in store.heads().values()}
    verifier = Verifier(anchors, admitted)
    for node in store.heads():
        for part in store.rows(node):
            keys = [_key(row.stored) for row in part]
            noted = store.admitted([key for key in keys if key is not None])
            for row, key in zip(part, keys, strict=True):
                verifier.take(Row(node, *row, noted.get(key) if key else None))
            progress(len(part))
    return verifier.finish()


def _key(stored: bytes) -> bytes | None:
    """The idempotency key of a stored event, None where it cannot be read."""
    try:
        named = _named.decode(stored)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return key_of(named.source, named.id)
