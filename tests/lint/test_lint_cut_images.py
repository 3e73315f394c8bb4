"""Images that were cut while they were copied: of each format and layout, at many places. None of them is read."""

from __future__ import annotations

import os
import random
import struct
import subprocess
from pathlib import Path

import pytest

from exporter.lint.judge import report
from exporter.lint.limits import Limits
from exporter.model import Reason
from exporter.questions.template_images import ImageReport
from tests import disk_images
from tests.disk_images import LINUX, MIB, Files
from tests.real_parts import require

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]
FULL: Files = {**LINUX, "var/blob": random.Random(7).randbytes(12 * MIB)}


@pytest.fixture(autouse=True)
def _tools() -> None:
    require("qemu-img", "debugfs", "mke2fs", "sfdisk")


async def linted(image: Path) -> ImageReport:
    return await report(image, "a", limits=Limits(free_bytes=MIB), work=image.parent)


def cut(image: Path, share: float) -> Path:
    """Return a copy of the first part of an image."""
    target = image.with_name(f"cut-{share}-{image.name}")
    target.write_bytes(image.read_bytes()[: int(image.stat().st_size * share)])
    return target


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a disk that is one ext4, nearly full."""
    require("mke2fs")
    return disk_images.ext(tmp_path_factory.mktemp("cut") / "disk.raw", FULL, size=16 * MIB)


FORMS: dict[str, tuple[str, ...]] = {
    "qcow2": (), "packed qcow2": ("-c",), "vmdk": (), "packed vmdk": ("-o", "subformat=streamOptimized"),
    "vpc": (), "fixed vpc": ("-o", "subformat=fixed"), "vhdx": (),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
async def test_an_image_is_read_whole_or_not_at_all(form: str, raw: Path, tmp_path: Path) -> None:
    """Of every format: whole it has nothing to tell; cut, by however little, it is no image."""
    source = tmp_path / "disk.raw"
    os.link(raw, source)
    image = disk_images.converted(source, form.rpartition(" ")[2], *FORMS[form])
    whole = await linted(image)
    assert (whole.reason, whole.system, whole.unknown) == (None, "linux", ())
    for share in (0.3, 0.5, 0.75, 0.98, 0.99):
        found = await linted(cut(image, share))
        assert (found.reason, found.flaws) == (Reason.UNREADABLE, ()), share
        assert found.detail


@pytest.mark.parametrize("share", [0.5, 0.9, 0.995])
async def test_a_raw_disk_that_is_one_file_system(share: float, raw: Path) -> None:
    """It says itself how large it is."""
    found = await linted(cut(raw, share))
    assert found.reason is Reason.UNREADABLE
    assert "it was cut" in found.detail


TABLES = {
    "gpt": "label: gpt\nsize=2048\nsize=32768\nsize=8192\n",
    "mbr": "label: dos\nsize=2048\nsize=32768\nsize=8192\n",
    "logical": "label: dos\nsize=2048\nsize=32768\ntype=5\nsize=4096\n",
}


@pytest.mark.parametrize("table", TABLES)
async def test_a_raw_disk_with_partitions(table: str, tmp_path: Path) -> None:
    """Also where only a last partition is gone, of which nothing is known: it was lost."""
    disk = tmp_path / "disk.raw"
    found = disk_images.partitioned(disk, TABLES[table], size=32 * MIB)
    root = found[1]
    disk_images.put(disk_images.ext(tmp_path / "root", size=16 * MIB), disk, root.offset)
    assert (await linted(disk)).reason is None
    for end in (root.offset + MIB, root.offset + root.length - 512, root.offset + root.length):
        os.truncate(disk, end)
        cut_there = await linted(disk)
        assert (cut_there.reason, "cut" in cut_there.detail) == (Reason.UNREADABLE, True)


async def test_a_disk_without_its_last_free_part_has_lost_nothing(tmp_path: Path) -> None:
    """Some makers cut off what no partition takes."""
    disk = tmp_path / "disk.raw"
    (one,) = disk_images.partitioned(disk, "label: gpt\nsize=32768\n", size=32 * MIB)
    disk_images.put(disk_images.ext(tmp_path / "root", size=16 * MIB), disk, one.offset)
    os.truncate(disk, one.offset + one.length)
    assert (await linted(disk)).reason is None


@pytest.mark.parametrize("sample", ["xfs.tar.xz", "ntfs.tar.xz"])
async def test_other_file_systems_that_were_cut(sample: str, tmp_path: Path) -> None:
    """XFS and NTFS say how large they are too."""
    disk = disk_images.unpacked(sample, tmp_path)
    whole = await linted(disk)
    assert "cut" not in whole.detail
    os.truncate(disk, disk.stat().st_size - 1024**2)
    found = await linted(disk)
    assert (found.reason, "cut" in found.detail) == (Reason.UNREADABLE, True)


async def test_a_logical_volume_whose_physical_one_was_cut(tmp_path: Path) -> None:
    """The partition ends behind the disk."""
    root = disk_images.ext(tmp_path / "root", size=44 * MIB)
    disk = disk_images.lvm(tmp_path / "disk", root, disk_images.ext(tmp_path / "log", {"x": ""}, size=16 * MIB))
    assert (await linted(disk)).reason is None
    os.truncate(disk, 140 * MIB)
    assert (await linted(disk)).reason is Reason.UNREADABLE


async def test_a_vhd_that_is_rounded_is_read(tmp_path: Path) -> None:
    """QEMU takes the cylinders of the header for its size, which may be less than what was written."""
    source = tmp_path / "disk.raw"
    (one,) = disk_images.partitioned(source, "label: dos\nstart=2048,size=63488\n", size=32 * MIB)
    disk_images.put(disk_images.ext(tmp_path / "root", size=16 * MIB), source, one.offset)
    image = disk_images.converted(source, "vpc", "-o", "subformat=fixed,force_size=on")
    footer = bytearray(image.read_bytes()[-512:])
    footer[28:32] = b"vbox"  # one that QEMU does not know: it takes cylinders, heads and sectors for the size
    footer[56:60] = (900).to_bytes(2, "big") + bytes((4, 17))
    footer[64:68] = bytes(4)
    footer[64:68] = (~sum(footer) & 0xFFFFFFFF).to_bytes(4, "big")
    with image.open("r+b") as file:
        file.seek(-512, os.SEEK_END)
        file.write(footer)
    assert f'"virtual-size": {900 * 4 * 17 * 512}' in disk_images.call(
        "qemu-img", "info", "-f", "vpc", "--output=json", image
    )
    assert (await linted(image)).reason is None


async def test_clusters_that_nobody_needs_and_counts_that_are_late_are_no_damage(raw: Path, tmp_path: Path) -> None:
    """A qcow2 of a machine that was killed: it has lost nothing, ``qemu-img check`` calls the first a leak."""
    source = tmp_path / "disk.raw"
    os.link(raw, source)
    image = disk_images.converted(source, "qcow2", "-o", "lazy_refcounts=on")
    whole = image.read_bytes()
    (table,) = struct.unpack_from(">Q", whole, 48)
    (block,) = struct.unpack_from(">Q", whole, table)
    with image.open("r+b") as file:
        file.seek(block + len(whole) // 65536 * 2)
        file.write(struct.pack(">H", 1))
        file.truncate(len(whole) + 65536)
        file.seek(72)
        file.write(struct.pack(">Q", 1))  # counts are late
    done = subprocess.run(["qemu-img", "check", "-U", image], capture_output=True, check=False)
    assert (done.returncode, b"leaked" in done.stdout) == (3, True)
    assert (await linted(image)).reason is None
