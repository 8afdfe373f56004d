"""Bodies on the wire: read in pieces as they come, packed or not, and packed for the answer."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from io import BufferedIOBase
from typing import Protocol

import lz4.frame  # type: ignore[import-untyped]  # it has no types
from backports import zstd

PIECE_BYTES = 1 << 20

_UNPACK: dict[str, Callable[[], Callable[[bytes], bytes]]] = {
    "lz4": lambda: _frames(lz4.frame.LZ4FrameDecompressor),
    "zstd": lambda: _frames(zstd.ZstdDecompressor),
    "gzip": lambda: zlib.decompressobj(31).decompress,
    "deflate": lambda: zlib.decompressobj().decompress,
}
_PACK: dict[str, Callable[[bytes], bytes]] = {
    "lz4": lz4.frame.compress,
    "zstd": zstd.compress,
    "gzip": lambda data: gzip.compress(data, 1),
}


class BrokenOff(Exception):
    """The client went away in the middle of its body."""


class Unreadable(Exception):
    """A Content-Encoding that this server does not know, or data that are not in it."""


def pieces(file: BufferedIOBase, length: int | None, encoding: str) -> Iterator[bytes]:
    """A body in pieces, unpacked; ``length`` None: in chunks, as HTTP writes them.

    Raises BrokenOff and Unreadable.
    """
    raw = _chunked(file) if length is None else _measured(file, length)
    if encoding in ("", "identity"):
        yield from raw
        return
    if encoding not in _UNPACK:
        raise Unreadable(encoding)
    unpack = _UNPACK[encoding]()
    for piece in raw:
        try:
            unpacked = unpack(piece)
        except (RuntimeError, zlib.error, zstd.ZstdError):
            raise Unreadable(encoding) from None
        if unpacked:
            yield unpacked


def packed(body: bytes, accepted: str) -> tuple[str, bytes]:
    """The encoding chosen from an Accept-Encoding, and the body in it."""
    for name in (part.partition(";")[0].strip() for part in accepted.split(",")):
        if name in _PACK:
            return name, _PACK[name](body)
    return "", body


def _measured(file: BufferedIOBase, length: int) -> Iterator[bytes]:
    while length:
        piece = file.read(min(length, PIECE_BYTES))
        if not piece:
            raise BrokenOff
        length -= len(piece)
        yield piece


def _chunked(file: BufferedIOBase) -> Iterator[bytes]:
    while True:
        line = file.readline(1024)
        if not line:
            raise BrokenOff
        size = int(line.partition(b";")[0], 16)
        if size:
            yield from _measured(file, size)
        if not file.readline(1024):
            raise BrokenOff
        if not size:
            return


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes) -> bytes: ...


def _frames(decompressor: Callable[[], _Decompressor]) -> Callable[[bytes], bytes]:
    """Unpack one frame after another, as clients write them."""
    current = decompressor()

    def unpack(data: bytes) -> bytes:
        nonlocal current
        found = []
        while data:
            if current.eof:
                current = decompressor()
            found.append(current.decompress(data))
            data = current.unused_data if current.eof else b""
        return b"".join(found)

    return unpack
