"""Disk images made with real tools, as a template's maker would, but of a few MiB and without a machine."""

from __future__ import annotations

import gzip
import os
import subprocess
import tarfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from exporter.lint.partitions import Partition, read_partitions

SAMPLES = Path(__file__).parent / "samples" / "images"
MIB = 2**20
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class Link:
    """A symbolic link that points to ``target``."""

    target: str


Files = Mapping[str, str | bytes | Link]

LINUX: Files = {
    "etc/fstab": "UUID=0 / ext4 defaults 0 1\n",
    "usr/lib/os-release": "ID=debian\n",
    "etc/os-release": Link("../usr/lib/os-release"),
    "etc/hostname": "localhost\n",
}
"""What makes a file system a root."""


def call(*words: str | Path, text: str = "") -> str:
    """Run a tool and return what it says; its complaints are in the error that it raises."""
    done = subprocess.run(
        [str(word) for word in words],
        input=text, capture_output=True, text=True, check=False, env={"PATH": PATH, "LC_ALL": "C", "HOME": "/"},
    )  # fmt: skip
    assert done.returncode == 0, f"{words}: {done.stderr}{done.stdout}"
    return done.stdout


def folder(path: Path, files: Files) -> Path:
    """Make a folder with these files."""
    path.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        place = path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Link):
            place.symlink_to(content.target)
        else:
            place.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def ext(
    path: Path, files: Files = LINUX, *, size: int = 8 * MIB, kind: str = "ext4", options: tuple[str, ...] = ()
) -> Path:
    """Make an image that is one file system of the ext family."""
    source = folder(path.with_name(path.name + ".files"), files)
    _empty(path, size)
    call("mke2fs", "-q", "-t", kind, *options, "-d", source, path)
    return path


def xfs(path: Path, files: Files = LINUX, *, options: tuple[str, ...] = ()) -> Path:
    """Make an image that is one XFS; its tool makes none below 300 MiB."""
    source = folder(path.with_name(path.name + ".files"), files)
    prototype = path.with_name(path.name + ".prototype")
    prototype.write_text("/none\n0 0\n" + "\n".join(_prototype(source, "d--755 0 0")) + "\n")
    _empty(path, 320 * MIB)
    call("mkfs.xfs", "-q", *options, "-p", prototype, path)
    return path


def _prototype(place: Path, line: str) -> list[str]:
    """Return the lines of mkfs.xfs's prototype for a folder."""
    lines = [line]
    for one in sorted(place.iterdir()):
        if one.is_symlink():
            lines.append(f"{one.name} l--777 0 0 {one.readlink()}")
        elif one.is_dir():
            lines += _prototype(one, f"{one.name} d--755 0 0")
        else:
            lines.append(f"{one.name} ---644 0 0 {one}")
    return [*lines, "$"]


def partitioned(path: Path, script: str, *, size: int = 32 * MIB) -> tuple[Partition, ...]:
    """Make a disk with a partition table as ``sfdisk`` is told; return where its partitions are by sfdisk's word."""
    _empty(path, size)
    call("sfdisk", "--quiet", path, text=script)
    found = []
    for line in call("sfdisk", "--dump", path).splitlines():
        if line.startswith(str(path)):
            words = dict(word.strip().split("=", 1) for word in line.split(" : ")[1].split(",") if "=" in word)
            number = int(line.split(" : ")[0].strip().removeprefix(str(path)))
            if words["type"] not in ("5", "f", "85"):
                start, length = int(words["start"]) * 512, int(words["size"]) * 512
                uuid, name = words.get("uuid", "").lower(), words.get("name", "").strip('"')
                found.append(Partition(number, start, length, uuid, name))
    return tuple(found)


def partitions_of(path: Path, sector: int = 512) -> tuple[Partition, ...]:
    """Return what our reader finds in an image."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        return read_partitions(lambda offset, length: _at(file, offset, length), size, sector)


def _at(file: object, offset: int, length: int) -> bytes:
    return os.pread(file.fileno(), length, offset)  # type: ignore[attr-defined]


def put(source: Path, target: Path, offset: int, *, skip: int = 0, length: int | None = None) -> None:
    """Write a part of one file into another, at ``offset``; zeros are left out."""
    with source.open("rb") as given, target.open("r+b") as taken:
        given.seek(skip)
        left = source.stat().st_size - skip if length is None else length
        while left > 0 and (chunk := given.read(min(MIB, left))):
            if chunk.strip(b"\0"):
                taken.seek(offset)
                taken.write(chunk)
            offset, left = offset + len(chunk), left - len(chunk)


def converted(source: Path, form: str, *options: str) -> Path:
    """Return the image in another format, beside it."""
    target = source.with_suffix(f".{form}")
    call("qemu-img", "convert", "-f", "raw", "-O", form, *options, source, target)
    return target


def lvm(path: Path, root: Path, var_log: Path) -> Path:
    """Make a disk of two physical volumes; rhel/root lies in three stretches on both, rhel/var-log in one.

    The metadata is what lvm2 wrote (see the samples' README); the files are put where it says.
    """
    extent = 4 * MIB
    first, second = partitioned(
        path, f"label: gpt\nsize={96 * 2048},type=lvm\nsize={64 * 2048},type=lvm\n", size=170 * MIB
    )
    starts = []
    for one, sample in ((first, "lvm-0"), (second, "lvm-1")):
        head = path.with_name(sample)
        head.write_bytes(gzip.decompress((SAMPLES / f"{sample}.bin.gz").read_bytes()))
        put(head, path, one.offset)
        starts.append(one.offset + MIB)
    for place, skip, count in ((starts[0], 0, 4), (starts[0] + 7 * extent, 4, 5), (starts[1], 9, 2)):
        put(root, path, place, skip=skip * extent, length=count * extent)
    put(var_log, path, starts[1] + 2 * extent)
    return path


def unpacked(sample: str, target: Path) -> Path:
    """Unpack the disk out of a sample and return it."""
    with tarfile.open(SAMPLES / sample) as archive:
        disk = archive.extractfile("disk.raw")
        assert disk is not None
        with (target / "disk.raw").open("wb") as file:
            for offset, chunk in enumerate(iter(partial(disk.read, MIB), b"")):
                if chunk.strip(b"\0"):
                    file.seek(offset * MIB)
                    file.write(chunk)
            file.truncate(archive.getmember("disk.raw").size)
    return target / "disk.raw"


def _empty(path: Path, size: int) -> None:
    with path.open("wb") as file:
        file.truncate(size)


def busy(path: Path) -> Path:
    """Make an image that keeps whoever reads it busy for half a minute without a pause: millions of names.

    They stand in three initramfs files that are one, of 1.4 MiB when it is packed.
    """
    name = b"070701" + b"0" * 88 + b"00000002" + b"0" * 8 + b"a\0"
    packer = zlib.compressobj(wbits=31)
    packed = b"".join(packer.compress(name * 10_000) for _ in range(365)) + packer.flush()
    links = {f"boot/initrd.img-{number}": Link("initrd.img-1") for number in (2, 3)}
    return ext(path, {**LINUX, "boot/initrd.img-1": packed, **links}, size=16 * MIB)


def working_in(folder: Path) -> list[int]:
    """Return the processes that were told of this folder, or are in it."""
    found = []
    for one in Path("/proc").glob("[0-9]*"):
        try:
            said, place = (one / "cmdline").read_bytes(), (one / "cwd").readlink()
        except OSError:
            continue  # it has ended meanwhile
        if os.fsencode(folder) in said or place.is_relative_to(folder):
            found.append(int(one.name))
    return found
