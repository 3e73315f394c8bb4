"""NTFS, what Windows is installed on: read without a program, as XFS is."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from exporter.lint import ntfs_records as records
from exporter.lint.disks import Disk
from exporter.lint.files import Kind, LintError
from exporter.lint.limits import Limits
from exporter.lint.ntfs_records import NUMBER, Attribute, Named, Record, damaged, number
from exporter.lint.volumes import Entry
from exporter.model import Reason

TABLE, TOP = 0, 5  # numbers of records
FOLDER, POINTS = 0x10000000, 0x400  # flags of a file
LINKS = (0xA000000C, 0xA0000003)  # reparse points: symbolic links, and junctions
PACKED, SECRET = 0x1, 0x4000  # flags of an attribute
MOST_PARTS = 100  # records of one file
MOST_RUNS = 20_000  # of one attribute
MOST_STEPS = 10_000_000  # runs that are passed while a folder is read
MOST_LIST = MOST_BITMAP = 2**20


@dataclass(frozen=True, slots=True)
class Shape:
    """Bytes of a cluster and of an entry of the file table, and the parts of that table."""

    cluster: int
    record: int
    table: tuple[Attribute, ...] = ()


@dataclass(frozen=True, slots=True)
class Ntfs:
    """A file system; made by ``opened_ntfs``."""

    top: ClassVar[int] = TOP
    folds: ClassVar[bool] = True
    disk: Disk
    shape: Shape
    limits: Limits

    async def entries(self, node: int) -> dict[str, Entry]:
        """Return what is in a folder, without the short names of DOS."""
        return await asyncio.to_thread(self._entries, node)

    async def content(self, node: int, limit: int) -> bytes:
        """Return the first bytes of a file."""
        return await asyncio.to_thread(self._content, node, limit)

    async def target(self, node: int) -> str:
        """Refuse: what links and junctions of Windows point to begins with a drive."""
        raise LintError(Reason.UNSUPPORTED, f"NTFS: links of Windows are not followed (record {node & NUMBER})")

    def _entries(self, node: int) -> dict[str, Entry]:
        parts = self._parts(node)
        root = [one for one in parts if (one.kind, one.name) == (records.ROOT, "$I30")]
        if len(root) != 1 or root[0].value is None:
            damaged("a folder")
        found = {}
        for one in self._named(root[0].value, parts):
            if one.name not in (".", "") and "/" not in one.name:
                found[one.name] = _entry(one)
            if len(found) > self.limits.entries:
                raise LintError(Reason.TOO_LARGE, f"a folder has more than {self.limits.entries} names")
        return found

    def _named(self, root: bytes, parts: tuple[Attribute, ...]) -> Iterator[Named]:
        """Yield the names in the root of the index, and in its blocks that are in use."""
        yield from records.read_root(root)
        blocks = _of(parts, records.ALLOCATION, "$I30")
        if not blocks:
            return
        size, used = number(root, 8, 4), self._bytes(_of(parts, records.BITMAP, "$I30"), MOST_BITMAP)
        if size not in (512, 1024, 2048, 4096, 8192, 16384, 32768, 65536):
            damaged("a folder")
        many = min(blocks[0].size // size, len(used) * 8)
        if many * sum(len(one.runs) for one in blocks) > MOST_STEPS:
            raise LintError(Reason.TOO_LARGE, "NTFS: a folder in too many pieces")
        for index in range(many):
            if used[index // 8] >> index % 8 & 1:
                yield from records.read_block(self._range(blocks, index * size, size))

    def _content(self, node: int, limit: int) -> bytes:
        parts = self._parts(node)
        data = _of(parts, records.DATA, "")
        if any(one.kind == records.REPARSE for one in parts) or any(one.flags & PACKED for one in data):
            raise LintError(Reason.UNSUPPORTED, "NTFS: the file is compressed by Windows")
        if any(one.flags & SECRET for one in data):
            raise LintError(Reason.UNSUPPORTED, "NTFS: the file is encrypted by Windows")
        return self._bytes(data, limit)

    def _parts(self, reference: int) -> tuple[Attribute, ...]:
        """Return the attributes of a file, those in further records too."""
        record = self._record(reference)
        lists = [one for one in record.attributes if one.kind == records.LIST]
        if not lists:
            return record.attributes
        text = self._bytes((lists[0],), MOST_LIST)
        others = {one & NUMBER: one for _, _, one in records.read_list(text) if one & NUMBER != reference & NUMBER}
        if len(others) > MOST_PARTS:
            raise LintError(Reason.TOO_LARGE, "NTFS: a file in too many parts")
        found = record.attributes
        for other in others.values():
            part = self._record(other)
            if part.base & NUMBER != reference & NUMBER:
                damaged("a record of another file")
            found += part.attributes
        return found

    def _record(self, reference: int) -> Record:
        """Return a record; a reference to one that has been used again since is damage."""
        size = self.shape.record
        record = records.read_record(self._range(self.shape.table, (reference & NUMBER) * size, size))
        if reference >> 48 not in (0, record.age):
            damaged("a name of a file that is gone")
        return record

    def _bytes(self, parts: tuple[Attribute, ...], most: int) -> bytes:
        """Return the first bytes of an attribute, empty when there is none."""
        if not parts:
            return b""
        if parts[0].value is not None:
            return parts[0].value[:most]
        return self._range(parts, 0, min(parts[0].size, most))

    def _range(self, parts: tuple[Attribute, ...], offset: int, length: int) -> bytes:
        """Return bytes of an attribute that lies in clusters; raises LintError when they are not all there."""
        found, cluster, covered = bytearray(length), self.shape.cluster, 0
        written = parts[0].initialized if parts else 0
        for one in parts:
            place = one.first * cluster
            for start, count in one.runs:
                first, last = max(place, offset), min(place + count * cluster, offset + length)
                if first < last:
                    covered += last - first
                if start is not None and first < (last := min(last, written)):
                    raw = self.disk.read(start * cluster + first - place, last - first)
                    if len(raw) < last - first:
                        damaged("a file that reaches past the end of the image")
                    found[first - offset : last - offset] = raw
                place += count * cluster
        if covered < length:
            damaged("clusters are missing")
        return bytes(found)


def opened_ntfs(disk: Disk, limits: Limits) -> Ntfs:
    """Return the file system on a disk; raises LintError when its first sector does not fit."""
    raw = disk.read(0, 512).ljust(512, b"\0")
    sector, clusters, size = number(raw, 11, 2), raw[13], raw[64]
    cluster = sector * (clusters if clusters <= 128 else 1 << (256 - clusters))
    record = 1 << (256 - size) if size > 128 else size * cluster
    if sector not in (512, 1024, 2048, 4096) or not 512 <= cluster <= 2**21 or record not in (1024, 2048, 4096):
        damaged("the first sector")
    table = records.read_record(disk.read(number(raw, 48, 8) * cluster, record))
    first = Ntfs(disk, Shape(cluster, record, _of(table.attributes, records.DATA, "")), limits)
    if all(one.kind != records.LIST for one in table.attributes):
        return first
    whole = _of(first._parts(TABLE), records.DATA, "")
    return Ntfs(disk, Shape(cluster, record, whole), limits)


def _of(parts: tuple[Attribute, ...], kind: int, name: str) -> tuple[Attribute, ...]:
    """Return the parts of one attribute in order."""
    found = [one for one in parts if (one.kind, one.name) == (kind, name)]
    if sum(len(one.runs) for one in found) > MOST_RUNS:
        raise LintError(Reason.TOO_LARGE, "NTFS: a file in too many pieces")
    return tuple(sorted(found, key=lambda one: one.first))


def _entry(one: Named) -> Entry:
    if one.flags & POINTS and one.tag in LINKS:
        return Entry(one.reference, Kind.LINK)
    return Entry(one.reference, Kind.FOLDER if one.flags & FOLDER else Kind.FILE)
