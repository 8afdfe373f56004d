"""Verification: proof that no recorded fact was altered, removed or put in another place.

Each stored fact holds the SHA-256 of its stream's previous one, each was noted with its place
and SHA-256 when it was admitted, and each node keeps a running hash over its whole log with
the value at the end of each day (anchor).  Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Literal, NamedTuple

import msgspec

from schemas.envelope import StoredFact
from services.backbone.event_store import Admitted

What = Literal["altered", "missing", "reordered", "anchor_broken", "unreadable"]
_decoder = msgspec.json.Decoder(StoredFact)


class Finding(NamedTuple):
    """One place where the log is not what was recorded."""

    what: What
    node: str
    position: int
    stream: str
    version: int
    message: str


class Row(NamedTuple):
    """One stored fact where the store keeps it, and what was noted of it at its admission."""

    node: str
    position: int
    stream: str
    version: int
    stored: bytes
    admitted: Admitted | None


class Link(NamedTuple):
    """A fact that waits for the one before it in its stream."""

    row: Row
    prev: str | None
    """None where it could not be read."""


Hashes = tuple[str, str] | None
"""Of an event as it is and as it was admitted; None where that is not known."""


class Verifier:
    """Takes every row of every node, node by node in order, then tells what is wrong.

    It keeps one hash for each stream, however long the log is.
    """

    def __init__(self, anchors: Mapping[tuple[str, int], str], admitted: Mapping[str, int]) -> None:
        """``anchors``: running hash (hex) by (node, position), the nodes' ends among them.

        ``admitted``: how many events were admitted to each node.
        """
        self._anchors = anchors
        self._admitted = admitted
        self._reached: dict[str, tuple[int, bytes]] = {}
        self._taken: Counter[str] = Counter()
        self._ends: dict[tuple[str, int], Hashes] = {}
        self._wanted: dict[tuple[str, int], Link] = {}
        self.findings: list[Finding] = []

    @property
    def events(self) -> int:
        """How many were taken."""
        return self._taken.total()

    def take(self, row: Row) -> None:
        """Check one row by itself, against the one before it on its node and in its stream."""
        self._taken[row.node] += 1
        digest = sha256(row.stored).digest()
        self._check_place(row, digest)
        self._check_admission(row, digest)
        try:
            fact = _decoder.decode(row.stored)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            self._found("unreadable", row, "is not a stored fact")
            prev = None
        else:
            prev = fact.prev
            if (fact.stream, fact.version) != (row.stream, row.version):
                self._found("reordered", row, f"says that it is {fact.stream} {fact.version}")
        # What was never admitted is told already; whatever follows it may be innocent.
        hashes = (digest.hex(), row.admitted.sha256.hex()) if row.admitted else None
        self._link(row, prev, hashes)

    def _check_place(self, row: Row, digest: bytes) -> None:
        position, root = self._reached.get(row.node, (0, b""))
        if row.position != position + 1:
            self._gone(row.node, position + 1, row.position - 1)
        root = sha256(root + digest).digest()
        anchor = self._anchors.get((row.node, row.position))
        if anchor is not None and anchor != root.hex():
            self._found("anchor_broken", row, "since the anchor before, something has changed")
            root = _bytes(anchor)
        self._reached[row.node] = (row.position, root)

    def _check_admission(self, row: Row, digest: bytes) -> None:
        noted = row.admitted
        if noted is None:
            self._found("altered", row, "was never admitted")
            return
        if noted.sha256 != digest:
            self._found("altered", row, "is not what was admitted")
        if (noted.node, noted.position) != (row.node, row.position):
            self._found("reordered", row, f"was admitted at {noted.node} {noted.position}")

    def _link(self, row: Row, prev: str | None, hashes: Hashes) -> None:
        """Hold it to its neighbours in the stream; the next one may lie on another node."""
        before = (row.stream, row.version - 1)
        if row.version > 1 and before not in self._ends:
            self._wanted[before] = Link(row, prev)
        elif not _follows(prev, self._ends.pop(before, ("", ""))):
            self._unlinked(row)
        waiting = self._wanted.pop((row.stream, row.version), None)
        if waiting is None:
            self._ends[row.stream, row.version] = hashes
        elif not _follows(waiting.prev, hashes):
            self._unlinked(waiting.row)

    def _unlinked(self, row: Row) -> None:
        self._found("altered", row, "does not follow the event that stands before it in its stream")

    def finish(self) -> list[Finding]:
        """Look for what is gone from streams and from the ends of nodes."""
        ends: dict[str, list[int]] = {}
        for stream, version in self._ends:
            ends.setdefault(stream, []).append(version)
        for stream, last in sorted(self._wanted):
            first = max((v for v in ends.get(stream, ()) if v < last), default=0) + 1
            self.findings.append(
                Finding("missing", "", 0, stream, first, f"versions {first} to {last} are gone")
            )
        anchored: dict[str, int] = {}
        for node, position in self._anchors:
            anchored[node] = max(position, anchored.get(node, 0))
        for node in sorted(anchored.keys() | self._admitted.keys()):
            reached = self._reached.get(node, (0, b""))[0]
            end = max(anchored.get(node, 0), self._admitted.get(node, 0))
            if reached < end:
                self._gone(node, reached + 1, end)
        return self.findings

    def _gone(self, node: str, first: int, last: int) -> None:
        message = f"positions {first} to {last} are gone"
        self.findings.append(Finding("missing", node, first, "", 0, message))

    def _found(self, what: What, row: Row, message: str) -> None:
        self.findings.append(
            Finding(what, row.node, row.position, row.stream, row.version, message)
        )


def _follows(prev: str | None, hashes: Hashes) -> bool:
    return prev is None or hashes is None or prev in hashes


def _bytes(root: str) -> bytes:
    """An anchor's bytes; one that was altered beyond reading gives some that match nothing."""
    try:
        return bytes.fromhex(root)
    except ValueError:
        return b"?"


def verify(
    rows: Iterable[Row], anchors: Mapping[tuple[str, int], str], admitted: Mapping[str, int]
) -> list[Finding]:
    """Every finding in a whole log."""
    verifier = Verifier(anchors, admitted)
    for row in rows:
        verifier.take(row)
    return verifier.finish()
