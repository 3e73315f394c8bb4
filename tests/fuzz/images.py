"""What reads the insides of template images: first bytes, tables, metadata, and what tools print of them."""

from __future__ import annotations

import asyncio
import gzip
import json
import lzma
import os
import struct
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

from exporter.lint import ext, formats, lvm, ntfs_records, partitions, systems, xfs_folders
from exporter.lint.convert import read_info
from exporter.lint.disk_map import places
from exporter.lint.disks import Disk
from exporter.lint.fat import Fat, opened_fat
from exporter.lint.files import Kind, LintError
from exporter.lint.limits import Limits
from tests.fuzz.contract import Target
from tests.fuzz.corpus import SAMPLES, text_case

IMAGES = SAMPLES / "images"
LISTED = (
    b'/2/040755/0/0/.//\n/2/040755/0/0/..//\n/11/040700/0/0/lost+found//\n/13/100644/0/0/"quote/1/\n'
    b"/14/100644/0/0/new\nline/0/\n/16/120777/0/0/link/11/\n/20/100644/0/0/sparse/1099511627776/\n\n"
)  # debugfs 1.47.0
STATED = b'Inode: 17   Type: symlink    Mode:  0777   Flags: 0x0\nBlockcount: 0\nFast link dest: "new\n"lin\xff"\n'
TOLD = {
    "virtual-size": 67108864, "filename": "/dev/fd/7", "cluster-size": 65536, "format": "qcow2", "actual-size": 991232,
    "format-specific": {"type": "qcow2", "data": {"compat": "1.1", "corrupt": False}}, "dirty-flag": False,
}  # fmt: skip
"""What qemu-img 7.2 says."""
FSTAB = b'# /etc/fstab\nUUID=1 / ext4 defaults 0 1\n/dev/mapper/rhel-var /var xfs d 0 0\n"LABEL=x" /srv ext4 noauto\n'
MOST_FOLDERS = 20  # of a file system, that are looked into
QCOW2 = b"QFI\xfb" + struct.pack(">IQIIQ", 3, 0, 0, 16, 2**20) + bytes(100)


def image_targets() -> Iterator[Target]:
    """Yield a target for each of them."""
    heads = (QCOW2, b"KDMV" + b"\1" * 200, b"conectix" + bytes(504), b"vhdxfile" + bytes(600), bytes(600))
    yield _target("image_format", lambda raw: formats.told(raw, raw[-512:]), heads, LintError)
    yield _target(
        "qemu_img_info", lambda raw: read_info(raw, "qcow2"), (json.dumps(TOLD, indent=4).encode(),), LintError
    )
    for sector in partitions.SECTORS:
        yield _target(f"partitions_{sector}", partial(_read_partitions, sector=sector), (_mbr(), _gpt(sector)))
    heads = tuple(gzip.decompress((IMAGES / f"lvm-{number}.bin.gz").read_bytes()) for number in (0, 1))
    yield _target("lvm_physical", lambda raw: lvm.read_physical(partial(_at, raw)), heads, lvm.LvmError)
    text = lvm.read_physical(partial(_at, heads[0]))[1]
    yield _target("lvm_group", lvm.read_group, (text,), lvm.LvmError)
    yield _target("debugfs_folder", ext.read_folder, (LISTED,), LintError)
    yield _target("debugfs_link", ext.read_target, (STATED,), LintError)
    yield _target("fstab", lambda raw: list(systems.read_fstab(raw)), (FSTAB,))
    yield from _xfs_targets()
    yield from _ntfs_targets()
    disks = (_ext(), _fat(12), _mbr(), _gpt(512), b"XFSB" + struct.pack(">IQ", 4096, 9).ljust(60, b"x"))
    yield _target("disk_places", _read_places, disks, LintError)
    yield _target("fat", _read_fat, (_fat(12), _fat(16), _fat(32)), LintError)


def _blocks(sample: str, size: int, *signs: bytes) -> list[bytes]:
    """Return the blocks of a sample's disk that begin with one of these."""
    with tarfile.open(fileobj=lzma.open(IMAGES / sample)) as archive:
        disk = archive.extractfile("disk.raw")
        assert disk is not None
        return [raw for raw in iter(partial(disk.read, size), b"") if raw[:4] in signs]


def _xfs_targets() -> Iterator[Target]:
    """Yield folders of XFS as they stand in the sample's disk."""
    blocks = _blocks("xfs.tar.xz", 8192, b"XDD3", b"XDB3")
    block = partial(xfs_folders.block, has_kinds=True, is_fifth=True)
    yield _target("xfs_block", lambda raw: list(block(raw)), (blocks[0], blocks[-1]), LintError)
    short = b"\2\0" + struct.pack(">I", 128) + b"\3\0\x60abc\1" + b"\0\0\1\0" + b"\1\0\x70d\2" + b"\0\0\1\1"
    for has_kinds in (True, False):
        folder = partial(xfs_folders.short, has_kinds=has_kinds)
        yield _target(f"xfs_short_{has_kinds}", partial(_all, folder), (short,), LintError)


def _ntfs_targets() -> Iterator[Target]:
    """Yield records of NTFS as they stand in the sample's disk."""
    kept = [raw for raw in _blocks("ntfs.tar.xz", 1024, b"FILE") if raw[22] & 1]
    yield _target(
        "ntfs_record",
        lambda raw: ntfs_records.read_record(_stamped(raw, 1024)),
        (kept[0], kept[5], kept[-1]),
        LintError,
    )
    blocks = _blocks("ntfs.tar.xz", 4096, b"INDX")
    yield _target(
        "ntfs_block", lambda raw: list(ntfs_records.read_block(_stamped(raw, 4096))), (blocks[0], blocks[-1]), LintError
    )
    values = [one.value for raw in kept for one in ntfs_records.read_record(raw).attributes if one.kind == 0x90]
    yield _target("ntfs_root", partial(_all, ntfs_records.read_root), tuple(one for one in values if one), LintError)
    entry = struct.pack("<IHBBQQH", 0x80, 32, 0, 26, 0, 5, 0).ljust(32, b"\0")
    yield _target("ntfs_list", partial(_all, ntfs_records.read_list), (entry * 3,), LintError)


def _stamped(raw: bytes, size: int) -> bytes:
    """Return a record whose sectors end as they must: what is changed in it is read, not refused as torn."""
    whole = bytearray(raw[:size].ljust(size, b"\0"))
    whole[4:8] = struct.pack("<HH", 40, size // 512 + 1)
    for end in range(512, size + 1, 512):
        whole[end - 2 : end] = whole[40:42]
    return bytes(whole)


def _all(read: Any, raw: bytes) -> list[Any]:
    return list(read(raw))


def _target(name: str, read: Any, seeds: tuple[bytes, ...], *allowed: type[Exception]) -> Target:
    return Target(name, read, partial(text_case, seeds), allowed, seeds=seeds)


def _at(raw: bytes, offset: int, length: int) -> bytes:
    return raw[offset : offset + length]


def _read_partitions(raw: bytes, *, sector: int) -> Any:
    """Return the partitions; none begins behind the disk, and there are never many."""
    found = partitions.read_partitions(partial(_at, raw), len(raw), sector)
    assert len(found) <= partitions.MOST
    assert all(0 < one.offset < len(raw) for one in found)
    return found


@contextmanager
def _disk(raw: bytes) -> Iterator[Disk]:
    """Give a disk with these bytes."""
    file = os.memfd_create("disk")
    try:
        os.write(file, raw)
        yield Disk(file, ((0, len(raw)),))
    finally:
        os.close(file)


def _read_places(raw: bytes) -> Any:
    """Return where file systems may lie; none of it behind the disk."""
    with _disk(raw) as disk:
        found = places(disk)
    assert all(0 <= start <= start + length <= len(raw) for one in found for start, length in one.disk.pieces)
    return found


def _read_fat(raw: bytes) -> Any:
    """Return what can be read in a FAT: every folder, and the first bytes of every file."""
    with _disk(raw) as disk:
        fat = opened_fat(disk, Limits())
        return asyncio.run(_walked(fat))


async def _walked(fat: Fat) -> dict[str, bytes]:
    found, folders = dict[str, bytes](), [("", fat.top)]
    for path, folder in folders:
        with suppress(LintError):
            for name, entry in (await fat.entries(folder)).items():
                place = f"{path}/{name}"
                if entry.kind is Kind.FILE:
                    found[place] = await fat.content(entry.node, 1000)
                elif len(folders) < MOST_FOLDERS:
                    folders.append((place, entry.node))
    return found


def _fat(bits: int) -> bytes:
    """Return a FAT with a folder of a long name, and in that a file of three clusters."""
    head = bytearray(512)
    head[11:36] = struct.pack("<HBHBHHBHHHII", 512, 1, 1, 1, 16 * (bits < 32), 5000 if bits == 16 else 30, 0xF8,
                              bits < 32, 0, 0, 0, 0)  # fmt: skip
    head[36:48] = struct.pack("<III", bits == 32, 0, 2)
    end = (1 << min(bits, 28)) - 1
    table = sum(value << bits * number for number, value in enumerate((end, end, end, end, 5, 6, end)))
    long = b"\x41" + "the l".encode("utf-16-le") + b"\x0f\0\0" + "ong na".encode("utf-16-le") + b"\0\0m\0e\0"
    folder = struct.pack("<11sB8xH4xHI", b"THELON~1   ", 0x10, 0, 3, 0)
    file = struct.pack("<11sB8xH4xHI", b"BIG     TXT", 0x20, 0, 4, 1300)
    total = 0
    for byte in folder[:11]:
        total = ((total << 7 | total >> 1) + byte) & 0xFF
    long = long[:13] + bytes([total]) + long[14:]
    root = (long + folder).ljust(512, b"\0")
    parts = (head, table.to_bytes(512, "little"), root, *((bytes(512),) if bits < 32 else ()), file.ljust(512, b"\0"))
    return b"".join(parts) + b"x" * 1536


def _ext() -> bytes:
    """Return the first half of an ext4 of 4 KiB, whose blocks are counted by 64 bits."""
    raw = bytearray(2048)
    raw[1024 + 4 : 1024 + 8] = struct.pack("<I", 1)
    raw[1024 + 24], raw[1080:1082], raw[1024 + 96] = 2, b"\x53\xef", 0x80
    return bytes(raw)


def _mbr() -> bytes:
    """Return a disk of 64 sectors with a primary, and two logical partitions in a chain."""
    sectors = {0: ((0x83, 1, 8), (0x05, 16, 40)), 16: ((0x83, 1, 8), (0x05, 16, 16)), 32: ((0x83, 1, 8),)}
    disk = bytearray(64 * 512)
    for sector, entries in sectors.items():
        for number, (kind, start, length) in enumerate(entries):
            place = sector * 512 + 446 + number * 16
            disk[place : place + 16] = struct.pack("<4xB3xII", kind, start, length)
        disk[sector * 512 + 510 : sector * 512 + 512] = b"\x55\xaa"
    return bytes(disk)


def _gpt(sector: int) -> bytes:
    """Return a disk with a GPT of two partitions."""
    disk = bytearray(24 * sector)
    disk[446:462] = struct.pack("<4xB3xII", 0xEE, 1, 23)
    disk[510:512] = b"\x55\xaa"
    disk[sector : sector + 88] = struct.pack("<8s64xQII", b"EFI PART", 2, 4, 128)
    for number, first in enumerate((8, 16)):
        entry = struct.pack("<16s16sQQ", b"t" * 16, b"u" * 16, first, first + 7)
        disk[2 * sector + number * 128 : 2 * sector + number * 128 + 48] = entry
    return bytes(disk)
