"""One channel of the socket: a panel of an organisation, and how a client catches up.  Pure.

The decision is all or nothing, as Centrifugo's: a client that comes back with the epoch and
offset that it held gets every patch since, or the whole frame; never a part.
"""

from __future__ import annotations

from collections import deque
from typing import Any, NamedTuple

import msgspec

from services.dashboard_api.errors import NullInPatch
from services.dashboard_api.patch import diff

_encode = msgspec.json.Encoder().encode

KEEP_PATCHES = 300
KEEP_BYTES = 256 * 1024
"""A client that missed more than this is quicker served with the whole frame."""


class Kept(NamedTuple):
    """One step of the channel as it goes into an answer: offset, and the encoded patch."""

    offset: int
    item: bytes


class Channel:
    """What is shown of one panel of one organisation, and the way that led there."""

    def __init__(
        self,
        panel: str,
        org: str,
        epoch: str,
        frame: dict[str, Any],
        *,
        keep_patches: int = KEEP_PATCHES,
        keep_bytes: int = KEEP_BYTES,
    ) -> None:
        self.panel = panel
        self.org = org
        self.name = f"{panel}/{org}"
        self.epoch = epoch
        self.offset = 0
        self.frame = frame
        self._keep_patches = keep_patches
        self._keep_bytes = keep_bytes
        self._ring: deque[Kept] = deque()
        self._ring_bytes = 0
        self._snapshot: bytes | None = None

    def show(self, frame: dict[str, Any]) -> bytes | None:
        """Take the newest frame; the push for those who hold the one before, if any is needed.

        A frame that differs in nothing but its moment needs none: heartbeats carry the moment.
        """
        before, self.frame, self._snapshot = self.frame, frame, None
        try:
            patch = diff(before, frame)
        except NullInPatch:
            self.offset += 1
            self._forget()
            return self.snapshot_push()
        if not patch.keys() - {"as_of"}:
            return None
        self.offset += 1
        item = _encode({"offset": self.offset, "as_of": frame["as_of"], "patch": patch})
        self._keep(Kept(self.offset, item))
        return b'{"push":"patch","channel":"%b",%b' % (self.name.encode(), item[1:])

    def answer(self, epoch: str | None = None, offset: int | None = None) -> msgspec.Raw:
        """The ``ok`` of a subscribe by a client that held ``offset`` of ``epoch``, or nothing."""
        head: dict[str, Any] = {
            "channel": self.name,
            "epoch": self.epoch,
            "offset": self.offset,
        }
        if epoch is not None and offset is not None and self.can_recover(epoch, offset):
            missed = [msgspec.Raw(k.item) for k in self._ring if k.offset > offset]
            return msgspec.Raw(_encode({**head, "recovered": True, "patches": missed}))
        snapshot = msgspec.Raw(self._encoded())
        return msgspec.Raw(_encode({**head, "recovered": False, "snapshot": snapshot}))

    def can_recover(self, epoch: str, offset: int) -> bool:
        """Whether every patch after that offset of that epoch is still kept."""
        oldest = self._ring[0].offset if self._ring else self.offset + 1
        return epoch == self.epoch and oldest - 1 <= offset <= self.offset

    def snapshot_push(self) -> bytes:
        """The push that replaces whatever a client holds."""
        return _encode(
            {
                "push": "snapshot",
                "channel": self.name,
                "epoch": self.epoch,
                "offset": self.offset,
                "snapshot": msgspec.Raw(self._encoded()),
            }
        )

    def _encoded(self) -> bytes:
        if self._snapshot is None:
            self._snapshot = _encode(self.frame)
        return self._snapshot

    def _keep(self, kept: Kept) -> None:
        self._ring.append(kept)
        self._ring_bytes += len(kept.item)
        while len(self._ring) > self._keep_patches or self._ring_bytes > self._keep_bytes:
            self._ring_bytes -= len(self._ring.popleft().item)

    def _forget(self) -> None:
        self._ring.clear()
        self._ring_bytes = 0
