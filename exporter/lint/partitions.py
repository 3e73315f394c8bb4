"""Partition tables: MBR with logical partitions, GPT, none. Reads bytes of whoever made the image."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Read = Callable[[int, int], bytes]
Entries = tuple[tuple[int, int, int, int], ...]
"""(state, kind, first sector, sectors) of each."""

SECTORS = (512, 4096)
MOST = 128  # partitions that are looked at
EXTENDED = (0x05, 0x0F, 0x85)
PROTECTIVE = 0xEE
TABLE, ENTRY = 446, 16  # of an MBR
GPT_ENTRIES = 1 << 16  # bytes of the list of a GPT that are looked at


@dataclass(frozen=True, slots=True)
class Partition:
    """One partition.

    Attributes:
        number: as the kernel counts it: the 2 of ``vda2``.
        offset: bytes from the start of the disk.
        length: bytes.
        uuid: of GPT's entry in lower case, else empty.
        name: of GPT's entry, else empty.
    """

    number: int
    offset: int
    length: int
    uuid: str = ""
    name: str = ""


def read_partitions(read: Read, size: int, sector: int) -> tuple[Partition, ...]:
    """Return the partitions that lie inside the disk, none when there is no table.

    Args:
        read: gives bytes of the disk by offset and length.
        size: of the disk in bytes.
        sector: bytes of a sector.
    """
    entries = _primary(read)
    found = _gpt(read, sector) if _is_protective(entries) else _mbr(read, entries, sector)
    return tuple(one for one, _ in zip(_inside(found, size), range(MOST), strict=False))


def end_of_partitions(read: Read, sector: int) -> int:
    """Return the byte at which the last partition ends by the table, 0 when there is none.

    Extended partitions count: what is in them may lie behind the end of a disk that was cut.
    """
    entries = _primary(read)
    if _is_protective(entries):
        ends = [one.offset + one.length for one in _gpt(read, sector) if one.offset > 0 and one.length > 0]
    else:
        ends = [(start + length) * sector for _, kind, start, length in entries if kind and start and length]
    return max(ends, default=0)


def _primary(read: Read) -> Entries:
    """Return the entries of the first sector, none when it is no table."""
    boot = read(0, 512)
    if boot[510:512] != b"\x55\xaa":
        return ()
    entries = tuple(_entries(boot))
    if any(state not in (0, 0x80) for state, *_ in entries):
        return ()  # the first sector of a file system ends in the same two bytes
    return entries


def _is_protective(entries: Entries) -> bool:
    return any(kind == PROTECTIVE for _, kind, *_ in entries)


def _inside(found: Iterator[Partition], size: int) -> Iterator[Partition]:
    """Yield what lies inside the disk; one that reaches past its end was cut with the image."""
    for one in found:
        if 0 < one.offset < size and one.length > 0:
            yield one


def _number(raw: bytes, offset: int, length: int) -> int:
    return int.from_bytes(raw[offset : offset + length], "little")


def _entries(sector: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Yield (state, kind, first sector, sectors) of the four entries."""
    for offset in range(TABLE, TABLE + 4 * ENTRY, ENTRY):
        yield sector[offset], sector[offset + 4], _number(sector, offset + 8, 4), _number(sector, offset + 12, 4)


def _mbr(read: Read, entries: Entries, sector: int) -> Iterator[Partition]:
    for number, (_, kind, start, length) in enumerate(entries, 1):
        if kind in EXTENDED:
            yield from _logical(read, start, sector)
        elif kind and length:
            yield Partition(number, start * sector, length * sector)


def _logical(read: Read, extended: int, sector: int) -> Iterator[Partition]:
    """Yield the logical partitions: a chain of tables, each behind the one before; loops end after MOST links."""
    table, number = extended, 5
    for _ in range(MOST):
        raw = read(table * sector, 512)
        if raw[510:512] != b"\x55\xaa":
            return
        (_, kind, start, length), (_, following, step, _), *_ = _entries(raw)
        if kind and length:
            yield Partition(number, (table + start) * sector, length * sector)
            number += 1
        if following not in EXTENDED or not step:
            return
        table = extended + step


def _gpt(read: Read, sector: int) -> Iterator[Partition]:
    """Yield the partitions of a GPT (UEFI specification, chapter 5); the copy at the disk's end is not needed."""
    header = read(sector, 512)
    count, length = _number(header, 80, 4), _number(header, 84, 4)
    if not header.startswith(b"EFI PART") or not 128 <= length <= 4096:
        return
    entries = read(_number(header, 72, 8) * sector, min(count * length, GPT_ENTRIES))
    for number, offset in enumerate(range(0, len(entries) - 127, length), 1):
        entry = entries[offset : offset + 128]
        if any(entry[:16]):
            first, last = _number(entry, 32, 8), _number(entry, 40, 8)
            own = str(uuid.UUID(bytes_le=entry[16:32]))
            name = entry[56:128].decode("utf-16-le", "replace").partition("\0")[0]
            yield Partition(number, first * sector, (last - first + 1) * sector, own, name)
