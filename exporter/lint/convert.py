"""Images of any format, laid out as the raw disk they stand for."""

from __future__ import annotations

import asyncio
import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from exporter.lint.files import LintError
from exporter.lint.formats import HEAD, TAIL, told
from exporter.lint.space import Space
from exporter.lint.tools import Ran, Tools
from exporter.model import Reason

LOOK = 0.1  # seconds between two looks at how much was written
CHECKED = ("qcow2", "vmdk")  # formats whose tables qemu-img compares with the size of the file
SOUND = (0, 3)  # exit codes: nothing is wrong; clusters are lost that nobody needs
MOST_INFO = 64 * 1024  # bytes of what qemu-img says of an image


@dataclass(frozen=True, slots=True)
class Info:
    """What qemu-img says of an image.

    Attributes:
        virtual_bytes: size of the disk.
    """

    virtual_bytes: int


@dataclass(frozen=True, slots=True)
class Held:
    """An image that is held open: known by its descriptor only, so that nobody can put another file into its place.

    Attributes:
        file: descriptor, for reading; whoever asked closes it.
        format: as the content tells.
        size: of the file in bytes.
    """

    file: int
    format: str
    size: int


def hold(image: Path) -> Held:
    """Open an image for reading; raises LintError when it may not be read, or is refused."""
    try:
        file = os.open(image, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a pipe must not make us wait
    except FileNotFoundError:
        raise LintError(Reason.MISSING, "there is no such file") from None
    except PermissionError:
        raise LintError(Reason.PERMISSION, "it may not be read: let the exporter's user read it") from None
    except (OSError, ValueError) as error:
        raise LintError(Reason.UNREADABLE, f"it cannot be opened: {getattr(error, 'strerror', error)}") from None
    try:
        return _told(file)
    except BaseException:
        os.close(file)
        raise


def _told(file: int) -> Held:
    """Return what an open file is."""
    try:
        seen = os.fstat(file)
        if not stat.S_ISREG(seen.st_mode):
            raise LintError(Reason.UNSUPPORTED, "it is no regular file")
        head, tail = os.pread(file, HEAD, 0), os.pread(file, TAIL, max(seen.st_size - TAIL, 0))
    except OSError as error:
        raise LintError(Reason.UNREADABLE, f"it cannot be read: {error.strerror}") from None
    return Held(file, told(head, tail), seen.st_size)


async def info(tools: Tools, held: Held) -> Info:
    """Return what qemu-img says of an image that is not raw.

    **Source**: ``qemu-img info -U --output=json``.
    """
    words = ("info", "-U", "--output=json", _name(held))
    ran = await tools.run("qemu-img", *words, files=(held.file,), most=MOST_INFO)
    return read_info(_fine(ran).out, held.format)


def read_info(raw: bytes, form: str) -> Info:
    """Return what ``qemu-img info --output=json`` printed; raises LintError for what is refused, or no such text."""
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise LintError(Reason.UNREADABLE, "qemu-img said nothing that can be read")
    size, others = found.get("virtual-size"), [key for key in found if "backing" in key]
    if found.get("format") != form or isinstance(size, bool) or not isinstance(size, int) or size < 0:
        raise LintError(Reason.UNREADABLE, f"qemu-img does not take it for {form}")
    if others or "data-file" in json.dumps(found.get("format-specific", "")):
        raise LintError(Reason.UNSUPPORTED, "it names other files: qemu-img convert it into an image of its own")
    if found.get("encrypted", False) is not False:
        raise LintError(Reason.UNSUPPORTED, "the image is encrypted")
    return Info(size)


async def guard_whole(tools: Tools, held: Held) -> None:
    """Raise LintError when what the tables of an image point to is not in the file: it was cut while it was copied.

    QEMU would read zeros there. What is packed, and the other formats, are refused when they are laid out.

    **Source**: ``qemu-img check -U --output=json``.
    """
    if held.format in CHECKED:
        words = ("check", "-U", "--output=json", _name(held))
        ran = await tools.run("qemu-img", *words, files=(held.file,), most=MOST_INFO)
        if ran.is_cut or ran.code not in SOUND:
            raise LintError(Reason.UNREADABLE, "it is damaged or cut (qemu-img check): copy it again")


async def lay_out(tools: Tools, held: Held, raw: int, space: Space) -> None:
    """Write an image as a raw disk into ``raw``, an empty file of the disk's size in ``space``.

    The writing is watched: neither the bytes allowed nor the free space kept are passed.

    **Source**: ``qemu-img convert -U -O raw``.
    """
    words = ("convert", "-U", "-q", "-m", "1", "-W", "-S", "4k", "-t", "writeback", "-n", "--target-is-zero")
    target = f"driver=raw,file.driver=file,file.filename=/dev/fd/{raw},file.locking=off"
    names = (_name(held), "--target-image-opts", target)
    ran = await tools.run("qemu-img", *words, *names, files=(held.file, raw), most=HEAD, watch=lambda: _watch(space))
    _fine(ran)
    space.guard()


def _name(held: Held) -> str:
    """Return what qemu-img opens: this descriptor as this format, without guessing, without a backing file."""
    layer = {"driver": "file", "filename": f"/dev/fd/{held.file}", "locking": "off", "read-only": True}
    backing = {"backing": None} if held.format in ("qcow2", "vmdk") else {}
    return "json:" + json.dumps({"driver": held.format, "read-only": True, "file": layer, **backing})


def _fine(ran: Ran) -> Ran:
    if ran.code or ran.is_cut:
        words = ran.errors.strip().splitlines() or [f"it ended with {ran.code}"]
        raise LintError(Reason.UNREADABLE, f"qemu-img: {words[-1][-200:]}; try qemu-img check on it")
    return ran


async def _watch(space: Space) -> None:
    """Raise LintError once more was written than may be; never returns."""
    while True:
        space.guard()
        await asyncio.sleep(LOOK)
