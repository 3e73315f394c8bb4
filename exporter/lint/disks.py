"""Disks and parts of them: bytes of one open file, wherever they lie in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from exporter.lint.files import LintError
from exporter.model import Reason


@dataclass(frozen=True, slots=True)
class Disk:
    """A disk, a partition or a logical volume.

    Attributes:
        file: descriptor of the raw image, open for reading.
        pieces: (offset in the file, bytes), one after the other.
    """

    file: int
    pieces: tuple[tuple[int, int], ...]

    @property
    def size(self) -> int:
        """Return its size in bytes."""
        return sum(length for _, length in self.pieces)

    def read(self, offset: int, length: int) -> bytes:
        """Return ``length`` bytes from ``offset`` on; fewer where the disk or the file ends."""
        parts = []
        for start, size in self._pieces(offset, length):
            parts.append(_pread(self.file, size, start))
            if len(parts[-1]) < size:
                break
        return b"".join(parts)

    def part(self, offset: int, length: int) -> Disk:
        """Return a part of it, cut where the disk ends."""
        return Disk(self.file, tuple(self._pieces(offset, length)))

    def _pieces(self, offset: int, length: int) -> Iterator[tuple[int, int]]:
        """Yield where ``length`` bytes from ``offset`` on lie in the file."""
        for start, size in self.pieces:
            if length <= 0:
                return
            if offset < size:
                taken = min(size - offset, length)
                yield start + offset, taken
                length -= taken
            offset = max(offset - size, 0)


def joined(parts: list[Disk]) -> Disk:
    """Return several parts of one file as one disk; neighbours become one piece."""
    pieces: list[tuple[int, int]] = []
    for start, length in (piece for part in parts for piece in part.pieces):
        if pieces and sum(pieces[-1]) == start:
            pieces[-1] = (pieces[-1][0], pieces[-1][1] + length)
        else:
            pieces.append((start, length))
    return Disk(parts[0].file, tuple(pieces))


def _pread(file: int, length: int, offset: int) -> bytes:
    try:
        return os.pread(file, length, offset)
    except (OSError, OverflowError, ValueError) as error:
        raise LintError(Reason.UNREADABLE, f"the image cannot be read at byte {offset}: {error}") from None
