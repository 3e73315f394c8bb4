"""What lies on a disk, a partition or a logical volume: told by its first bytes, as blkid does."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from exporter.lint.disks import Disk
from exporter.lint.files import Kind

SIGNS = (
    (0, b"LUKS\xba\xbe", "luks"),
    (0, b"XFSB", "xfs"),
    (3, b"NTFS    ", "ntfs"),
    (3, b"-FVE-FS-", "bitlocker"),
    (65600, b"_BHRfS_M", "btrfs"),
    (1080, b"\x53\xef", "ext"),
    (4096, b"\xfc\x4e\x2b\xa9", "raid"),  # mdadm 1.2
    (0, b"\xfc\x4e\x2b\xa9", "raid"),  # mdadm 1.1
    (4086, b"SWAPSPACE2", "swap"),
    (54, b"FAT1", "fat"),
    (82, b"FAT32", "fat"),
    (3, b"EXFAT   ", "exfat"),
    *((sector * 512, b"LABELONE", "lvm") for sector in range(4)),
    *((place, sign, "ufs") for place in (66908, 9564) for sign in (b"\x19\x01\x54\x19", b"\x54\x19\x01\x00")),
    (512, b"\x57\x45\x56\x82", "bsd"),  # a table of BSD's own inside a partition
    (16384, b"\x01\x01" + bytes(9) + b"\x01", "zfs"),  # the head of the list of names in its first label
)
"""(offset, bytes there, kind): the first that fits."""
LOOKED_AT = 66912


@dataclass(frozen=True, slots=True)
class Found:
    """One place where a file system may lie.

    Attributes:
        disk: its bytes.
        kind: as in SIGNS, empty when nothing is known of it.
        names: what /etc/fstab may call it, for example ``UUID=...`` or ``/dev/mapper/rhel-root``.
        number: of the partition, 0 when it is none.
        place: for people: "partition 2", "logical volume rhel/root".
    """

    disk: Disk
    kind: str
    names: frozenset[str] = field(default_factory=frozenset)
    number: int = 0
    place: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A name in a folder.

    Attributes:
        node: the number of what it stands for, in its own file system.
        kind: what that is.
    """

    node: int
    kind: Kind


class Volume(Protocol):
    """One file system, by the numbers of its files; every call raises LintError when it cannot be told."""

    @property
    def top(self) -> int:
        """Return the number of the topmost folder."""
        ...

    @property
    def folds(self) -> bool:
        """Return whether names differ in more than case."""
        ...

    async def entries(self, node: int) -> dict[str, Entry]:
        """Return what is in a folder, without ``.`` and ``..``."""
        ...

    async def content(self, node: int, limit: int) -> bytes:
        """Return the first ``limit`` bytes of a file."""
        ...

    async def target(self, node: int) -> str:
        """Return where a symbolic link points to."""
        ...


def kind_of(disk: Disk) -> str:
    """Return what lies there, as in SIGNS; empty when nothing is known of it."""
    head = disk.read(0, LOOKED_AT)
    return next((kind for offset, sign, kind in SIGNS if head.startswith(sign, offset)), "")


def own_names(disk: Disk, kind: str) -> Iterator[str]:
    """Yield what /etc/fstab may call a file system by what is written in it."""
    if kind == "ext":
        block = disk.read(1024, 136)
        number, label = block[104:120], block[120:136]
    elif kind == "xfs":
        block = disk.read(0, 120)
        number, label = block[32:48], block[108:120]
    elif kind == "fat":
        yield from _fat_names(disk.read(0, 96))
        return
    else:
        return
    if len(number) == 16:
        yield f"UUID={uuid.UUID(bytes=number)}"
    if label.rstrip(b"\0"):
        yield "LABEL=" + label.rstrip(b"\0").decode("utf-8", "surrogateescape")


def _fat_names(sector: bytes) -> Iterator[str]:
    """Yield the names of a FAT, whose number has four bytes; where they stand tells the kind of FAT."""
    start = 67 if sector.startswith(b"FAT32", 82) else 39
    yield "UUID={3:02X}{2:02X}-{1:02X}{0:02X}".format(*sector[start : start + 4].ljust(4, b"\0"))
    label = sector[start + 4 : start + 15].decode("cp437").rstrip(" \0")
    if label not in ("", "NO NAME"):
        yield f"LABEL={label}"


def told_size(disk: Disk, kind: str) -> int:
    """Return the bytes that a file system takes by its own word, 0 when it is not asked."""
    if kind == "ext":
        block = disk.read(1024, 340).ljust(340, b"\0")
        upper = block[336:340] if block[96] & 0x80 else b""  # where it may have more than 2^32 blocks
        return int.from_bytes(block[4:8] + upper, "little") * 1024 << min(block[24], 6)
    if kind == "xfs":
        block = disk.read(0, 16)
        return int.from_bytes(block[4:8], "big") * int.from_bytes(block[8:16], "big")
    if kind == "ntfs":
        block = disk.read(0, 48)
        return int.from_bytes(block[11:13], "little") * int.from_bytes(block[40:48], "little")
    return 0
