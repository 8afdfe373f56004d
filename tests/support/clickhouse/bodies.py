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


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, /) -> bytes: ...


_UNPACK: dict[str, Callable[[], _Decompressor]] = {
    "lz4": lz4.frame.LZ4FrameDecompressor,
    "zstd": zstd.ZstdDecompressor,
    "gzip": lambda: zlib.decompressobj(31),
    "deflate": zlib.decompressobj,
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
    frames = _Frames(_UNPACK[encoding])
    for piece in raw:
        try:
            unpacked = frames.unpack(piece)
        except (RuntimeError, zlib.error, zstd.ZstdError):
            raise Unreadable(encoding) from None
        if unpacked:
            yield unpacked
    if not frames.whole:
        raise Unreadable(encoding)


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


class _Frames:
    """Unpacks one frame after another, as clients write them."""

    def __init__(self, made: Callable[[], _Decompressor]) -> None:
        self._made = made
        self._current: _Decompressor | None = None

    @property
    def whole(self) -> bool:
        """Whether no frame was broken off."""
        return self._current is None or self._current.eof

    def unpack(self, data: bytes) -> bytes:
        """What some more data hold."""
        found = []
        while data:
            if self._current is None or self._current.eof:
                self._current = self._made()
            found.append(self._current.decompress(data))
            data = self._current.unused_data if self._current.eof else b""
        return b"".join(found)
