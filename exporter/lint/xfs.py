"""XFS, what RHEL and its kin are installed on: read without a program, for none reads files of an image unmounted.

Format: XFS Algorithms & Data Structures, 3rd edition. Every number stands in an image that anybody may have made: all
reading is bounded, and what does not fit is damage.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, NoReturn

from exporter.lint import xfs_folders
from exporter.lint.disks import Disk
from exporter.lint.files import Kind, LintError
from exporter.lint.limits import Limits
from exporter.lint.volumes import Entry
from exporter.model import Reason

KNOWN_FEATURES = 0xFF  # of those that change how anything is read; up to parent pointers
LOCAL, EXTENTS, BTREE = 1, 2, 3  # where the data of an inode stands
KINDS = {0o10: Kind.FILE, 0o4: Kind.FOLDER, 0o12: Kind.LINK}
LEAF_SPACE = 32 * 2**30  # offset in a folder where its index begins
MOST_BLOCKS = 10_000  # of a tree of extents
MOST_DEPTH = 9
MOST_TARGET = 1024
LINK_HEADER = 56


@dataclass(frozen=True, slots=True)
class Shape:
    """What the superblock says: sizes in bytes, and how numbers of blocks and inodes are made up."""

    block: int
    inode: int
    folder_block: int
    group_blocks: int
    group_bits: int
    inode_bits: int
    root: int
    has_kinds: bool
    is_fifth: bool


@dataclass(frozen=True, slots=True)
class Inode:
    """One file, folder or link.

    Attributes:
        fork: the part of the inode in which its data, or where that lies, stands.
        extents: how many there are.
    """

    kind: Kind
    form: int
    size: int
    extents: int
    fork: bytes


@dataclass(frozen=True, slots=True)
class Xfs:
    """A file system; made by ``opened_xfs``."""

    folds: ClassVar[bool] = False
    disk: Disk
    shape: Shape
    limits: Limits

    @property
    def top(self) -> int:
        """Return the number of the topmost folder."""
        return self.shape.root

    async def entries(self, node: int) -> dict[str, Entry]:
        """Return what is in a folder."""
        return await asyncio.to_thread(self._entries, node)

    async def content(self, node: int, limit: int) -> bytes:
        """Return the first bytes of a file."""
        return await asyncio.to_thread(lambda: self._content(self.inode(node), limit))

    async def target(self, node: int) -> str:
        """Return where a link points to."""
        return await asyncio.to_thread(self._target, node)

    def inode(self, number: int) -> Inode:
        """Return an inode by its number."""
        shape = self.shape
        inside = number & ((1 << shape.inode_bits) - 1)
        raw = self.disk.read(self._place(number >> shape.inode_bits) + inside * shape.inode, shape.inode)
        if len(raw) < shape.inode or raw[:2] != b"IN" or _number(raw, 90, 2) & 1:
            _refuse(f"inode {number}")
        start, wide = (176, _number(raw, 120, 8) & 1 << 4) if raw[4] == 3 else (100, 0)
        fork = raw[start : start + raw[82] * 8] if raw[82] else raw[start:]
        count = _number(raw, 24, 8) if wide else _number(raw, 76, 4)
        return Inode(KINDS.get(raw[2] >> 4, Kind.OTHER), raw[5], _number(raw, 56, 8), count, fork)

    def _place(self, block: int) -> int:
        """Return the byte at which a block lies; its number holds that of its group in the upper bits."""
        group, inside = block >> self.shape.group_bits, block & ((1 << self.shape.group_bits) - 1)
        return (group * self.shape.group_blocks + inside) * self.shape.block

    def _entries(self, node: int) -> dict[str, Entry]:
        inode, shape = self.inode(node), self.shape
        if inode.kind is not Kind.FOLDER:
            _refuse(f"folder {node}")
        if inode.form == LOCAL:
            found = xfs_folders.short(inode.fork[: inode.size], has_kinds=shape.has_kinds)
        else:
            found = (one for raw in self._folder_blocks(inode) for one in self._entries_of(raw))
        entries = {}
        for name, number, kind in found:
            if name not in ("", ".", ".."):
                entries[name] = Entry(number, kind or self.inode(number).kind)
            if len(entries) > self.limits.entries:
                raise LintError(Reason.TOO_LARGE, f"a folder has more than {self.limits.entries} names")
        return entries

    def _entries_of(self, raw: bytes) -> Iterator[tuple[str, int, Kind | None]]:
        return xfs_folders.block(raw, has_kinds=self.shape.has_kinds, is_fifth=self.shape.is_fifth)

    def _folder_blocks(self, inode: Inode) -> Iterator[bytes]:
        """Yield the blocks of a folder that hold names, not its index."""
        shape, left = self.shape, self.limits.entries
        many = shape.folder_block // shape.block
        pieces: list[bytes] = []
        for offset, block, count, _ in self._extents(inode):
            if offset * shape.block >= LEAF_SPACE:
                return
            for step in range(count):
                pieces.append(self.disk.read(self._place(block + step), shape.block))
                if len(pieces) == many:
                    yield b"".join(pieces)
                    pieces, left = [], left - 1
                if left <= 0:
                    raise LintError(Reason.TOO_LARGE, "a folder has too many blocks")

    def _content(self, inode: Inode, limit: int) -> bytes:
        size, block = min(inode.size, limit), self.shape.block
        if inode.form == LOCAL:
            return inode.fork[:size]
        found = bytearray(size)
        for offset, start, count, is_written in self._extents(inode):
            if offset * block >= size:
                break
            length = min(count * block, size - offset * block)
            if is_written:
                raw = self.disk.read(self._place(start), length)
                if len(raw) < length:
                    _refuse("file: it reaches past the end of the image")
                found[offset * block : offset * block + length] = raw
        return bytes(found)

    def _target(self, node: int) -> str:
        inode = self.inode(node)
        if inode.size > MOST_TARGET:
            _refuse(f"link {node}")
        has_header = self.shape.is_fifth and inode.form != LOCAL
        raw = self._content(inode, MOST_TARGET)
        if has_header:
            place = next((self._place(start) for _, start, _, _ in self._extents(inode)), 0)
            raw = self.disk.read(place + LINK_HEADER, inode.size)
        return raw.decode("utf-8", "surrogateescape")

    def _extents(self, inode: Inode) -> Iterator[tuple[int, int, int, bool]]:
        """Yield (block in the file, block on the disk, blocks, whether written) in order."""
        if inode.form == EXTENTS:
            records = _records(inode.fork[: min(inode.extents, len(inode.fork) // 16) * 16])
        elif inode.form == BTREE:
            records = self._tree(inode.fork)
        else:
            _refuse("inode: its data stands in no known place")
        end = 0
        for record in records:
            if record[0] < end or not record[2]:
                _refuse("list of extents")
            end = record[0] + record[2]
            yield record

    def _tree(self, fork: bytes) -> Iterator[tuple[int, int, int, bool]]:
        """Yield the extents below the root of a tree of them."""
        room = (len(fork) - 4) // 16
        waiting = [(1, one) for one in reversed(_pointers(fork, 4, room, _number(fork, 2, 2)))]
        for _ in range(MOST_BLOCKS):
            if not waiting:
                return
            depth, place = waiting.pop()
            raw = self.disk.read(self._place(place), self.shape.block)
            start = {b"BMAP": 24, b"BMA3": 72}.get(raw[:4])
            if start is None or depth > MOST_DEPTH:
                break
            count = _number(raw, 6, 2)
            if _number(raw, 4, 2) == 0:
                yield from _records(raw[start : start + count * 16])
            else:
                room = (self.shape.block - start) // 16
                waiting += [(depth + 1, one) for one in reversed(_pointers(raw, start, room, count))]
        _refuse("tree of extents")


def opened_xfs(disk: Disk, limits: Limits) -> Xfs:
    """Return the file system on a disk; raises LintError when its superblock does not fit."""
    raw = disk.read(0, 512)
    block, bits = _number(raw, 4, 4), raw[120:125]
    features = _number(raw, 216, 4) if (fifth := _number(raw, 100, 2) & 0xF == 5) else 0
    if features & ~KNOWN_FEATURES:
        raise LintError(Reason.UNSUPPORTED, "XFS with features that are not known here")
    sizes = len(raw) == 512 and block in (1 << one for one in range(9, 17)) and bits[0] == block.bit_length() - 1
    inode = _number(raw, 104, 2)
    if not sizes or inode not in (256, 512, 1024, 2048) or inode << bits[3] != block or bits[4] > 31 or raw[192] > 7:
        _refuse("superblock")
    has_kinds = bool(features & 1 if fifth else _number(raw, 200, 4) & 0x200)
    root = _number(raw, 56, 8)
    shape = Shape(block, inode, block << raw[192], _number(raw, 84, 4), bits[4], bits[3], root, has_kinds, fifth)
    return Xfs(disk, shape, limits)


def _number(raw: bytes, offset: int, length: int) -> int:
    return int.from_bytes(raw[offset : offset + length], "big")


def _records(raw: bytes) -> Iterator[tuple[int, int, int, bool]]:
    for offset in range(0, len(raw) - 15, 16):
        record = _number(raw, offset, 16)
        yield record >> 73 & (1 << 54) - 1, record >> 21 & (1 << 52) - 1, record & (1 << 21) - 1, not record >> 127


def _pointers(raw: bytes, start: int, room: int, count: int) -> list[int]:
    """Return the blocks that a node of a tree points to: they stand behind all its keys."""
    first = start + room * 8
    return [_number(raw, first + index * 8, 8) for index in range(min(count, room))]


def _refuse(what: str) -> NoReturn:
    raise LintError(Reason.UNREADABLE, f"XFS: damaged {what}; try xfs_repair -n on a copy of it")
