"""FAT, where UEFI looks for boot loaders and Red Hat's has its settings: read without a program, as XFS is."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, NoReturn

from exporter.lint.disks import Disk
from exporter.lint.files import Kind, LintError
from exporter.lint.limits import Limits
from exporter.lint.volumes import Entry
from exporter.model import Reason

TOP = 0  # no file begins at this cluster
FIRST = 2  # number of the first cluster
CLUSTER_BITS = 28  # of a cluster's number; a file's node has its size above them
MOST_FOLDER = 2**21  # bytes: Microsoft's specification allows no more
MOST_OF_12 = 0xFF4  # clusters; with more, numbers have 16 bits
SLOT = 32
LONG, LABEL, FOLDER = 0x0F, 0x08, 0x10  # attributes of a name
LONG_PARTS = ((1, 11), (14, 26), (28, 32))  # where the letters of a long name stand


@dataclass(frozen=True, slots=True)
class Shape:
    """Where things lie, in bytes from the start.

    Attributes:
        bits: of a cluster's number in the table: 12, 16 or 32.
        cluster: bytes of one.
        table: where the table begins.
        data: where the first cluster begins.
        clusters: how many there are.
        root: (offset, bytes) of the topmost folder; (0, 0) where it is a chain of clusters.
        root_cluster: the first of that chain.
    """

    bits: int
    cluster: int
    table: int
    data: int
    clusters: int
    root: tuple[int, int]
    root_cluster: int


@dataclass(frozen=True, slots=True)
class Fat:
    """A file system; made by ``opened_fat``."""

    top: ClassVar[int] = TOP
    folds: ClassVar[bool] = True
    disk: Disk
    shape: Shape

    async def entries(self, node: int) -> dict[str, Entry]:
        """Return what is in a folder, by long names where there are any."""
        return await asyncio.to_thread(self._entries, node)

    async def content(self, node: int, limit: int) -> bytes:
        """Return the first bytes of a file."""
        return await asyncio.to_thread(self._content, node, limit)

    async def target(self, node: int) -> str:
        """Refuse: there are no links."""
        raise LintError(Reason.UNSUPPORTED, f"FAT has no links ({node})")

    def _entries(self, node: int) -> dict[str, Entry]:
        if node == TOP and self.shape.root[1]:
            raw = self.disk.read(*self.shape.root)
        else:
            raw = self._chain(self.shape.root_cluster if node == TOP else node, MOST_FOLDER + 1)
        if len(raw) > MOST_FOLDER:
            _refuse("folder: it never ends")
        return dict(_named(raw, wide=self.shape.bits == 32))

    def _content(self, node: int, limit: int) -> bytes:
        first, length = node & (1 << CLUSTER_BITS) - 1, min(node >> CLUSTER_BITS, limit)
        raw = self._chain(first, length) if length > 0 else b""
        if len(raw) < length:
            _refuse("file: it ends too early")
        return raw[:length]

    def _chain(self, cluster: int, most: int) -> bytes:
        """Return what lies in a chain of clusters, at least ``most`` bytes if it has so many; it ends there."""
        found, size = bytearray(), self.shape.cluster
        while len(found) < most:
            if not FIRST <= cluster < FIRST + self.shape.clusters:
                _refuse("chain of clusters")
            raw = self.disk.read(self.shape.data + (cluster - FIRST) * size, size)
            if len(raw) < size:
                _refuse("file: it reaches past the end of the image")
            found += raw
            cluster = self._next(cluster)
            if cluster >= (1 << min(self.shape.bits, CLUSTER_BITS)) - 8:
                break
        return bytes(found)

    def _next(self, cluster: int) -> int:
        """Return what the table says of a cluster: the next one, or that it is the last."""
        bits = self.shape.bits
        raw = self.disk.read(self.shape.table + cluster * bits // 8, 4)
        return _number(raw, 0, 4) >> cluster * bits % 8 & (1 << min(bits, CLUSTER_BITS)) - 1


def opened_fat(disk: Disk, _limits: Limits) -> Fat:
    """Return the file system on a disk; raises LintError when its first sector does not fit."""
    raw = disk.read(0, 512).ljust(512, b"\0")
    sector, per_cluster, before = _number(raw, 11, 2), raw[13], _number(raw, 14, 2)
    tables, names = raw[16], _number(raw, 17, 2)
    sectors = _number(raw, 19, 2) or _number(raw, 32, 4)
    short, table = _number(raw, 22, 2), _number(raw, 22, 2) or _number(raw, 36, 4)
    if sector not in (512, 1024, 2048, 4096) or per_cluster not in (1, 2, 4, 8, 16, 32, 64, 128) or not tables:
        _refuse("first sector")
    first = before + tables * table
    data = first + -(-names * SLOT // sector)
    clusters = (sectors - data) // per_cluster
    if not 0 < clusters < 1 << CLUSTER_BITS:
        _refuse("first sector")
    bits = 32 if not short else 12 if clusters <= MOST_OF_12 else 16
    root = (0, 0) if bits == 32 else (first * sector, names * SLOT)
    return Fat(
        disk,
        Shape(bits, sector * per_cluster, before * sector, data * sector, clusters, root, _number(raw, 44, 4)),
    )


def _named(raw: bytes, *, wide: bool) -> Iterator[tuple[str, Entry]]:
    """Yield the names in a folder and what they stand for; ``wide`` numbers have a second half."""
    long: dict[int, bytes] = {}
    for offset in range(0, len(raw) - SLOT + 1, SLOT):
        slot = raw[offset : offset + SLOT]
        if not slot[0]:
            return
        if slot[11] & 0x3F == LONG and slot[0] != 0xE5:
            long = {} if slot[0] & 0x40 else long
            long[slot[0] & 0x3F] = slot
            continue
        if slot[0] != 0xE5 and not slot[11] & LABEL:
            name = _long(long, slot) or _short(slot)
            if name not in ("", ".", "..") and "/" not in name:
                yield name, _entry(slot, wide=wide)
        long = {}


def _entry(slot: bytes, *, wide: bool) -> Entry:
    cluster = _number(slot, 26, 2) | (_number(slot, 20, 2) << 16 & (1 << CLUSTER_BITS) - 1 if wide else 0)
    if slot[11] & FOLDER:
        return Entry(cluster, Kind.FOLDER)
    return Entry(cluster | _number(slot, 28, 4) << CLUSTER_BITS, Kind.FILE)


def _long(parts: dict[int, bytes], slot: bytes) -> str:
    """Return the long name that stands before a short one, empty when there is none that belongs to it."""
    total = 0
    for byte in slot[:11]:
        total = ((total << 7 | total >> 1) + byte) & 0xFF
    if sorted(parts) != list(range(1, len(parts) + 1)) or any(part[13] != total for part in parts.values()):
        return ""
    raw = b"".join(parts[number][start:end] for number in sorted(parts) for start, end in LONG_PARTS)
    return raw.decode("utf-16-le", "replace").partition("\0")[0]


def _short(slot: bytes) -> str:
    """Return the short name; small where its flags say so, as Linux and Windows show it."""
    raw = b"\xe5" + slot[1:11] if slot[0] == 5 else slot[:11]
    base, end = (part.decode("cp437").rstrip(" ") for part in (raw[:8], raw[8:]))
    base, end = base.lower() if slot[12] & 0x08 else base, end.lower() if slot[12] & 0x10 else end
    return f"{base}.{end}" if end else base


def _number(raw: bytes, offset: int, length: int) -> int:
    return int.from_bytes(raw[offset : offset + length], "little")


def _refuse(what: str) -> NoReturn:
    raise LintError(Reason.UNREADABLE, f"FAT: damaged {what}; try fsck.fat -n on a copy of it")
