"""ext2, ext3 and ext4, read by debugfs of e2fsprogs.

Files are asked for by number only, so that no name that stands in an image becomes a word of a request.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from exporter.lint.disks import Disk
from exporter.lint.files import Kind, LintError
from exporter.lint.tools import Ran, Tools
from exporter.lint.volumes import Entry
from exporter.model import Reason

LINE = re.compile(rb"/(\d{1,10})/([0-7]{6})/\d+/\d+/([^/]*)/(\d*)/\n")
VERSION = re.compile(r"debugfs \d[^\n]*")
FAST = b'\nFast link dest: "'
KINDS = {0o10: Kind.FILE, 0o4: Kind.FOLDER, 0o12: Kind.LINK}
LINE_BYTES = 300  # the longest name and its numbers
MOST_TARGET = 4096


@dataclass(frozen=True, slots=True)
class Ext:
    """A file system of the ext family.

    Attributes:
        disk: where it lies: one piece of the file.
    """

    top: ClassVar[int] = 2
    folds: ClassVar[bool] = False
    tools: Tools
    disk: Disk

    async def entries(self, node: int) -> dict[str, Entry]:
        """Return what is in a folder. **Source**: ``debugfs -R 'ls -p <N>'``."""
        most = self.tools.limits.entries
        ran = await self._ask(f"ls -p <{node}>", most * LINE_BYTES)
        if ran.is_cut:
            raise LintError(Reason.TOO_LARGE, f"a folder has more than {most} names")
        return read_folder(ran.out)

    async def content(self, node: int, limit: int) -> bytes:
        """Return the first bytes of a file. **Source**: ``debugfs -R 'cat <N>'``."""
        return (await self._ask(f"cat <{node}>", limit)).out

    async def target(self, node: int) -> str:
        """Return where a link points to. **Source**: ``debugfs -R 'stat <N>'``, or its content where it is long."""
        said = (await self._ask(f"stat <{node}>", MOST_TARGET * 4)).out
        if FAST in said:
            return read_target(said)
        return (await self.content(node, MOST_TARGET)).decode("utf-8", "surrogateescape")

    async def _ask(self, request: str, most: int) -> Ran:
        file, offset = self.disk.file, self.disk.pieces[0][0]
        words = ("-R", request, f"/dev/fd/{file}?offset={offset}")
        ran = await self.tools.run("debugfs", *words, files=(file,), most=most)
        complaint = VERSION.sub("", ran.errors).strip()
        if complaint or (ran.code and not ran.is_cut):
            line = complaint.splitlines()[-1][-200:] if complaint else f"it ended with {ran.code}"
            raise LintError(Reason.UNREADABLE, f"debugfs: {line}; try e2fsck -n on a copy of it")
        return ran


def read_folder(raw: bytes) -> dict[str, Entry]:
    """Return what ``ls -p`` printed; raises LintError for everything else.

    A name may hold a line feed, but never a slash.
    """
    found, place, body = {}, 0, raw.removesuffix(b"\n")
    while place < len(body):
        match = LINE.match(raw, place)
        if match is None:
            raise LintError(Reason.UNREADABLE, "debugfs listed a folder in words that are not known here")
        place = match.end()
        name = match[3].decode("utf-8", "surrogateescape")
        if name not in ("", ".", ".."):
            found[name] = Entry(int(match[1]), KINDS.get(int(match[2], 8) >> 12, Kind.OTHER))
    return found


def read_target(raw: bytes) -> str:
    """Return where a link points to by what ``stat`` printed of it; raises LintError when that is not said."""
    _, sign, rest = raw.partition(FAST)
    if not sign or not rest.endswith(b'"\n'):
        raise LintError(Reason.UNREADABLE, "debugfs said nothing of where a link points to")
    return rest[:-2].decode("utf-8", "surrogateescape")
