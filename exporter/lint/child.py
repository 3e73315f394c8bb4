"""One image read by a process of its own: what it costs is bounded, and what happens to it happens to nobody else."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import exporter
from exporter.children import begun, let_go
from exporter.lint.images import late
from exporter.lint.judge import unread
from exporter.lint.rule import shown
from exporter.lint.wire import loaded
from exporter.model import Reason, UnreadableError
from exporter.questions.template_images import ImageReport

MOST_BYTES = 4 * 2**20  # of what it prints
PASSWORD: Mapping[bool | None, tuple[str, ...]] = {
    None: (), True: ("--password-enabled",), False: ("--no-password-enabled",)
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Child:
    """How a child is started.

    Attributes:
        seconds: limit for one image; whatever it holds, it is not read on beyond that.
        work_bytes: most bytes that are laid out.
        work: where; each child has a directory of its own there, which is deleted whatever happens.
        python: the interpreter, and options for it.
        password_enabled: whether the template is registered as password-enabled; None when nobody says.
        over: seconds beyond its own limit: it has to start and to tidy up.
        grace: seconds in which it may end by itself; one that is busy with what it reads does not listen.
    """

    seconds: float
    work_bytes: int
    work: Path
    python: tuple[str, ...] = (sys.executable,)
    password_enabled: bool | None = None
    over: float = 5.0
    grace: float = 5.0

    async def report(self, image: Path, name: str) -> ImageReport:
        """Return what a child process says of an image; a child that fails is a reason. Nothing of it is left."""
        try:
            work = Path(tempfile.mkdtemp(prefix="lint-template-", dir=self.work.absolute()))
        except OSError as error:
            return unread(name, Reason.FAILED, f"{self.work}: {error.strerror or error}")
        try:
            return await self._in(work, image, name)
        except OSError as error:
            return unread(name, Reason.FAILED, f"no process can be started to read it: {error.strerror or error}")
        finally:
            await asyncio.to_thread(shutil.rmtree, work, ignore_errors=True)  # what it holds may be large

    async def _in(self, work: Path, image: Path, name: str) -> ImageReport:
        process = await begun(
            *self.python, "-m", "exporter.lint", *PASSWORD[self.password_enabled], f"--seconds={self.seconds:g}",
            f"--work={work}", f"--work-bytes={self.work_bytes}", "--", str(image),
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env=_environment(work), limit=MOST_BYTES,
        )  # fmt: skip
        try:
            async with asyncio.timeout(self.seconds + self.over):
                out, errors = await _said(process)
                code = await process.wait()
        except TimeoutError:
            return unread(name, Reason.TIMEOUT, late(self.seconds))
        finally:
            await _end(process, self.grace)
        return _understood(name, code, out, errors)


def _environment(work: Path) -> dict[str, str]:
    """Return its environment: none of ours, which may hold secrets, but where our code is."""
    code = str(Path(exporter.__file__).resolve().parents[1])
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return {"PATH": path, "PYTHONPATH": code, "TMPDIR": str(work), "HOME": str(work), "LC_ALL": "C.UTF-8"}


async def _said(process: asyncio.subprocess.Process) -> tuple[bytes, bytes]:
    """Return what it prints, up to a limit; the rest is read and dropped."""
    streams = [stream for stream in (process.stdout, process.stderr) if stream is not None]
    out, errors = await asyncio.gather(*(_bounded(stream) for stream in streams))
    return out, errors


async def _bounded(stream: asyncio.StreamReader) -> bytes:
    taken = b""
    while piece := await stream.read(65536):
        taken += piece[: MOST_BYTES - len(taken)]
    return taken


def _understood(name: str, code: int, out: bytes, errors: bytes) -> ImageReport:
    """Return its one report under the name that people know, or why there is none."""
    if code == 0:
        with contextlib.suppress(UnreadableError):
            (report,) = loaded(out) or (None,)
            if report is not None:
                return ImageReport(
                    image=name, format=report.format, system=report.system, flaws=report.flaws, unknown=report.unknown,
                    reason=report.reason, detail=report.detail,
                )  # fmt: skip
    last = shown((errors.decode("utf-8", "replace").strip().splitlines() or [""])[-1])
    return unread(name, Reason.FAILED, f"reading it ended with code {code}: {last}")


async def _end(process: asyncio.subprocess.Process, grace: float) -> None:
    """End its whole group: first let it tidy up, then without mercy."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.returncode is not None:
            break
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(TimeoutError):  # in the end too: a share that hangs holds even what was killed
            await asyncio.wait_for(process.wait(), grace)
    let_go(process)
