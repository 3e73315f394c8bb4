"""The one place that starts programs: each bounded in time, memory and bytes, in a group that is ended with the call.

Programs see an empty environment, a private directory, and images only as descriptors that were opened read-only:
no name of an image, and none inside it, is ever a word on a command line.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from exporter.children import begun, ended, killed
from exporter.lint.files import LintError
from exporter.lint.limits import Limits
from exporter.model import Reason

PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
PACKAGES = {
    "qemu-img": "qemu-utils", "debugfs": "e2fsprogs", "guestfish": "libguestfs-tools",
    "prlimit": "util-linux", "ionice": "util-linux", "nice": "coreutils",
}  # fmt: skip
CHUNK = 64 * 1024
Watch = Callable[[], Awaitable[None]]
MOST_ERRORS = 64 * 1024  # bytes of complaints; whoever says more is ended


@dataclass(frozen=True, slots=True)
class Ran:
    """What a program said.

    Attributes:
        code: exit status, negative for a signal.
        out: at most as many bytes as were asked for; the program is ended when it says more.
        errors: its complaints, cut.
        is_cut: whether it had more to say.
    """

    code: int
    out: bytes
    errors: str
    is_cut: bool


@dataclass(frozen=True, slots=True)
class Tools:
    """Starts programs for one image.

    Attributes:
        folder: private directory; temporary files go there.
        limits: what the image may cost.
    """

    folder: Path
    limits: Limits

    async def run(
        self,
        tool: str,
        *words: str,
        files: tuple[int, ...],
        most: int,
        watch: Callable[[], Awaitable[None]] | None = None,
    ) -> Ran:
        """Run a program and return what it said.

        Args:
            tool: its name, as in PACKAGES.
            words: its arguments.
            files: descriptors that the program finds as ``/dev/fd/<number>``, the image first.
            most: bytes of its output that are taken.
            watch: runs beside it; when it raises, the program is ended and the error goes on.

        Raises:
            LintError: the program is not installed.
        """
        command = [_path(one) for one in ("prlimit", "nice", "ionice", tool)]
        limits = self.limits
        process = await begun(
            command[0], f"--as={limits.memory_bytes}", f"--fsize={limits.virtual_bytes}", "--core=0",
            f"--cpu={max(int(limits.seconds), 1)}",
            command[1], "-n", "19", command[2], "-c", "3", "-t", command[3], *words,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            pass_fds=files, cwd=self.folder,
            env={"PATH": PATH, "LC_ALL": "C", "HOME": str(self.folder), "TMPDIR": str(self.folder)},
        )  # fmt: skip
        try:
            return await _beside(_heard(process, most), watch)
        finally:
            await ended(process)


def _path(tool: str) -> str:
    found = shutil.which(tool, path=PATH)
    if found is None:
        raise LintError(Reason.MISSING, f"{tool} is not installed: apt-get install {PACKAGES[tool]}")
    return found


async def _beside(main: Awaitable[Ran], watch: Watch | None) -> Ran:
    """Return what ``main`` returns, unless ``watch`` raises before; neither outlives the call."""
    tasks: list[asyncio.Future[Ran | None]] = [asyncio.ensure_future(main)]
    if watch is not None:
        tasks.append(asyncio.ensure_future(watch()))
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
        result = await tasks[0]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert result is not None  # noqa: S101 - the first task is ``main``
    return result


async def _heard(process: asyncio.subprocess.Process, most: int) -> Ran:
    """Return what a program says until it ends, or until it has said too much."""
    assert process.stdout is not None  # noqa: S101 - asked for at the start
    assert process.stderr is not None  # noqa: S101
    out, errors = await asyncio.gather(
        _taken(process, process.stdout, most), _taken(process, process.stderr, MOST_ERRORS)
    )
    code = await process.wait()
    text = errors[:MOST_ERRORS].decode("utf-8", "replace")
    return Ran(code, out[:most], text, is_cut=len(out) > most or len(errors) > MOST_ERRORS)


async def _taken(process: asyncio.subprocess.Process, stream: asyncio.StreamReader, most: int) -> bytes:
    """Return at least ``most`` + 1 bytes if there are as many; the program is then ended."""
    taken = bytearray()
    while len(taken) <= most:
        chunk = await stream.read(CHUNK)
        if not chunk:
            return bytes(taken)
        taken += chunk
    killed(process)
    return bytes(taken)
