"""Verification: proof that no recorded fact was altered, removed or put in another place.

Each stored fact holds the SHA-256 of its stream's previous one, and each node keeps a running
hash over its whole log with the value at the end of each day (anchor).  Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Literal, NamedTuple

import msgspec

from schemas.envelope import StoredFact

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
    """One stored fact where the store keeps it."""

    node: str
    position: int
    stream: str
    version: int
    stored: bytes
    admitted_sha256: bytes | None
    """What was noted beside it when it was admitted."""


class Link(NamedTuple):
    """One fact in the chain of its stream."""

    node: str
    position: int
    digest: bytes
    prev: bytes


class Verifier:
    """Takes every row of every node, node by node in order, then tells what is wrong."""

    def __init__(self, anchors: Mapping[tuple[str, int], str]) -> None:
        """``anchors``: running hash (hex) by (node, position), the nodes' ends among them."""
        self._anchors = anchors
        self._reached: dict[str, tuple[int, bytes]] = {}
        self._chains: dict[str, dict[int, Link]] = {}
        self._met: set[tuple[str, int]] = set()
        self.findings: list[Finding] = []
        self.events = 0

    def take(self, row: Row) -> None:
        """Check one row by itself and against the one before it on its node."""
        self.events += 1
        position, root = self._reached.get(row.node, (0, b""))
        if row.position != position + 1:
            self._found("missing", row, f"positions {position + 1} to {row.position - 1} are gone")
        digest = sha256(row.stored).digest()
        root = sha256(root + digest).digest()
        self._reached[row.node] = (row.position, root)
        self._check_anchor(row, root)
        if row.admitted_sha256 is None:
            self._found("altered", row, "was never admitted")
        elif row.admitted_sha256 != digest:
            self._found("altered", row, "is not what was admitted")
        try:
            fact = _decoder.decode(row.stored)
        except msgspec.MsgspecError:
            self._found("unreadable", row, "is not a stored fact")
            return
        if (fact.stream, fact.version) != (row.stream, row.version):
            self._found("reordered", row, f"says that it is {fact.stream} {fact.version}")
        chain = self._chains.setdefault(row.stream, {})
        chain[row.version] = Link(row.node, row.position, digest, bytes.fromhex(fact.prev))

    def _check_anchor(self, row: Row, root: bytes) -> None:
        anchor = self._anchors.get((row.node, row.position))
        if anchor is None:
            return
        self._met.add((row.node, row.position))
        if bytes.fromhex(anchor) != root:
            self._found("anchor_broken", row, "something up to here differs from what was anchored")

    def finish(self) -> list[Finding]:
        """Check every stream's chain and that no anchored end is gone."""
        for stream, chain in self._chains.items():
            self._check_chain(stream, chain)
        for node, position in sorted(self._anchors.keys() - self._met):
            if position:
                self.findings.append(
                    Finding("missing", node, position, "", 0, "an anchored event is gone")
                )
        return self.findings

    def _check_chain(self, stream: str, chain: Mapping[int, Link]) -> None:
        digest = b""
        for version in range(1, max(chain) + 1):
            link = chain.get(version)
            if link is None:
                self.findings.append(
                    Finding("missing", "", 0, stream, version, "this event of the stream is gone")
                )
                digest = b"?"
                continue
            if digest != b"?" and link.prev != digest:
                message = "does not follow the event that stands before it in its stream"
                self.findings.append(
                    Finding("altered", link.node, link.position, stream, version, message)
                )
            digest = link.digest

    def _found(self, what: What, row: Row, message: str) -> None:
        self.findings.append(
            Finding(what, row.node, row.position, row.stream, row.version, message)
        )


def verify(rows: Iterable[Row], anchors: Mapping[tuple[str, int], str]) -> list[Finding]:
    """Every finding in a whole log."""
    verifier = Verifier(anchors)
    for row in rows:
        verifier.take(row)
    return verifier.finish()
