"""Partition tables: ours against sfdisk's word, and what is no table."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.lint.partitions import MOST, Partition, read_partitions
from tests import disk_images
from tests.real_parts import require

SCRIPTS = {
    "gpt": "label: gpt\nsize=2048\nsize=2048,uuid=aaaaaaaa-1111-2222-3333-444444444444,name=boot-1\nsize=4096\n",
    "gpt with a gap": "label: gpt\n1: size=2048\n5: size=2048\n",
    "mbr": "label: dos\nsize=2048,type=82,bootable\nsize=2048\nsize=2048\nsize=2048\n",
    "logical": "label: dos\nsize=2048\n2: type=5\n5: size=2048\n6: size=4096\n7: size=2048\n",
    "extended in front": "label: dos\n1: size=20480,type=f\n2: size=2048\n5: size=2048\n6: size=2048\n",
}


@pytest.mark.real
@pytest.mark.parametrize("script", SCRIPTS)
def test_partitions_are_those_that_sfdisk_names(script: str, tmp_path: Path) -> None:
    """Numbers, places, sizes and, where a table has them, identities."""
    require("sfdisk")
    said = disk_images.partitioned(tmp_path / "disk.raw", SCRIPTS[script])
    assert len(said) >= 2
    assert set(disk_images.partitions_of(tmp_path / "disk.raw")) == set(said)


def of(raw: bytes, sector: int = 512) -> tuple[Partition, ...]:
    """Return the partitions of a disk of these bytes."""
    return read_partitions(lambda offset, length: raw[offset : offset + length], len(raw), sector)


def mbr(*entries: tuple[int, int, int], state: int = 0) -> bytes:
    """Return a first sector with these (kind, first sector, sectors); constructed."""
    raw = bytearray(512)
    for number, (kind, start, length) in enumerate(entries):
        place = 446 + number * 16
        raw[place], raw[place + 4] = state, kind
        raw[place + 8 : place + 16] = start.to_bytes(4, "little") + length.to_bytes(4, "little")
    return bytes(raw[:510]) + b"\x55\xaa"


def test_the_boot_sector_of_a_file_system_is_no_table() -> None:
    """It ends in the same two bytes, but no partition is half active."""
    assert of(mbr((0x83, 1, 2), state=0x6F) + bytes(4096)) == ()
    assert of(bytes(4096)) == ()
    assert of(b"") == ()


def test_chains_that_never_end_are_cut() -> None:
    """A logical partition whose next is itself."""
    loop = mbr((0x83, 1, 1), (5, 2, 4))
    disk = mbr((5, 2, 40)) + bytes(512) + bytes(1024) + loop + bytes(4096)
    disk = disk[:1024] + loop + disk[1536:]
    assert 1 < len(of(disk)) <= MOST


def test_partitions_outside_the_disk_are_left_out() -> None:
    """The image was cut, or its maker lies; an empty one, or one at 0, is none either."""
    disk = mbr((0x83, 4_000_000_000, 5), (0x83, 1, 0xFFFFFFFF), (0x83, 0, 5), (0x83, 2, 0)) + bytes(4096)
    assert of(disk) == (Partition(2, 512, 0xFFFFFFFF * 512),)


def test_a_protective_table_without_a_gpt_is_empty() -> None:
    """Nothing stands in for what is damaged."""
    assert of(mbr((0xEE, 1, 100)) + bytes(40_000)) == ()


@given(st.binary(max_size=1000), st.binary(max_size=1000))
def test_whatever_stands_there_partitions_lie_inside(first: bytes, rest: bytes) -> None:
    """Of any bytes."""
    disk = first[:510].ljust(510, b"\0") + b"\x55\xaa" + rest
    for one in of(disk):
        assert 0 < one.offset < len(disk)
        assert one.length > 0
