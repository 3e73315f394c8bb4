"""NTFS as ntfs-3g filled it."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.lint import ntfs
from exporter.lint.disks import Disk
from exporter.lint.files import Kind, LintError
from exporter.lint.images import opened
from exporter.lint.limits import Limits
from exporter.lint.tree import Tree
from exporter.model import Reason
from tests import disk_images
from tests.disk_images import MIB
from tests.real_parts import require


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the sample's disk."""
    return disk_images.unpacked("ntfs.tar.xz", tmp_path_factory.mktemp("ntfs"))


@pytest.fixture
def disk(image: Path) -> Iterator[Disk]:
    """Return the sample's disk, open."""
    file = os.open(image, os.O_RDONLY)
    yield Disk(file, ((0, image.stat().st_size),))
    os.close(file)


def tree(disk: Disk, limits: Limits | None = None) -> Tree:
    """Return the files on a disk."""
    limits = limits or Limits()
    return Tree({(): ntfs.opened_ntfs(disk, limits)}, limits)


async def test_folders_are_read_in_any_case(disk: Disk) -> None:
    """Those in a record, and those with an index from which names were deleted."""
    files = tree(disk)
    assert await files.names("/WINDOWS/system32") == ("config", "drivers")
    assert await files.names("/many") == tuple(
        sorted(f"a-rather-long-name-of-a-file-{one}" for one in range(2, 201, 2))
    )
    assert {"Program Files", "Größe-☃.txt", "$MFT"} <= set(await files.names("/") or ())
    assert await files.kind("/windows/system32/CONFIG/system") is Kind.FILE
    assert await files.kind("/windows/system32/config/sam") is None


async def test_files_of_every_form_are_read(disk: Disk) -> None:
    """In the record, in clusters, in hundreds of pieces that further records name, with holes."""
    files = tree(disk)
    conf = "/Program Files/Cloudbase Solutions/Cloudbase-Init/conf/cloudbase-init.conf"
    assert await files.read(conf, 100) == b"[DEFAULT]\r\nplugins=a\r\n"
    assert await files.read("/größe-☃.TXT", 10) == "ä".encode()
    sparse = await files.read("/sparse", 2 * MIB)
    assert sparse == bytes(MIB) + b"end"
    pieces = b"".join(((b"%07d\n" % number) * 16).ljust(2**17, b"\0") for number in range(300))[: 299 * 2**17 + 128]
    assert await files.read("/fragments", 64 * MIB) == pieces
    assert await files.read("/fragments", 5) == b"00000"


async def test_what_windows_compressed_is_a_reason(disk: Disk) -> None:
    """It is there, but its content is never taken for zeros."""
    files = tree(disk)
    assert await files.kind("/packed/x") is Kind.FILE
    with pytest.raises(LintError) as caught:
        await files.read("/packed/x", 10)
    assert caught.value.reason is Reason.UNSUPPORTED


@pytest.mark.real
async def test_a_windows_in_a_partition_is_found(image: Path, tmp_path: Path) -> None:
    """Of a qcow2, by the folder of its registry."""
    require("sfdisk", "qemu-img")
    path = tmp_path / "disk.raw"
    *_, last = disk_images.partitioned(path, "label: dos\nsize=2048,type=7\ntype=7\n")
    disk_images.put(image, path, last.offset)
    for one in (path, disk_images.converted(path, "qcow2"), image):
        async with opened(one, Limits(free_bytes=MIB), tmp_path) as windows:
            assert windows.system == "windows"
            assert await windows.root.read("/windows/system32/config/SYSTEM", 4) == b"regf"


async def test_damage_anywhere_ends_with_a_reason(image: Path, tmp_path: Path) -> None:
    """Bytes of the file table and the folders overwritten."""
    whole = image.read_bytes()
    ends = []
    for seed in range(60):
        dice, broken = random.Random(seed), bytearray(whole)
        for _ in range(dice.choice((30, 1000, 30_000))):
            broken[dice.randrange(len(whole) // 4)] = dice.choice((0, 255, dice.randrange(256)))
        (tmp_path / "broken").write_bytes(broken)
        file = os.open(tmp_path / "broken", os.O_RDONLY)
        try:
            files = tree(Disk(file, ((0, len(broken)),)))
            for name in ("/many", "/Windows/System32/config"):
                await files.names(name)
            for name in ("/fragments", "/sparse", "/packed/x", "/many/a-rather-long-name-of-a-file-2"):
                await files.read(name, MIB)
            ends.append(None)
        except LintError as error:
            ends.append(error.reason)
        finally:
            os.close(file)
    assert {Reason.UNREADABLE} <= set(ends) <= {None, Reason.UNREADABLE, Reason.UNSUPPORTED, Reason.TOO_LARGE}


async def test_records_that_are_not_what_a_name_says_are_damage(disk: Disk) -> None:
    """Out of the table, not in use, used again since, a file for a folder."""
    volume = ntfs.opened_ntfs(disk, Limits())
    system = (await volume.entries(volume.top))["Windows"].node
    for number in (2**40, 20, system ^ (1 << 50), 0):
        with pytest.raises(LintError, match="damaged"):
            await volume.entries(number)
    with pytest.raises(LintError, match="not followed"):
        await volume.target(5)


async def test_a_disk_cut_short_is_a_reason(disk: Disk) -> None:
    """Also in the middle of its first sector."""
    for size in (0, 100, 512, 8192):
        with pytest.raises(LintError, match="damaged"):
            tree(disk.part(0, size))
    with pytest.raises(LintError, match="more than 50 names"):
        await tree(disk, Limits(entries=50)).names("/many")
