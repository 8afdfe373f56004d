"""The composition root of the ingest service."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from hashlib import blake2b

import msgspec

from schemas.envelope import StoredFact
from schemas.organisations import Organisations
from services.backbone.event_store import SQLiteEventStore
from services.backbone.identity import Issuer, secret_file
from services.backbone.settings import Settings
from services.backbone.store_log import StoreLog
from services.backbone.telemetry import Metrics
from services.backbone.vault import Vault
from services.ingest.admission import key_of
from services.ingest.application import Application
from services.ingest.door import Door
from services.ingest.verification import Finding, Row, Verifier
from services.ingest.writer import Writer

VERIFY_ROWS = 800


class Ingest:
    """Everything that records facts, wired; ``start`` before use, ``stop`` at the end."""

    def __init__(
        self,
        settings: Settings,
        organisations: Organisations,
        metrics: Metrics,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        settings.data.mkdir(parents=True, exist_ok=True)
        self.store = SQLiteEventStore(settings.sqlite_path)
        self.issuer = local_issuer(settings)
        master = secret_file(settings.data / "vault.key")
        self.vault = Vault(settings.data / "vault.sqlite", master)
        application = Application(self.store, self.vault, _derived(master, b"digests"), now)
        self.writer = Writer(
            application,
            metrics,
            queue_events=settings.queue_events,
            appended=lambda: self.log.appended(),
        )
        self.log = StoreLog(self.store, self.writer.watermark)
        self.door = Door(
            writer=self.writer,
            store=self.store,
            vault=self.vault,
            issuer=self.issuer,
            organisations=organisations,
            metrics=metrics,
            body_bytes=settings.body_bytes,
            now=now,
        )

    def start(self) -> None:
        """Begin to record."""
        self.writer.start()

    def stop(self) -> None:
        """Record what waits and let go of everything."""
        self.door.close()
        self.writer.stop()
        self.vault.close()
        self.store.close()


def local_issuer(settings: Settings) -> Issuer:
    """The issuer whose key lies below the data folder."""
    return Issuer(secret_file(settings.data / "issuer.key"))


def _derived(master: bytes, purpose: bytes) -> bytes:
    return blake2b(purpose, digest_size=32, key=master).digest()


def verify_store(store: SQLiteEventStore, progress: Callable[[int], None]) -> list[Finding]:
    """Verify a whole store; ``progress`` is told how many more events were read."""
    anchors = {(node, position): root for node, _, position, root in store.anchors()}
    anchors |= {(h.node, h.position): h.root for h in store.heads().values()}
    verifier = Verifier(anchors)
    for node in store.heads():
        for rows in _rows(store, node):
            for row in rows:
                verifier.take(row)
            progress(len(rows))
    return verifier.finish()


def _rows(store: SQLiteEventStore, node: str) -> Iterator[list[Row]]:
    """A node's log in parts, each row with the hash that was noted when it was admitted."""
    part: list[tuple[int, str, int, bytes]] = []
    for row in store.read_streams(node):
        part.append(row)
        if len(part) == VERIFY_ROWS:
            yield _with_hashes(store, node, part)
            part = []
    if part:
        yield _with_hashes(store, node, part)


def _with_hashes(
    store: SQLiteEventStore, node: str, part: list[tuple[int, str, int, bytes]]
) -> list[Row]:
    keys = [_key(stored) for *_, stored in part]
    admitted = store.admitted([k for k in keys if k is not None])
    noted = [admitted[k].sha256 if k in admitted else None for k in keys]
    return [Row(node, *row, sha) for row, sha in zip(part, noted, strict=True)]


def _key(stored: bytes) -> bytes | None:
    with contextlib.suppress(msgspec.MsgspecError):
        fact = msgspec.json.decode(stored, type=StoredFact)
        return key_of(fact.source, fact.id)
    return None
