"""Opening real images, made here with the tools of Linux."""

from __future__ import annotations

import asyncio
import hashlib
import os
from pathlib import Path

import pytest

from exporter.lint.files import Kind, LintError
from exporter.lint.images import opened
from exporter.lint.limits import Limits
from exporter.model import Reason
from tests import disk_images
from tests.disk_images import LINUX, MIB, Link
from tests.real_parts import require

pytestmark = pytest.mark.real

LIMITS = Limits(seconds=50, free_bytes=MIB)
FORMATS = ("qcow2", "vpc", "vhdx", "vmdk")


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """Return the work directory."""
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


async def refused(image: Path, work: Path, limits: Limits = LIMITS) -> LintError:
    """Return why an image is not opened."""
    with pytest.raises(LintError) as caught:
        async with opened(image, limits, work):
            pass
    assert not list(work.iterdir())
    return caught.value


@pytest.mark.parametrize("form", FORMATS)
async def test_every_format_is_told_from_its_content_and_read(form: str, tmp_path: Path, work: Path) -> None:
    """An image of each format, whatever its name, gives its files; nothing is left behind, nothing is written to it."""
    require("qemu-img", "mke2fs", "debugfs")
    image = disk_images.converted(disk_images.ext(tmp_path / "disk.raw"), form).rename(tmp_path / "misnamed.raw")
    os.utime(image, (1, 1))
    before = hashlib.sha256(image.read_bytes()).digest(), image.stat().st_mtime
    async with opened(image, LIMITS, work) as one:
        assert (one.format, one.system) == (form, "linux")
        assert one.virtual_bytes >= 8 * MIB
        assert await one.root.read("/etc/os-release", 100) == b"ID=debian\n"
        assert await one.root.names("/etc") == ("fstab", "hostname", "os-release")
    assert not list(work.iterdir())
    assert before == (hashlib.sha256(image.read_bytes()).digest(), image.stat().st_mtime)


@pytest.mark.parametrize(
    "options", [("qcow2", "-c"), ("vmdk", "-o", "subformat=streamOptimized"), ("vpc", "-o", "subformat=fixed")]
)
async def test_an_image_as_it_is_distributed_is_read(options: tuple[str, ...], tmp_path: Path, work: Path) -> None:
    """Compressed, as a stream, or with a footer only."""
    require("qemu-img", "mke2fs", "debugfs")
    image = disk_images.converted(disk_images.ext(tmp_path / "disk.raw"), *options)
    async with opened(image, LIMITS, work) as one:
        assert one.format == options[0]
        assert await one.root.read("/etc/hostname", 5) == b"local"


@pytest.mark.parametrize("kind", ["ext2", "ext3", "ext4"])
async def test_each_of_the_ext_family_is_read_in_place(kind: str, tmp_path: Path, work: Path) -> None:
    """A raw image is not copied, and may not be writable."""
    require("mke2fs", "debugfs")
    image = disk_images.ext(tmp_path / "disk.raw", kind=kind)
    image.chmod(0o400)
    async with opened(image, LIMITS, work) as one:
        assert (one.format, one.virtual_bytes) == ("raw", 8 * MIB)
        assert await one.root.read("/etc/hostname", 100) == b"localhost\n"
        assert not [path for path in work.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    "options", [(), ("-m", "crc=0,finobt=0,rmapbt=0,reflink=0", "-n", "ftype=0"), ("-b", "size=1024")]
)
async def test_xfs_of_several_makes_is_read(options: tuple[str, ...], tmp_path: Path, work: Path) -> None:
    """Version 5 and 4, with and without kinds beside the names, small and usual blocks."""
    require("mkfs.xfs")
    image = disk_images.xfs(tmp_path / "disk.raw", {**LINUX, "etc/empty/x": ""}, options=options)
    async with opened(image, LIMITS, work) as one:
        assert one.system == "linux"
        assert await one.root.names("/etc") == ("empty", "fstab", "hostname", "os-release")
        assert await one.root.kind("/etc/empty") == Kind.FOLDER
        assert await one.root.link("/etc/os-release") == "../usr/lib/os-release"
        assert await one.root.read("/etc/os-release", 100) == b"ID=debian\n"
        assert await one.root.read("/etc/empty/x", 100) == b""


TABLES = {
    "gpt": "label: gpt\nsize=2048\nsize=16384\n",
    "mbr": "label: dos\nsize=2048,type=82\nsize=16384\n",
    "logical": "label: dos\nsize=2048\ntype=5\nsize=2048\nsize=16384\n",
}


@pytest.mark.parametrize("table", TABLES)
async def test_a_partition_of_each_kind_of_table_is_read(table: str, tmp_path: Path, work: Path) -> None:
    """The root lies in the last partition."""
    require("sfdisk", "mke2fs", "debugfs", "qemu-img")
    disk = tmp_path / "disk.raw"
    *_, last = disk_images.partitioned(disk, TABLES[table])
    disk_images.put(disk_images.ext(tmp_path / "root"), disk, last.offset)
    for image in (disk, disk_images.converted(disk, "qcow2")):
        async with opened(image, LIMITS, work) as one:
            assert one.system == "linux"
            assert await one.root.read("/etc/hostname", 100) == b"localhost\n"


async def test_sectors_of_4096_bytes_are_understood(tmp_path: Path, work: Path) -> None:
    """A table written for such a disk counts in them."""
    require("fdisk", "mke2fs", "debugfs")
    disk = tmp_path / "disk.raw"
    disk.write_bytes(bytes(32 * MIB))
    disk_images.call("fdisk", "-b", "4096", disk, text="g\nn\n1\n1024\n\nw\n")
    disk_images.put(disk_images.ext(tmp_path / "root"), disk, 1024 * 4096)
    async with opened(disk, LIMITS, work) as one:
        assert one.system == "linux"


def linux_with_mounts(*lines: str) -> dict[str, str | bytes | Link]:
    """Return a root whose fstab has these lines."""
    return {**LINUX, "etc/fstab": "\n".join(lines) + "\n"}


PART_UUID = "22222222-2222-3333-4444-555555555555"
UUID = "11111111-2222-3333-4444-555555555555"


DEVICES = (
    f"UUID={UUID}",
    "LABEL=var",
    f"PARTUUID={PART_UUID}",
    "PARTLABEL=var-part",
    "/dev/vda2",
    f"/dev/disk/by-uuid/{UUID}",
    "/dev/disk/by-label/var",
    f"/dev/disk/by-partuuid/{PART_UUID}",
    "/dev/disk/by-partlabel/var-part",
    "/dev/disk/by-path/pci-0000:00:05.0-part2",
    "/dev/disk/by-id/scsi-0QEMU_disk-part2",
)


@pytest.mark.parametrize("device", DEVICES)
async def test_a_partition_of_var_is_mounted_where_fstab_says(device: str, tmp_path: Path, work: Path) -> None:
    """By each kind of name; what the root has below it is hidden."""
    require("sfdisk", "mke2fs", "debugfs")
    disk = tmp_path / "disk.raw"
    first, second = disk_images.partitioned(
        disk, f"label: gpt\nsize=20480\nsize=20480,uuid={PART_UUID},name=var-part\n"
    )
    root = linux_with_mounts("/dev/vda1 / ext4 defaults 0 1", f"{device} /var ext4 defaults 0 2")
    disk_images.put(disk_images.ext(tmp_path / "root", {**root, "var/hidden": "x"}), disk, first.offset)
    var = disk_images.ext(tmp_path / "var", {"lib/x": "y"}, options=("-U", UUID, "-L", "var"))
    disk_images.put(var, disk, second.offset)
    async with opened(disk, LIMITS, work) as one:
        assert await one.root.read("/var/lib/x", 10) == b"y"
        assert await one.root.read("/etc/../var/lib/../lib/x", 10) == b"y"
        assert await one.root.kind("/var/hidden") is None
        assert await one.root.read("/var/../etc/hostname", 100) == b"localhost\n"


async def test_a_mount_that_is_not_in_the_image_is_unknown_and_the_rest_is_read(tmp_path: Path, work: Path) -> None:
    """Below it everything is an error: no folder of the root stands in for it."""
    require("mke2fs", "debugfs")
    root = linux_with_mounts("/dev/vda1 / ext4 defaults", "LABEL=data /var xfs defaults", "//nas/x /srv cifs ro")
    async with opened(disk_images.ext(tmp_path / "disk.raw", {**root, "var/x": "", "srv/x": "y"}), LIMITS, work) as one:
        with pytest.raises(LintError, match="LABEL=data, which is not in this image") as caught:
            await one.root.names("/var/lib")
        assert caught.value.reason is Reason.MISSING
        assert await one.root.read("/srv/x", 1) == b"y"


LOG_UUID = "PIzjNcb3wa2sfS0NAEffvSnh9YcH6pZ6GpEPrOHJ5Nm1Mt2CjvIrjxDUwCeKJhUB"  # group and volume, of the sample
LOGS = ("/dev/mapper/rhel-var--log", "/dev/rhel/var-log", f"/dev/disk/by-id/dm-uuid-LVM-{LOG_UUID}")


@pytest.mark.parametrize("device", LOGS)
async def test_logical_volumes_in_stretches_over_two_partitions_are_read(
    device: str, tmp_path: Path, work: Path
) -> None:
    """The root is copied together, /var/log mounted from its own volume, by each of its names."""
    require("sfdisk", "mke2fs", "debugfs")
    files = linux_with_mounts("/dev/mapper/rhel-root / ext4 d 0 0", f"{device} /var/log ext4 d 0 0")
    blob = os.urandom(30 * MIB)
    root = disk_images.ext(tmp_path / "root", {**files, "blob": blob, "var/log/x": ""}, size=44 * MIB)
    log = disk_images.ext(tmp_path / "log", {"messages": "m"}, size=16 * MIB)
    async with opened(disk_images.lvm(tmp_path / "disk.raw", root, log), LIMITS, work) as one:
        assert await one.root.read("/blob", len(blob)) == blob
        assert await one.root.names("/var/log") == ("lost+found", "messages")


async def test_names_inside_an_image_are_never_words(tmp_path: Path, work: Path) -> None:
    """Line feeds, quotes, options, brackets, bytes: each is a name, and its file is read."""
    require("mke2fs", "debugfs")
    names = ["new\nline", '"quote', "-R", "<2>", "a b", ";dump <2> x", "!sh", "\udcff\udcfe", "esc\x1b[31m", "x" * 255]
    contents = {name: os.fsencode(name)[:5] for name in names}
    files = {**LINUX, **{f"etc/n/{name}": content for name, content in contents.items()}}
    async with opened(disk_images.ext(tmp_path / "disk.raw", files), LIMITS, work) as one:
        assert await one.root.names("/etc/n") == tuple(sorted(names))
        for name, content in contents.items():
            assert await one.root.read(f"/etc/n/{name}", 100) == content


async def test_links_never_lead_out_of_the_image(tmp_path: Path, work: Path) -> None:
    """Absolute ones begin at its root, ``..`` ends there, loops end in a reason, and none is followed by kind."""
    require("mke2fs", "debugfs")
    files = {
        **LINUX,
        "etc/passwd": Link("/etc/shadow"), "etc/shadow": Link("../../../../../../etc/hostname"),
        "etc/loop": Link("loop"), "etc/out": Link("/proc/self/environ"), "etc/long": Link("./" * 200 + "hostname"),
        "lib": Link("usr/lib"), "etc/odd": Link('a"\nFast link dest: "/b'),
    }  # fmt: skip
    async with opened(disk_images.ext(tmp_path / "disk.raw", files), LIMITS, work) as one:
        assert await one.root.read("/etc/passwd", 100) == b"localhost\n"
        assert await one.root.read("/lib/os-release", 100) == b"ID=debian\n"
        assert await one.root.read("/lib/../etc/hostname", 100) is None
        assert await one.root.read("/lib/../../etc/hostname", 100) == b"localhost\n"
        assert await one.root.read("/etc/long", 100) == b"localhost\n"
        assert await one.root.read("/etc/out", 100) is None
        assert await one.root.kind("/etc/loop") is Kind.LINK
        assert await one.root.link("/etc/odd") == 'a"\nFast link dest: "/b'
        with pytest.raises(LintError, match="never end"):
            await one.root.read("/etc/loop", 1)


async def test_what_is_large_is_cut(tmp_path: Path, work: Path) -> None:
    """A file of 1 TiB gives its beginning, devices and pipes no content, and too many names are a reason."""
    require("mke2fs", "debugfs")
    source = disk_images.folder(
        tmp_path / "disk.raw.files", {**LINUX, **{f"many/{number}": "" for number in range(300)}}
    )
    os.mkfifo(source / "pipe")
    with (source / "huge").open("wb") as file:
        file.truncate(2**40)
    limits = Limits(seconds=50, entries=200, read_bytes=5000)
    async with opened(disk_images.ext(tmp_path / "disk.raw", {}), limits, work) as one:
        assert await one.root.read("/huge", 10_000) == bytes(5000)
        assert await one.root.read("/pipe", 10) is None
        assert await one.root.kind("/pipe") is Kind.OTHER
        with pytest.raises(LintError, match="more than 200 names"):
            await one.root.names("/many")


async def test_an_image_that_is_asked_too_much_says_so(tmp_path: Path, work: Path) -> None:
    """The number of files and folders looked at is bounded."""
    require("mke2fs", "debugfs")
    async with opened(disk_images.ext(tmp_path / "disk.raw"), Limits(lookups=5), work) as one:
        for _ in range(3):
            await one.root.read("/etc/hostname", 1)
        with pytest.raises(LintError, match="more than 5 files"):
            await one.root.read("/etc/hostname", 1)


async def test_time_that_is_up_ends_the_block(tmp_path: Path, work: Path) -> None:
    """Also while nothing is asked."""
    require("mke2fs", "debugfs")
    image = disk_images.ext(tmp_path / "disk.raw")
    with pytest.raises(LintError) as caught:
        async with opened(image, Limits(seconds=0.5), work):
            await asyncio.Event().wait()
    assert caught.value.reason is Reason.TIMEOUT
    assert not list(work.iterdir())
