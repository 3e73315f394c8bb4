"""XFS as Linux filled it: every form in which it keeps folders, files and links."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from exporter.lint import xfs
from exporter.lint.disks import Disk
from exporter.lint.files import Kind, LintError
from exporter.lint.limits import Limits
from exporter.lint.tree import Tree
from tests import disk_images
from tests.disk_images import MIB


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Disk]:
    """Return the sample's disk."""
    path = disk_images.unpacked("xfs.tar.xz", tmp_path_factory.mktemp("xfs"))
    file = os.open(path, os.O_RDONLY)
    yield Disk(file, ((0, path.stat().st_size),))
    os.close(file)


def tree(disk: Disk, limits: Limits | None = None) -> Tree:
    """Return the files on a disk."""
    limits = limits or Limits()
    return Tree({(): xfs.opened_xfs(disk, limits)}, limits)


async def test_folders_of_every_form_are_read(disk: Disk) -> None:
    """In the inode, in one block with gaps, in many blocks with an index."""
    files = tree(disk)
    assert await files.names("/") == ("etc", "few", "many", "var")
    assert await files.names("/var") == ()
    assert await files.names("/few") == tuple(sorted(f"name-{number}" for number in range(2, 101, 2)))
    many = await files.names("/many")
    assert many == tuple(
        sorted(f"a-rather-long-name-of-a-file-in-a-large-folder-{number}" for number in range(1, 1001))
    )
    assert (await files.names("/etc") or ())[3:4] == ("new\nline",)
    assert await files.kind("/etc/\udcff\udcfe") is Kind.FILE
    assert await files.kind("/etc/pipe") is Kind.OTHER


async def test_files_of_every_form_are_read(disk: Disk) -> None:
    """One block, a tree of extents with holes, unwritten blocks, a hole of 1 TiB."""
    files = tree(disk)
    assert await files.read("/etc/os-release", 100) == b"ID=rhel\n"
    content = await files.read("/etc/tree", 10 * MIB)
    assert content == b"".join((b"%07d\n" % number).ljust(8192, b"\0") for number in range(300))[: 299 * 8192 + 8]
    assert await files.read("/etc/unwritten", MIB) == bytes(8192) + b"x" + bytes(65536 - 8193)
    assert await files.read("/etc/sparse", 5000) == bytes(5000)
    assert await files.read("/few/name-10", 1) == b"1"


async def test_links_of_both_forms_are_read(disk: Disk) -> None:
    """In the inode, and in a block of their own."""
    files = tree(disk)
    assert await files.link("/etc/inline") == "../etc/os-release"
    assert await files.read("/etc/inline", 100) == b"ID=rhel\n"
    assert await files.link("/etc/long") == "a/" * 500 + "b"
    assert await files.read("/etc/long", 1) is None


async def test_a_disk_in_pieces_reads_the_same(disk: Disk, tmp_path: Path) -> None:
    """As a logical volume in stretches is: the halves of the disk, swapped."""
    half = disk.size // 2 // 4096 * 4096 + 512
    path = tmp_path / "swapped"
    path.touch()
    source = Path(f"/proc/self/fd/{disk.file}")
    disk_images.put(source, path, disk.size - half, length=half)
    disk_images.put(source, path, 0, skip=half)
    file = os.open(path, os.O_RDONLY)
    try:
        swapped = Disk(file, ((disk.size - half, half), (0, disk.size - half)))
        whole = await tree(disk).read("/etc/tree", MIB)
        assert whole
        assert await tree(swapped).read("/etc/tree", MIB) == whole
    finally:
        os.close(file)


async def test_what_is_too_large_is_a_reason(disk: Disk) -> None:
    """Names in one folder."""
    with pytest.raises(LintError, match="more than 900 names"):
        await tree(disk, Limits(entries=900)).names("/many")


async def test_a_disk_cut_short_is_a_reason(disk: Disk) -> None:
    """Inodes and blocks behind its end."""
    with pytest.raises(LintError, match="damaged"):
        await tree(disk.part(0, 2 * MIB)).names("/many")
    with pytest.raises(LintError, match="superblock"):
        tree(disk.part(0, 300))


async def test_numbers_that_fit_nowhere_are_a_reason(disk: Disk) -> None:
    """An inode that is none, and a folder that is a file."""
    volume = xfs.opened_xfs(disk, Limits())
    for number in (0, 1, 2**63 - 1, 2**64 - 1):
        with pytest.raises(LintError, match="damaged"):
            await volume.entries(number)
    entry = (await volume.entries(volume.top))["etc"]
    file = (await volume.entries(entry.node))["fstab"]
    with pytest.raises(LintError, match="damaged"):
        await volume.entries(file.node)
    with pytest.raises(LintError, match="damaged"):
        await replace(volume, shape=replace(volume.shape, inode=1024)).entries(volume.top + 1)


def test_features_that_nobody_knows_are_refused(tmp_path: Path, disk: Disk) -> None:
    """They may change how anything is read; constructed from the sample."""
    head = bytearray(os.pread(disk.file, 4096, 0))
    head[216:220] = (2**31).to_bytes(4, "big")
    (tmp_path / "x").write_bytes(head)
    file = os.open(tmp_path / "x", os.O_RDONLY)
    try:
        with pytest.raises(LintError, match="features"):
            xfs.opened_xfs(Disk(file, ((0, 4096),)), Limits())
    finally:
        os.close(file)
