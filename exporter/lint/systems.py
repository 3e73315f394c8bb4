"""Which of the file systems in an image is the root, and which others belong below it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from exporter.lint.files import LintError
from exporter.lint.limits import Limits
from exporter.lint.tree import Tree
from exporter.lint.volumes import Found, Volume
from exporter.model import Reason

Readable = Mapping[Found, Volume | LintError]
NEVER_A_SYSTEM = ("fat", "exfat")  # what starts a system, or data
MOST_FSTAB = 256 * 1024
NOT_LOCAL = ("swap", "proc", "sysfs", "tmpfs", "devpts", "nfs", "nfs4", "cifs", "iso9660", "udf", "auto", "none")
DEVICE = re.compile(r"(UUID|LABEL|PARTUUID|PARTLABEL)=|/dev/")
PARTITION = re.compile(r"/dev/(?:[shv]d[a-z]+|xvd[a-z]+|nvme\d+n\d+p|mmcblk\d+p|disk/by-(?:id|path)/.+-part)(\d{1,3})")
UDEV = re.compile(r"/dev/disk/by-(uuid|label|partuuid|partlabel)/")
"""What udev makes of UUID=... and the like; the installer of Ubuntu writes it into fstab."""


async def root_of(readable: Readable, limits: Limits) -> tuple[str, Tree | None]:
    """Return linux | windows and its files; empty and None when no file system holds a system.

    Raises:
        LintError: none that can be read holds one, and others cannot be read.
    """
    candidates, errors = [], []
    for found, volume in readable.items():
        if found.kind in NEVER_A_SYSTEM:
            continue
        if isinstance(volume, LintError):
            errors.append(volume)
            continue
        tree = Tree({(): volume}, limits)
        try:
            system, rank = await _system(tree)
        except LintError as error:
            errors.append(LintError(error.reason, f"{found.place}: {error.detail}"))
            continue
        if system:
            candidates.append((rank, system, tree, volume))
    if not candidates:
        if errors:
            raise errors[0]
        return "", None
    _, system, tree, volume = min(candidates, key=lambda one: one[0])
    return system, tree if system == "windows" else Tree(await _mounts(tree, volume, readable), limits)


async def _system(tree: Tree) -> tuple[str, int]:
    """Return the system on a file system, and how sure that is: the lower the surer."""
    etc = await tree.names("/etc") or ()
    if "fstab" in etc:
        return "linux", 0
    if "os-release" in etc:
        return "linux", 1
    if await tree.names("/Windows/System32/config") is not None:
        return "windows", 2
    return "", 3


async def _mounts(tree: Tree, root: Volume, readable: Readable) -> dict[tuple[str, ...], Volume | LintError]:
    """Return the mounts of a Linux system as its fstab says; one that is not in the image is an error there."""
    mounts: dict[tuple[str, ...], Volume | LintError] = {(): root}
    text = await tree.read("/etc/fstab", MOST_FSTAB) or b""
    for device, folder in read_fstab(text):
        names = tuple(name for name in folder.split("/") if name)
        found = [volume for one, volume in readable.items() if _is_called(one, device)]
        missing = LintError(Reason.MISSING, f"{folder[:80]} lies on {device[:80]}, which is not in this image")
        if names:
            mounts[names] = found[0] if found else missing
    return mounts


def _is_called(found: Found, device: str) -> bool:
    match = PARTITION.fullmatch(device)
    name = UDEV.sub(lambda link: f"{link[1].upper()}=", device, count=1)
    return name in found.names or (match is not None and found.number == int(match[1]))


def read_fstab(text: bytes) -> Iterator[tuple[str, str]]:
    """Yield (device, folder) of what an fstab mounts from local disks while booting, quotes taken off the device."""
    for line in text.decode("utf-8", "replace").splitlines():
        words = line.split()
        if len(words) < 3 or words[0].startswith("#") or words[2] in NOT_LOCAL or not words[1].startswith("/"):
            continue
        options = words[3].split(",") if len(words) > 3 else []
        device = words[0].replace('"', "")
        if DEVICE.match(device) and not {"noauto", "bind", "rbind"} & set(options) and ".." not in words[1]:
            yield device, words[1]
