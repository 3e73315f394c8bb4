"""Template images of the lab: real file systems in real qcow2 files, made by mke2fs and qemu-img where they are."""

from __future__ import annotations

import asyncio
import os
import shutil
import zlib
from dataclasses import dataclass, field
from pathlib import Path

PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
PROGRAMS = ("mke2fs", "qemu-img", "debugfs")
SIZE = "4M"
DAY = 86400
CUT = 1024  # bytes that are left of an image that somebody copied halfway


@dataclass(slots=True, eq=False)
class Image:
    """One image: the files in it by path, and whether it was copied whole."""

    files: dict[str, str] = field(default_factory=dict)
    is_whole: bool = True


def healthy() -> dict[str, Image]:
    """Return the images of a healthy lab by file name: a small Debian as it should be."""
    return {
        "debian-12.qcow2": Image({
            "etc/os-release": "ID=debian\nVERSION_ID=12\n",
            "etc/fstab": "# nothing is mounted but the root\n",
            "etc/hostname": "localhost\n",
            "etc/machine-id": "",
            "etc/default/grub": 'GRUB_CMDLINE_LINUX="net.ifnames=0 console=tty0 console=ttyS0"\n',
            "etc/network/interfaces": "auto lo\niface lo inet loopback\nauto eth0\niface eth0 inet dhcp\n",
            "etc/cloud/cloud.cfg.d/90_cloudstack.cfg": "datasource_list: [ConfigDrive, CloudStack]\n",
            "usr/bin/cloud-init": "#!/usr/bin/python3\n",
            "usr/sbin/qemu-ga": "",
        })
    }  # fmt: skip


class Images:
    """The folder of images; it shows what the world has.

    Attributes:
        missing: which program is not installed, so that the folder stays empty; empty when all are.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._shown: dict[str, int] = {}
        self.missing = ", ".join(name for name in PROGRAMS if shutil.which(name, path=PATH) is None)

    async def show(self, images: dict[str, Image]) -> None:
        """Write those that are new or other than before, and delete the others."""
        wanted = {} if self.missing else {name: _number(image) for name, image in images.items()}
        for name in self._shown.keys() - wanted.keys():
            (self._folder / name).unlink()
        for name, number in wanted.items():
            if self._shown.get(name) != number:
                await self._write(name, images[name], number)
        self._shown = wanted

    async def _write(self, name: str, image: Image, number: int) -> None:
        """Write one image beside and move it to its place, as if it lay there for a day or more."""
        tree, raw, made = (self._folder.parent / f"image-{part}" for part in ("tree", "raw", "made"))
        for path, content in image.files.items():
            (tree / path).parent.mkdir(parents=True, exist_ok=True)
            (tree / path).write_text(content, encoding="utf-8")
        await _run("mke2fs", "-q", "-F", "-t", "ext4", "-d", str(tree), str(raw), SIZE)
        await _run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", str(raw), str(made))
        if not image.is_whole:
            os.truncate(made, CUT)
        at = made.stat().st_mtime - DAY - number % DAY
        os.utime(made, (at, at))
        made.replace(self._folder / name)
        raw.unlink()
        shutil.rmtree(tree)


def _number(image: Image) -> int:
    """Return a number that other files in the image change."""
    return zlib.crc32(repr((sorted(image.files.items()), image.is_whole)).encode())


async def _run(*words: str) -> None:
    """Run a program.

    Raises:
        OSError: it failed.
    """
    process = await asyncio.create_subprocess_exec(
        *words, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE, env={"PATH": PATH}
    )
    _, errors = await process.communicate()
    if process.returncode:
        message = f"{words[0]}: {errors.decode('utf-8', 'replace').strip()}"
        raise OSError(message)
