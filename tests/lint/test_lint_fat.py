"""FAT as QEMU writes it, of a folder of ours: what we read is what lies there. And disks that UEFI starts."""

from __future__ import annotations

import contextlib
import os
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.lint.disks import Disk
from exporter.lint.fat import Fat, opened_fat
from exporter.lint.files import Kind, LintError
from exporter.lint.judge import report
from exporter.lint.limits import Limits
from exporter.lint.tree import Tree
from exporter.lint.volumes import kind_of, own_names
from exporter.model import Reason
from tests import disk_images
from tests.disk_images import LINUX, MIB, Files, Link
from tests.real_parts import require

pytestmark = pytest.mark.timeout(120)
TABLE = 63 * 512  # where QEMU puts its one partition
BLOB = b"".join(b"%06d" % number for number in range(30_000)) + b"."
NAMES: Files = {
    "EFI/rocky/grubenv": "# GRUB Environment Block\nkernelopts=root=UUID=1 ro net.ifnames=0\n",
    "EFI/rocky/a name that is longer than one part, with blanks.conf": "long",
    "EFI/BOOT/BOOTX64.EFI": BLOB,
    "empty": "",
    **{f"many/file-{number:03}.txt": str(number) for number in range(200)},
}


def written(path: Path, bits: int, files: Files = NAMES) -> Path:
    """Return a disk with one partition of FAT."""
    require("qemu-img")
    source = disk_images.folder(path.with_name("files"), files)
    disk_images.call("qemu-img", "convert", "-O", "raw", f"fat:{bits}:{source}", path)
    return path


@pytest.fixture
def held() -> Iterator[list[int]]:
    """Yield a list of descriptors; they are closed after the test."""
    files: list[int] = []
    yield files
    for file in files:
        os.close(file)


def part_of(path: Path, held: list[int]) -> Disk:
    """Return the partition, open for reading."""
    held.append(os.open(path, os.O_RDONLY))
    return Disk(held[0], ((0, path.stat().st_size),)).part(TABLE, path.stat().st_size)


@pytest.mark.real
@pytest.mark.parametrize("bits", [12, 16, 32])
async def test_what_others_wrote_is_what_is_read(bits: int, tmp_path: Path, held: list[int]) -> None:
    """Every name, long or short, in any case, and every byte; QEMU cannot write 32 bits, mtools could."""
    if bits == 32:
        held.append(os.open(disk_images.unpacked("fat32.tar.xz", tmp_path), os.O_RDONLY))
        disk = Disk(held[0], ((0, 34 * MIB),))
        assert set(own_names(disk, "fat")) == {"UUID=1234-5678", "LABEL=EFI"}
    else:
        disk = part_of(written(tmp_path / "disk.raw", bits), held)
    assert kind_of(disk) == "fat"
    fat = opened_fat(disk, Limits())
    assert fat.shape.bits == bits
    tree = Tree({(): fat}, Limits())
    for name, content in NAMES.items():
        assert not isinstance(content, Link)
        assert await tree.read(f"/{name}", 10**6) == (content.encode() if isinstance(content, str) else content), name
    assert await tree.read("/efi/boot/bootx64.efi", 4097) == BLOB[:4097]
    assert await tree.names("/many") == tuple(f"file-{number:03}.txt" for number in range(200))
    assert await tree.kind("/EFI/Rocky") is Kind.FOLDER
    assert await tree.read("/EFI/rocky/nothing", 1) is None


@pytest.mark.real
async def test_what_is_damaged_is_told(tmp_path: Path, held: list[int]) -> None:
    """A chain that ends, leads outside, or into itself; a first sector that is none."""
    path = written(tmp_path / "disk.raw", 16)
    whole = opened_fat(part_of(path, held), Limits())
    node = whole.top
    for name in ("EFI", "BOOT", "BOOTX64.EFI"):
        node = (await whole.entries(node))[name].node
    first = node & 0xFFFFFFF
    for value in (0xFFFF, 0xFFF0, 0):
        with path.open("r+b") as file:
            file.seek(TABLE + whole.shape.table + first * 2)
            file.write(struct.pack("<H", value))
        with pytest.raises(LintError, match="FAT: damaged") as caught:
            await whole.content(node, 10**6)
        assert caught.value.reason is Reason.UNREADABLE
    folder = (await whole.entries(whole.top))["many"].node
    with path.open("r+b") as file:
        file.seek(TABLE + whole.shape.table + folder * 2)
        file.write(struct.pack("<H", folder))
    with pytest.raises(LintError, match="never ends"):
        await whole.entries(folder)
    with path.open("r+b") as file:
        file.seek(TABLE + 11)
        file.write(b"\0\0\0")
    with pytest.raises(LintError, match="first sector"):
        opened_fat(part_of(path, held), Limits())


def sector(*, clusters: int = 100) -> bytes:
    """Return the first sector of a FAT of 12 bits; constructed."""
    raw = bytearray(512)
    raw[11:36] = struct.pack("<HBHBHHBHHHII", 512, 1, 1, 1, 16, 3 + clusters, 0xF8, 1, 0, 0, 0, 0)
    raw[39:54] = b"\x78\x56\x34\x12EFI        "
    raw[54:59] = b"FAT12"
    return bytes(raw)


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Yield the descriptor of a file to write disks into."""
    file = os.open(tmp_path_factory.mktemp("fat") / "disk", os.O_RDWR | os.O_CREAT)
    yield file
    os.close(file)


def disk_of(scratch: int, raw: bytes) -> Disk:
    os.ftruncate(scratch, 0)
    os.pwrite(scratch, raw, 0)
    return Disk(scratch, ((0, len(raw)),))


def test_the_names_that_fstab_has_for_it(scratch: int) -> None:
    """The number as udev writes it, and the label."""
    assert set(own_names(disk_of(scratch, sector()), "fat")) == {"UUID=1234-5678", "LABEL=EFI"}


@given(st.binary(max_size=4096), st.integers(0, 2**60))
async def test_whatever_stands_there_it_is_read_or_damaged(scratch: int, raw: bytes, node: int) -> None:
    """Of any bytes behind a first sector; and of any first sector."""
    for disk in (disk_of(scratch, sector() + raw), disk_of(scratch, raw)):
        with contextlib.suppress(LintError):
            fat: Fat = opened_fat(disk, Limits())
            for name, entry in (await fat.entries(fat.top)).items():
                assert name
                assert "/" not in name
                assert entry.kind in {Kind.FILE, Kind.FOLDER}
            assert len(await fat.content(node, 5000)) <= 5000


GRUBENV = Link("../efi/EFI/rocky/grubenv")
ROCKY: Files = {
    **LINUX,
    "etc/fstab": "UUID=0 / ext4 defaults 0 1\nPARTLABEL=efi /boot/efi vfat defaults,umask=0077 0 2\n",
    "usr/lib/systemd/network/99-default.link": "[Match]\nOriginalName=*\n",
    "boot/grub2/grubenv": GRUBENV,
    "boot/efi/x": "",
    "etc/sysconfig/network-scripts/ifcfg-ens3": "DEVICE=ens3\nBOOTPROTO=dhcp\nONBOOT=yes\n",
}


def uefi(path: Path, root: Files, efi: Files) -> Path:
    """Return a disk that UEFI starts: FAT, and ext4 behind it."""
    require("qemu-img", "sfdisk", "mke2fs", "debugfs")
    script = "label: gpt\nsize=66000,type=uefi,name=efi\nsize=20480\n"
    first, second = disk_images.partitioned(path, script, size=48 * MIB)
    disk_images.put(written(path.with_name("efi"), 12, efi), path, first.offset, skip=TABLE)
    disk_images.put(disk_images.ext(path.with_name("root"), root), path, second.offset)
    return path


@pytest.mark.real
@pytest.mark.parametrize(
    ("nic", "words", "rules"),
    [
        ("ens3", "net.ifnames=0", {"ifcfg_name"}),
        ("ens3", "quiet", {"ifcfg_name"}),
        ("eth0", "net.ifnames=0", set()),
        ("eth0", "quiet", {"ifcfg_name"}),
    ],
)
async def test_settings_on_the_partition_of_uefi_are_read(
    tmp_path: Path, nic: str, words: str, rules: set[str]
) -> None:
    """/boot/grub2/grubenv of Red Hat's systems is a link into it; no rule is left open."""
    files = {name: content for name, content in ROCKY.items() if "ifcfg" not in name}
    files[f"etc/sysconfig/network-scripts/ifcfg-{nic}"] = f"DEVICE={nic}\nBOOTPROTO=dhcp\nONBOOT=yes\n"
    disk = uefi(tmp_path / "disk.raw", files, {"EFI/rocky/grubenv": f"kernelopts=root=x console=ttyS0 {words}\n"})
    found = await report(disk, "a", limits=Limits(), work=tmp_path)
    assert {flaw.rule for flaw in found.flaws if flaw.severity != "info"} == rules
    assert found.unknown == ()


@pytest.mark.real
async def test_a_partition_of_uefi_that_cannot_be_read_hides_nothing_that_others_tell(tmp_path: Path) -> None:
    """What else says what the kernel is told counts; and a name like ens3 is bound whatever it is told."""
    grub = {"etc/default/grub": 'GRUB_CMDLINE_LINUX="console=ttyS0"\n', "etc/ssh/ssh_host_rsa_key": "x"}
    cloud = {"usr/bin/cloud-init": "", "etc/cloud/cloud.cfg": "ssh_deletekeys: 0\n"}
    for number, more in enumerate(({}, {**grub, **cloud})):
        folder = tmp_path / str(number)
        folder.mkdir()
        disk = uefi(folder / "disk.raw", {**ROCKY, **more}, {"x": ""})
        with disk.open("r+b") as file:
            file.seek(disk_images.partitions_of(disk)[0].offset + 13)
            file.write(b"\0")
        found = await report(disk, "a", limits=Limits(), work=tmp_path)
        rules = {flaw.rule for flaw in found.flaws if flaw.severity != "info"}
        if more:
            assert (rules, found.unknown) == ({"ifcfg_name", "host_keys"}, ())
        else:
            assert (rules, found.unknown) == ({"ifcfg_name"}, ("serial_console",))
