"""Names of the files in an initramfs, never unpacked to disk: cpio archives one after another, the last compressed."""

from __future__ import annotations

import bz2
import lzma
import re
import zlib
from collections.abc import Callable, Iterator

from exporter.model import UnreadableError

MOST_BYTES = 400 * 2**20  # of an archive when it is laid out
PIECE = 1 << 20
CPIO = (b"070701", b"070702")
HEADER = 110
LONGEST_NAME = 4096
PACKED = {b"\x28\xb5\x2f\xfd": "zstd", b"\x02\x21\x4c\x18": "lz4", b"\x04\x22\x4d\x18": "lz4", b"\x89LZO": "lzo"}

HEX = re.compile(rb"[0-9A-Fa-f]{8}")
NOT_ZERO = re.compile(rb"[^\0]")


class _Gzip:
    """gzip, unpacked piece by piece like the others."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(31)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)


MAKERS: tuple[tuple[bytes, Callable[[], _Gzip | bz2.BZ2Decompressor | lzma.LZMADecompressor]], ...] = (
    (b"\x1f\x8b", _Gzip),
    (b"BZh", bz2.BZ2Decompressor),
    (b"\xfd7zXZ", lambda: lzma.LZMADecompressor(memlimit=256 * 2**20)),
    (b"\x5d\x00\x00", lambda: lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=256 * 2**20)),
)


class PackedError(UnreadableError):
    """It is compressed in a way that Python does not know; nothing is wrong with it."""


def names(raw: bytes) -> Iterator[str]:
    """Yield the names of the files in an initramfs.

    Raises:
        PackedError: it is compressed in a way that Python does not know.
        UnreadableError: it is none, or damaged.
    """
    at = 0
    while at < len(raw):
        if raw[at : at + 6] in CPIO:
            reader = _Reader(iter((memoryview(raw)[at:],)))
            yield from reader.names()
            at += reader.at
        elif raw[at] == 0:
            beyond = NOT_ZERO.search(raw, at)
            at = beyond.start() if beyond else len(raw)
        else:
            yield from _Reader(_unpacked(memoryview(raw)[at:])).names()
            return


def _unpacked(packed: memoryview) -> Iterator[bytes]:
    """Yield pieces of what was compressed, bounded in all."""
    head = bytes(packed[:6])
    make = next((make for magic, make in MAKERS if head.startswith(magic)), None)
    if make is None:
        known = next((name for magic, name in PACKED.items() if head.startswith(magic)), "")
        if known:
            message = f"the initramfs is compressed by {known}"
            raise PackedError(message)
        message = "no initramfs of a known form"
        raise UnreadableError(message)
    machine, at, given = make(), 0, 0
    try:
        while not machine.eof and given < MOST_BYTES:
            more = b""
            if machine.needs_input:
                more, at = bytes(packed[at : at + PIECE]), at + PIECE
                if not more:
                    break
            piece = machine.decompress(more, PIECE)
            given += len(piece)
            yield piece
    except (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError) as error:
        message = "the initramfs is damaged"
        raise UnreadableError(message) from error


class _Reader:
    """Reads one cpio archive from pieces; ``at`` is how far it came."""

    def __init__(self, pieces: Iterator[bytes | memoryview]) -> None:
        self._pieces = pieces
        self._held = memoryview(b"")
        self._place = 0  # of the next byte in what is held
        self.at = 0

    def names(self) -> Iterator[str]:
        """Yield the names up to the trailer."""
        while True:
            header = self._take(HEADER)
            if header[:6] not in CPIO:
                message = "no cpio archive where one is expected"
                raise UnreadableError(message)
            size, length = _number(header[54:62]), _number(header[94:102])
            if not 0 < length <= LONGEST_NAME:
                message = "a name in the initramfs is too long"
                raise UnreadableError(message)
            name = self._take(length + -(HEADER + length) % 4)[: length - 1].decode("utf-8", "replace")
            if name == "TRAILER!!!":
                return
            yield name
            self._skip(size + -size % 4)

    def _take(self, number: int) -> bytes:
        taken = b""
        while len(taken) < number:
            piece = self._some(number - len(taken))
            taken += piece
        return taken

    def _skip(self, number: int) -> None:
        while number:
            number -= len(self._some(number))

    def _some(self, most: int) -> memoryview:
        """Return at least one byte of what comes next, at most so many."""
        if self._place >= len(self._held):
            piece = next((piece for piece in self._pieces if piece), b"")
            if not piece:
                message = "the initramfs ends too early"
                raise UnreadableError(message)
            self._held, self._place = memoryview(piece), 0
        found = self._held[self._place : self._place + most]
        self._place += len(found)
        self.at += len(found)
        return found


def _number(field: bytes) -> int:
    if not HEX.fullmatch(field):
        message = "no number where one is expected in the initramfs"
        raise UnreadableError(message)
    return int(field, 16)
