"""Template images: opened read-only, never mounted.

How it goes: the file is held open by descriptor; its format is told from its content, and one that names other files
is refused, and one that was cut while it was copied; what is not raw is laid out as a raw disk that has no name;
partitions and logical volumes are arithmetic; ext is read by debugfs, XFS, NTFS and FAT by readers of our own, which
need no whole disk beside them.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from exporter.lint import convert
from exporter.lint.disk_map import places
from exporter.lint.disks import Disk
from exporter.lint.files import Files, LintError
from exporter.lint.limits import Limits
from exporter.lint.readers import readable
from exporter.lint.space import Space
from exporter.lint.systems import root_of
from exporter.lint.tools import Tools
from exporter.lint.tree import Tree
from exporter.model import Reason


@dataclass(frozen=True, slots=True)
class OpenImage:
    """One image while it is open.

    Attributes:
        format: qcow2 | raw | vpc | vhdx | vmdk, as qemu-img names them, told from the content and never the name.
        virtual_bytes: size of the disk.
        system: linux | windows, empty when its file systems hold neither.
        root: its files; where no system was found everything asked of it is an error.
    """

    format: str
    virtual_bytes: int
    system: str
    root: Files


@asynccontextmanager
async def opened(image: Path, limits: Limits, work: Path) -> AsyncIterator[OpenImage]:
    """Open an image for as long as the block lasts.

    Args:
        image: the file; it is only ever read.
        limits: what it may cost; the time runs from here until the block ends, and passing it raises LintError
            with Reason.TIMEOUT out of the block.
        work: an existing directory in which an image that is not raw is laid out; nothing of it is left behind.

    Raises:
        LintError: it cannot be opened; the detail names the remedy, not the image.
    """
    try:
        async with asyncio.timeout(limits.seconds), AsyncExitStack() as stack:
            yield await _open(image, limits, work, stack)
    except TimeoutError:
        raise LintError(Reason.TIMEOUT, late(limits.seconds)) from None


def late(seconds: float) -> str:
    """Return in words that the time is up, for people."""
    return f"not read within {seconds:g} s: raise the limit, or look whether the image is damaged"


async def _open(image: Path, limits: Limits, work: Path, stack: AsyncExitStack) -> OpenImage:
    """Return the image; what was opened for it is closed with ``stack``."""
    held = await asyncio.to_thread(convert.hold, image)  # a share that hangs must hold up this image only
    stack.callback(os.close, held.file)
    folder = Path(stack.enter_context(_private(work)))
    tools, space = Tools(folder, limits), Space(folder, limits)
    raw, size = await _raw(held, tools, space, stack)
    disk = Disk(raw, ((0, size),))
    # QEMU rounds a VHD to the cylinders that its header names; one that was cut has lost its footer, and is refused
    found = await asyncio.to_thread(places, disk, may_be_short=held.format == "vpc")
    volumes = await readable(found, tools, space, stack)
    system, root = await root_of(volumes, limits)
    nothing = Tree({(): LintError(Reason.MISSING, "no system was found in the image")}, limits)
    return OpenImage(held.format, size, system, root or nothing)


def _private(work: Path) -> tempfile.TemporaryDirectory[str]:
    try:
        return tempfile.TemporaryDirectory(prefix="lint-", dir=work)
    except OSError as error:
        raise LintError(Reason.FAILED, f"nothing can be written in the work directory: {error}") from None


async def _raw(held: convert.Held, tools: Tools, space: Space, stack: AsyncExitStack) -> tuple[int, int]:
    """Return the descriptor and the size of the raw disk; raw images are used where they lie."""
    limit, is_raw = tools.limits.virtual_bytes, held.format == "raw"
    size = held.size if is_raw else (await convert.info(tools, held)).virtual_bytes
    if size > limit:
        raise LintError(Reason.TOO_LARGE, f"the disk has {size} bytes, more than {limit}: too large for a template")
    if is_raw:
        return held.file, size
    await convert.guard_whole(tools, held)
    raw = stack.enter_context(space.file(size))
    await convert.lay_out(tools, held, raw, space)
    return raw, size
