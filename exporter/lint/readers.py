"""Which reader suits which file system, and what is said where there is none."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, ExitStack

from exporter.lint.disks import Disk
from exporter.lint.ext import Ext
from exporter.lint.fat import opened_fat
from exporter.lint.files import LintError
from exporter.lint.limits import Limits
from exporter.lint.ntfs import opened_ntfs
from exporter.lint.space import Space
from exporter.lint.tools import Tools
from exporter.lint.volumes import Found, Volume
from exporter.lint.xfs import opened_xfs
from exporter.model import Reason

OWN: Mapping[str, Callable[[Disk, Limits], Volume]] = {"xfs": opened_xfs, "ntfs": opened_ntfs, "fat": opened_fat}
"""By kind: how file systems are opened that are read without a program."""
CHUNK = 16 * 2**20
NOTHING = ("", "swap")
UNREADABLE = {
    "luks": "is encrypted (LUKS)",
    "bitlocker": "is encrypted (BitLocker)",
    "raid": "is part of a RAID, which no template should be",
    "lvm": "cannot be taken apart",
    "btrfs": "is btrfs, which is not read here: look into it by guestfish --ro -i -a (libguestfs-tools)",
    "exfat": "is exFAT, which is not read here",
    "ufs": "is UFS of BSD, which is not read here",
    "bsd": "holds partitions of BSD, which are not read here",
    "zfs": "is ZFS, which is not read here",
}


async def readable(
    found: tuple[Found, ...], tools: Tools, space: Space, stack: AsyncExitStack
) -> dict[Found, Volume | LintError]:
    """Return a reader for each file system, or why there is none; what was made for them is closed with ``stack``.

    Raises:
        LintError: nothing is known of anything on the disk.
    """
    if not any(one.kind for one in found):
        raise LintError(Reason.UNREADABLE, "no file system that is known stands in it: was it copied whole?")
    volumes: dict[Found, Volume | LintError] = {}
    for one in found:
        if one.kind in NOTHING:
            continue
        try:
            volumes[one] = await _reader(one, tools, space, stack)
        except LintError as error:
            volumes[one] = LintError(error.reason, f"{one.place}: {error.detail}")
    return volumes


async def _reader(found: Found, tools: Tools, space: Space, stack: AsyncExitStack) -> Volume:
    if found.kind in OWN:
        return await asyncio.to_thread(OWN[found.kind], found.disk, tools.limits)
    if found.kind == "ext":
        return Ext(tools, await _whole(found.disk, tools.limits, space, stack))
    raise LintError(Reason.UNSUPPORTED, UNREADABLE[found.kind])


async def _whole(disk: Disk, limits: Limits, space: Space, stack: AsyncExitStack) -> Disk:
    """Return a disk as one piece: where it lies, or, of a volume in several, copied into a file without a name."""
    if len(disk.pieces) == 1:
        return disk
    if disk.size > limits.virtual_bytes:
        raise LintError(Reason.TOO_LARGE, "the logical volume is larger than a disk may be")
    with ExitStack() as own:  # a copy that ends with an error gives its space back to those that follow
        copy = own.enter_context(space.file(disk.size))
        place = 0
        for start, length in disk.pieces:
            for step in range(0, length, CHUNK):
                await asyncio.to_thread(_copy, disk.file, start + step, copy, place + step, min(CHUNK, length - step))
                space.guard()
            place += length
        stack.enter_context(own.pop_all())
    return Disk(copy, ((0, disk.size),))


def _copy(source: int, offset: int, target: int, place: int, length: int) -> None:
    """Copy bytes; what is zero stays a hole."""
    try:
        raw = os.pread(source, length, offset)
        if raw.strip(b"\0"):
            os.pwrite(target, raw, place)
    except OSError as error:
        raise LintError(Reason.FAILED, f"the logical volume cannot be copied: {error.strerror}") from None
