"""Images that were made to harm, or broke on the way: each ends with a reason, and nothing else is touched."""

from __future__ import annotations

import gzip
import os
import random
import socket
import struct
from pathlib import Path

import pytest

from exporter.lint import tools
from exporter.lint.files import LintError
from exporter.lint.images import opened
from exporter.lint.limits import Limits
from exporter.model import Reason
from tests import disk_images
from tests.disk_images import LINUX, MIB, Link
from tests.real_parts import require

pytestmark = pytest.mark.real

LIMITS = Limits(seconds=50, free_bytes=MIB)
SECRET = "a line that only this machine has\n"


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """Return the work directory."""
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


async def refused(image: Path, work: Path, limits: Limits = LIMITS) -> tuple[Reason, str]:
    """Return why an image is not opened; nothing is left behind, and the words do not say where it lies."""
    with pytest.raises(LintError) as caught:
        async with opened(image, limits, work):
            pass
    assert not list(work.iterdir())
    assert str(image) not in caught.value.detail
    return caught.value.reason, caught.value.detail


def made(path: Path, *words: str | Path) -> Path:
    """Make an image by ``qemu-img create``."""
    disk_images.call("qemu-img", "create", "-q", *words[:-1], path, words[-1])
    return path


async def test_a_backing_file_is_refused(tmp_path: Path, work: Path) -> None:
    """It would let whoever made the image read what this machine may read."""
    require("qemu-img")
    (tmp_path / "secret").write_text(SECRET * 1000)
    for number, backing in enumerate(("secret", "/etc/passwd", 'json:{"driver":"raw"}', "nbd://127.0.0.1:1/x")):
        image = made(tmp_path / f"{number}.qcow2", "-u", "-f", "qcow2", "-b", backing, "-F", "raw", "1M")
        reason, detail = await refused(image, work)
        assert (reason, detail[:23]) == (Reason.UNSUPPORTED, "it names a backing file")


async def test_a_data_file_is_refused(tmp_path: Path, work: Path) -> None:
    """Also when nothing but the flag says so."""
    require("qemu-img")
    image = made(tmp_path / "x.qcow2", "-f", "qcow2", "-o", f"data_file={tmp_path / 'secret'}", "1M")
    assert "names a data file" in (await refused(image, work))[1]


async def test_parents_of_other_formats_are_refused(tmp_path: Path, work: Path) -> None:
    """A VMDK that continues another, one that only describes others, and a differencing VHD."""
    require("qemu-img")
    parent = made(tmp_path / "parent.vmdk", "-f", "vmdk", "1M")
    child = made(tmp_path / "child.vmdk", "-f", "vmdk", "-b", parent, "-F", "vmdk", "1M")
    assert "names a parent" in (await refused(child, work))[1]
    flat = made(tmp_path / "flat.vmdk", "-f", "vmdk", "-o", "subformat=monolithicFlat", "1M")
    assert "whose disk is another file" in (await refused(flat, work))[1]
    described = bytearray(parent.read_bytes())
    described[12:20] = bytes(8)
    (tmp_path / "described.vmdk").write_bytes(described)
    assert "only describes" in (await refused(tmp_path / "described.vmdk", work))[1]
    vhd = bytearray(made(tmp_path / "x.vhd", "-f", "vpc", "1M").read_bytes())
    vhd[60:64] = struct.pack(">I", 4)
    (tmp_path / "y.vhd").write_bytes(vhd)
    assert "continues a parent" in (await refused(tmp_path / "y.vhd", work))[1]


async def test_a_raw_disk_that_begins_like_qcow2_opens_nothing(tmp_path: Path, work: Path) -> None:
    """A guest may write that into its first sector: the header alone names the file, and that is refused."""
    header = b"QFI\xfb" + struct.pack(">IQIIQ", 3, 512, 11, 16, MIB)
    (tmp_path / "x.raw").write_bytes(header.ljust(512, b"\0") + b"/etc/passwd" + bytes(MIB))
    assert "names a backing file" in (await refused(tmp_path / "x.raw", work))[1]


@pytest.mark.parametrize(
    "name", ["nbd:127.0.0.1:PORT", 'json:{"driver":"null-co"}', "a,b=c", "x?offset=1", "-U", "a\nb", "%s"]
)
async def test_the_name_of_an_image_is_only_a_name(name: str, tmp_path: Path, work: Path) -> None:
    """No protocol, no option of qemu-img or debugfs is ever read from it, and nobody is called."""
    require("qemu-img", "mke2fs", "debugfs")
    raw = disk_images.ext(tmp_path / "disk.raw")
    packed = disk_images.converted(raw, "qcow2")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        named = tmp_path / name.replace("PORT", str(server.getsockname()[1]))
        for image in (raw, packed):
            async with opened(image.rename(named), LIMITS, work) as one:
                assert await one.root.read("/etc/hostname", 100) == b"localhost\n"
        with pytest.raises(BlockingIOError):
            server.accept()


async def test_what_is_no_image_of_a_disk_is_named(tmp_path: Path, work: Path) -> None:
    """With what to do about it."""
    contents = {
        "empty": b"", "x.gz": gzip.compress(bytes(100)), "ova": bytes(257) + b"ustar", "iso": bytes(32769) + b"CD001",
        "xz": b"\xfd7zXZ\x00", "text": b"<html>404</html>\n", "zeros": bytes(MIB),
        "random": random.Random(1).randbytes(MIB),
        "short": b"QFI\xfb", "vhdx": b"vhdxfile" + bytes(1000), "vmdk": b"KDMV" + b"\1" * 1000,
    }  # fmt: skip
    said = {}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        said[name] = await refused(tmp_path / name, work)
    assert {name for name, (reason, _) in said.items() if reason is Reason.UNSUPPORTED} == {
        "x.gz", "ova", "iso", "xz", "short",
    }  # fmt: skip
    assert all(reason in (Reason.UNSUPPORTED, Reason.UNREADABLE) for reason, _ in said.values())
    assert "gunzip" in said["x.gz"][1]
    assert "tar -xf" in said["ova"][1]
    assert "copied whole" in said["zeros"][1]


async def test_what_is_no_file_is_refused(tmp_path: Path, work: Path) -> None:
    """Nothing waits for a pipe's other end."""
    os.mkfifo(tmp_path / "pipe")
    for name, reason in (("pipe", Reason.UNSUPPORTED), ("gone", Reason.MISSING), (".", Reason.UNSUPPORTED)):
        assert (await refused(tmp_path / name, work))[0] is reason
    assert (await refused(tmp_path / "a\0b", work))[0] is Reason.UNREADABLE


async def test_sizes_that_nobody_has_are_refused(tmp_path: Path, work: Path) -> None:
    """A disk of 2^60 bytes in a few KiB, by the header or by a hole."""
    require("qemu-img")
    image = made(tmp_path / "x.qcow2", "-f", "qcow2", "1M")
    with image.open("r+b") as file:
        file.seek(24)
        file.write(struct.pack(">Q", 2**60))
    assert (await refused(image, work))[0] in (Reason.TOO_LARGE, Reason.UNREADABLE)
    large = made(tmp_path / "y.qcow2", "-f", "qcow2", "3T")
    assert (await refused(large, work))[0] is Reason.TOO_LARGE
    with (tmp_path / "z.raw").open("wb") as file:
        file.truncate(3 * 2**40)
    assert (await refused(tmp_path / "z.raw", work))[0] is Reason.TOO_LARGE


async def test_bytes_and_space_are_bounded(tmp_path: Path, work: Path) -> None:
    """What would be laid out past the limit, or into the space that is kept, ends with a reason."""
    require("qemu-img")
    raw = tmp_path / "disk.raw"
    raw.write_bytes(random.Random(2).randbytes(24 * MIB))
    image = disk_images.converted(raw, "qcow2")
    reason, detail = await refused(image, work, Limits(work_bytes=4 * MIB, free_bytes=MIB))
    assert (reason, "raise work_bytes" in detail) == (Reason.TOO_LARGE, True)
    reason, detail = await refused(image, work, Limits(free_bytes=2**60))
    assert (reason, "too little space" in detail) == (Reason.TOO_LARGE, True)


async def test_a_bomb_in_a_compressed_image_is_no_more_than_a_hole(tmp_path: Path, work: Path) -> None:
    """Zeros are not written."""
    require("qemu-img", "mke2fs", "debugfs")
    raw = disk_images.ext(tmp_path / "disk.raw", size=512 * MIB)
    image = disk_images.converted(raw, "qcow2", "-c")
    async with opened(image, Limits(seconds=50, work_bytes=32 * MIB, free_bytes=MIB), work) as one:
        assert one.system == "linux"


@pytest.mark.parametrize("form", ["qcow2", "vpc", "vhdx", "vmdk"])
async def test_tables_of_an_image_that_lie_end_with_a_reason(form: str, tmp_path: Path, work: Path) -> None:
    """Where its blocks lie is overwritten: at places of their own, at each other, at the tables themselves, outside."""
    require("qemu-img", "mke2fs", "debugfs")
    image = disk_images.converted(disk_images.ext(tmp_path / "disk.raw"), form)
    whole = image.read_bytes()
    reasons = []
    for seed in range(12):
        dice, broken = random.Random(seed), bytearray(whole)
        for _ in range(dice.choice((2, 30, 300))):
            place = dice.randrange(len(whole) // 8 - 1) * 8 if seed % 2 else dice.randrange(0, 4096, 8)
            broken[place : place + 8] = dice.choice((bytes(8), b"\xff" * 8, whole[dice.randrange(512) * 8 :][:8]))
        image.write_bytes(broken)
        reasons.append(await _asked(image, work))
        assert not list(work.iterdir())
    known = {Reason.UNREADABLE, Reason.UNSUPPORTED, Reason.MISSING, Reason.TOO_LARGE}
    assert {Reason.UNREADABLE} <= set(reasons) <= {None, *known}


async def test_images_cut_short_are_unreadable(tmp_path: Path, work: Path) -> None:
    """As a download that broke off leaves them."""
    require("qemu-img", "mke2fs", "debugfs")
    raw = disk_images.ext(tmp_path / "disk.raw", {**LINUX, "blob": random.Random(3).randbytes(4 * MIB)})
    for form in ("qcow2", "vpc", "vhdx", "vmdk"):
        image = disk_images.converted(raw, form)
        os.truncate(image, image.stat().st_size // 4)
        assert (await refused(image, work))[0] is Reason.UNREADABLE
    os.truncate(raw, 2048)
    assert (await refused(raw, work))[0] is Reason.UNREADABLE


async def test_what_is_encrypted_or_of_no_known_kind_is_named(tmp_path: Path, work: Path) -> None:
    """By qcow2's header; LUKS, BitLocker, RAID, btrfs in a partition (these constructed: their first bytes)."""
    require("qemu-img", "sfdisk")
    image = made(tmp_path / "x.qcow2", "-f", "qcow2", "1M")
    with image.open("r+b") as file:
        file.seek(32)
        file.write(struct.pack(">I", 2))
    assert "encrypted" in (await refused(image, work))[1]
    disk = tmp_path / "disk.raw"
    (one,) = disk_images.partitioned(disk, "label: gpt\nsize=2048\n")
    for offset, sign, word in (
        (65600, b"_BHRfS_M", "btrfs"),
        (0, b"LUKS\xba\xbe", "LUKS"),
        (3, b"-FVE-FS-", "BitLocker"),
        (4096, b"\xfc\x4e\x2b\xa9", "RAID"),
    ):
        sector = tmp_path / "sector"
        sector.write_bytes((bytes(offset) + sign).ljust(70_000, b"\0"))
        with disk.open("r+b") as file:
            file.seek(one.offset)
            file.write(sector.read_bytes())
        reason, detail = await refused(disk, work)
        assert (reason, detail.startswith("partition 1"), word in detail) == (Reason.UNSUPPORTED, True, True)


async def test_a_root_beside_what_cannot_be_read_is_read(tmp_path: Path, work: Path) -> None:
    """An encrypted partition for data does not hide the system."""
    require("sfdisk", "mke2fs", "debugfs")
    disk = tmp_path / "disk.raw"
    first, second = disk_images.partitioned(disk, "label: gpt\nsize=2048\nsize=20480\n")
    luks = tmp_path / "luks"
    luks.write_bytes(b"LUKS\xba\xbe")
    disk_images.put(luks, disk, first.offset)
    disk_images.put(disk_images.ext(tmp_path / "root"), disk, second.offset)
    async with opened(disk, LIMITS, work) as one:
        assert one.system == "linux"


async def test_a_disk_without_a_system_says_so_whatever_is_asked(tmp_path: Path, work: Path) -> None:
    """A data disk: its files are not given for those of a system."""
    require("mke2fs", "debugfs")
    async with opened(disk_images.ext(tmp_path / "disk.raw", {"etc/hosts": "x"}), LIMITS, work) as one:
        assert one.system == ""
        with pytest.raises(LintError, match="no system"):
            await one.root.read("/etc/hosts", 1)


@pytest.mark.parametrize("make", [disk_images.ext, disk_images.xfs])
async def test_damage_anywhere_ends_with_a_reason(make: object, tmp_path: Path, work: Path) -> None:
    """Bytes of the metadata overwritten: what is read is a value or a LintError, and never of this machine."""
    require("mke2fs", "debugfs", "mkfs.xfs")
    files = {**LINUX, "etc/out": Link("/proc/self/status"), **{f"etc/many/{number}": "x" for number in range(60)}}
    image: Path = make(tmp_path / "disk.raw", files)  # type: ignore[operator]
    whole = bytearray(image.read_bytes()[: 2 * MIB])
    reasons = []
    for seed in range(25):
        dice, broken = random.Random(seed), bytearray(whole)
        for _ in range(dice.choice((3, 40, 2000))):
            broken[dice.randrange(1024, 512 * 1024)] = dice.choice((0, 255, dice.randrange(256)))
        with image.open("r+b") as file:
            file.write(broken)
        reasons.append(await _asked(image, work))
    assert {Reason.UNREADABLE} <= set(reasons) <= {None, Reason.UNREADABLE, Reason.UNSUPPORTED, Reason.MISSING}


async def _asked(image: Path, work: Path) -> Reason | None:
    """Ask an image for everything, and return why it did not say it; what it says is never this machine's."""
    try:
        async with opened(image, LIMITS, work) as one:
            for name in ("/etc/hostname", "/etc/out", "/etc/many/7", "/etc/os-release"):
                assert b"Threads:" not in (await one.root.read(name, 10_000) or b"")
            await one.root.names("/etc/many")
    except LintError as error:
        return error.reason
    return None


async def test_a_missing_tool_is_named_with_its_package(
    tmp_path: Path, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The remedy is in the words."""
    require("qemu-img", "mke2fs")
    raw = disk_images.ext(tmp_path / "disk.raw")
    image = disk_images.converted(raw, "qcow2")
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("prlimit", "nice", "ionice"):
        (folder / name).symlink_to(f"/usr/bin/{name}")
    monkeypatch.setattr(tools, "PATH", str(folder))
    assert await refused(image, work) == (Reason.MISSING, "qemu-img is not installed: apt-get install qemu-utils")
    assert (await refused(raw, work))[1].endswith("debugfs is not installed: apt-get install e2fsprogs")
