"""Template images: opened read-only, never mounted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from exporter.lint.files import Files, LintError
from exporter.lint.limits import Limits
from exporter.model import Reason


@dataclass(frozen=True, slots=True)
class OpenImage:
    """One image while it is open.

    Attributes:
        format: qcow2 | raw | vpc | vhdx | vmdk, as qemu-img names them, told from the content and never the name.
        virtual_bytes: size of the disk.
        system: linux | windows, empty when neither was found; ``root`` then has no files.
        root: its files.
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
    raise LintError(Reason.UNSUPPORTED, "images are not opened yet")
    yield
