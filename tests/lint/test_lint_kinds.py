"""What lies on a disk: what is not read is named, so that nobody copies a sound image again."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from exporter.lint.judge import report
from exporter.lint.limits import Limits
from exporter.model import Reason

UFS1, UFS2 = struct.pack("<I", 0x00011954), struct.pack("<I", 0x19540119)
SIGNS = {
    "UFS of NetBSD": (8192 + 1372, UFS1, "UFS"),
    "UFS of FreeBSD": (65536 + 1372, UFS2, "UFS"),
    "UFS of makefs": (8192 + 1372, UFS2, "UFS"),
    "a slice": (512, struct.pack("<I", 0x82564557), "partitions of BSD"),
    "ZFS": (16384, struct.pack(">4B2I", 1, 1, 0, 0, 0, 1), "ZFS"),
}
"""Constructed: where the magic number of each stands (FreeBSD's ufs/ffs/fs.h and sys/disklabel.h, OpenZFS' nvpair.c).

That of makefs was compared with what Debian's makefs wrote.
"""


@pytest.mark.parametrize("name", SIGNS)
@pytest.mark.parametrize("start", [0, 2048 * 512])
async def test_what_freebsd_is_installed_on_is_named(name: str, start: int, tmp_path: Path) -> None:
    """Alone, or in a partition beside that of UEFI."""
    place, sign, word = SIGNS[name]
    raw = bytearray(4 * 2**20)
    raw[start + place : start + place + len(sign)] = sign
    if start:
        raw[446:462] = struct.pack("<4xB3xII", 0xA5, 2048, 4096)
        raw[462:478] = struct.pack("<4xB3xII", 0xEF, 64, 1024)
        raw[510:512] = b"\x55\xaa"
        raw[64 * 512 + 54 : 64 * 512 + 59] = b"FAT12"
    image = tmp_path / "disk.raw"
    image.write_bytes(raw)
    found = await report(image, "a", limits=Limits(), work=tmp_path)
    assert (found.reason, word in found.detail) == (Reason.UNSUPPORTED, True)
    assert found.detail.startswith("partition 1: " if start else "the whole disk: ")
