"""Records of NTFS: what stands in one entry of its file table, and in one block of a folder. Pure.

Format: as libntfs-3g's layout.h describes it. Every number stands in an image that anybody may have made: what does
not fit is damage.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

from exporter.lint.files import LintError
from exporter.model import Reason

SECTOR = 512
LIST, DATA, ROOT, ALLOCATION, BITMAP, REPARSE = 0x20, 0x80, 0x90, 0xA0, 0xB0, 0xC0
END = 0xFFFFFFFF
NUMBER = (1 << 48) - 1  # of a record, in a reference; its age stands above
DOS = 2  # the namespace of short names


@dataclass(frozen=True, slots=True)
class Attribute:
    """A part of a record.

    Attributes:
        kind: DATA and the like.
        name: empty for the content of a file, ``$I30`` for the names in a folder.
        flags: 1 compressed, 0x4000 encrypted.
        value: the content itself, None where it lies in clusters.
        first: cluster of the attribute with which ``runs`` begin.
        runs: (cluster of the disk or None for a hole, clusters).
        size: bytes; of the first part only.
        initialized: bytes behind which everything is zero.
    """

    kind: int
    name: str
    flags: int
    value: bytes | None
    first: int = 0
    runs: tuple[tuple[int | None, int], ...] = ()
    size: int = 0
    initialized: int = 0


@dataclass(frozen=True, slots=True)
class Record:
    """One entry of the file table.

    Attributes:
        age: how often the entry was used.
        base: reference of the record that this one continues, 0 for none.
    """

    age: int
    base: int
    attributes: tuple[Attribute, ...]


@dataclass(frozen=True, slots=True)
class Named:
    """A name in a folder: the reference of its record, the flags of its file, and the tag of a reparse point."""

    name: str
    reference: int
    flags: int
    tag: int


def number(raw: bytes, offset: int, length: int) -> int:
    """Return a number of so many bytes."""
    return int.from_bytes(raw[offset : offset + length], "little")


def read_record(raw: bytes) -> Record:
    """Return an entry of the file table; raises LintError when it is none, or not in use."""
    raw = _mended(raw, b"FILE")
    flags = number(raw, 22, 2)
    if not flags & 1:
        damaged("an entry that is not in use")
    found, place = [], number(raw, 20, 2)
    while number(raw, place, 4) != END:
        length = number(raw, place + 4, 4)
        if length < 24 or place + length > len(raw):
            damaged("an attribute")
        found.append(_attribute(raw[place : place + length]))
        place += length
    return Record(number(raw, 16, 2), number(raw, 32, 8), tuple(found))


def _mended(raw: bytes, sign: bytes) -> bytes:
    """Return a record with the last two bytes of each sector put back, by which a torn one is known."""
    place, count = number(raw, 4, 2), number(raw, 6, 2)
    if raw[:4] != sign or count != len(raw) // SECTOR + 1 or place + count * 2 > SECTOR - 2:
        damaged("a record")
    mended, stamp = bytearray(raw), raw[place : place + 2]
    for index in range(1, count):
        end = index * SECTOR
        if raw[end - 2 : end] != stamp:
            damaged("a record that was not written whole")
        mended[end - 2 : end] = raw[place + index * 2 : place + index * 2 + 2]
    return bytes(mended)


def _attribute(raw: bytes) -> Attribute:
    start = number(raw, 10, 2)
    name = raw[start : start + raw[9] * 2].decode("utf-16-le", "replace")
    kind, flags = number(raw, 0, 4), number(raw, 12, 2)
    if not raw[8]:
        place = number(raw, 20, 2)
        value = raw[place : place + number(raw, 16, 4)]
        return Attribute(kind, name, flags, value, size=len(value))
    runs = tuple(_runs(raw[number(raw, 32, 2) :]))
    return Attribute(kind, name, flags, None, number(raw, 16, 8), runs, number(raw, 48, 8), number(raw, 56, 8))


def _runs(raw: bytes) -> Iterator[tuple[int | None, int]]:
    place = cluster = 0
    while place < len(raw) and raw[place]:
        lengths, offsets = raw[place] & 15, raw[place] >> 4
        end = place + 1 + lengths + offsets
        if not 1 <= lengths <= 8 or offsets > 8 or end > len(raw):
            damaged("a list of clusters")
        cluster += int.from_bytes(raw[place + 1 + lengths : end], "little", signed=True)
        if cluster < 0:
            damaged("a list of clusters")
        yield cluster if offsets else None, number(raw, place + 1, lengths)
        place = end


def read_list(raw: bytes) -> Iterator[tuple[int, str, int]]:
    """Yield (kind, name, reference) of the attributes that stand in other records."""
    place = 0
    while place < len(raw):
        length, start = number(raw, place + 4, 2), place + raw[place + 7] if place + 7 < len(raw) else 0
        if length < 26 or place + length > len(raw):
            damaged("a list of attributes")
        name = raw[start : start + raw[place + 6] * 2].decode("utf-16-le", "replace")
        yield number(raw, place, 4), name, number(raw, place + 16, 8)
        place += length


def read_root(raw: bytes) -> Iterator[Named]:
    """Yield the names in the root of a folder's index."""
    return _names(raw, 16)


def read_block(raw: bytes) -> Iterator[Named]:
    """Yield the names in one block of a folder's index."""
    return _names(_mended(raw, b"INDX"), 24)


def _names(raw: bytes, header: int) -> Iterator[Named]:
    place, end = header + number(raw, header, 4), header + number(raw, header + 4, 4)
    while True:
        length, key, flags = number(raw, place + 8, 2), number(raw, place + 10, 2), number(raw, place + 12, 2)
        if length < 16 or place + length > min(end, len(raw)):
            damaged("a folder")
        if flags & 2:
            return
        name = raw[place + 16 : place + 16 + key]
        if len(name) < 66 or len(name) < 66 + name[64] * 2:
            damaged("a folder")
        if name[65] != DOS:
            text = name[66 : 66 + name[64] * 2].decode("utf-16-le", "replace")
            yield Named(text, number(raw, place, 8), number(name, 56, 4), number(name, 60, 4))
        place += length


def damaged(what: str) -> NoReturn:
    """Refuse what does not fit."""
    raise LintError(Reason.UNREADABLE, f"NTFS: damaged: {what}; try chkdsk in a guest made from it")
