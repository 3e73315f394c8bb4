"""The directory of template images: each is read once, in the background, by a child process; the rest is memory."""

from __future__ import annotations

import asyncio
import contextlib
import os
import stat
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from exporter.clock import Clock
from exporter.lint.here import hypervisor_here
from exporter.lint.judge import unread
from exporter.lint.rule import shown
from exporter.model import Reason, SourceError
from exporter.questions.template_images import ImageReport

SUFFIXES = (".qcow2", ".qcow", ".img", ".raw", ".vhd", ".vhdx", ".vmdk", ".ova")
"""An OVA is refused, with what to do about it: what is not read must be told, and not overlooked."""
MOST_IMAGES = 500
MOST_FILES = 100_000  # looked through for images
SETTLES = 60.0  # seconds that a file must not have been written, or it is still coming
AGAIN = 6 * 3600.0  # seconds after which an image that could not be read is tried again

Read = Callable[[Path, str], Awaitable[ImageReport]]
Version = tuple[int, int]  # size in bytes, time of change in nanoseconds


@dataclass(frozen=True, slots=True)
class Seen:
    """An image as it lies there."""

    name: str
    path: Path
    version: Version


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an image in one version, and at which boot-clock time it was read."""

    version: Version
    report: ImageReport
    at: float


Look = Callable[[Path], tuple[Seen, ...]]


class Directory:
    """Reads the images below a folder, one at a time, in the background; asked, it says what it knows.

    Attributes:
        folder: where they lie; links are not followed.
        read: reads one image and returns its report, whatever happens.
    """

    def __init__(
        self,
        folder: Path,
        read: Read,
        clock: Clock,
        *,
        here: Callable[[], str] = hypervisor_here,
        look: Look | None = None,
    ) -> None:
        self.folder = folder
        self.read = read
        self._look = look or listed
        self._clock = clock
        self._here = here
        self._known: dict[Path, Known] = {}
        self._listing: asyncio.Future[tuple[Seen, ...]] | None = None
        self._reading: asyncio.Task[None] | None = None

    async def reports(self, seconds: float) -> tuple[ImageReport, ...]:
        """Return one report per image; those whose turn has not come within half of ``seconds`` are BEHIND.

        Raises:
            SourceError: the directory cannot be listed, or this is a hypervisor host.
        """
        daemon = await asyncio.to_thread(self._here)  # it looks through all of /proc
        if daemon:
            raise SourceError(Reason.UNSUPPORTED, f"{daemon} runs here: no images are read on a hypervisor host")
        seen = await self._list(seconds / 4)
        chosen = seen[:MOST_IMAGES]
        self._known = {one.path: self._known[one.path] for one in chosen if one.path in self._known}
        await self._read_on(chosen, seconds / 2)
        told = tuple(self._told(one) for one in chosen)
        if len(seen) > MOST_IMAGES:
            more = f"{len(seen) - MOST_IMAGES} more images; {MOST_IMAGES} are looked at"
            told += (unread("...", Reason.TOO_LARGE, more),)
        return told

    async def close(self) -> None:
        """End the child that may run, and wait for it."""
        if self._listing is not None:
            self._listing.cancel()
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    async def _list(self, seconds: float) -> tuple[Seen, ...]:
        """Return the images that are there; a share that hangs is asked again only when it has answered."""
        if self._listing is None:
            self._listing = _aside(self._look, self.folder)
        try:
            found = await asyncio.wait_for(asyncio.shield(self._listing), seconds)
        except TimeoutError:
            raise SourceError(Reason.TIMEOUT, f"{self.folder} is not listed within {seconds:g} s") from None
        except OSError as error:
            self._listing = None
            reason = Reason.PERMISSION if isinstance(error, PermissionError) else Reason.MISSING
            raise SourceError(reason, f"{self.folder}: {error.strerror or error}") from None
        self._listing = None
        return found

    async def _read_on(self, chosen: tuple[Seen, ...], seconds: float) -> None:
        """See to it that what is not known is read; wait for it a while."""
        if self._reading is not None and self._reading.done():
            task, self._reading = self._reading, None
            task.result()
        if self._reading is None and any(self._is_due(one) for one in chosen):
            self._reading = asyncio.create_task(self._read_all(chosen))
        if self._reading is not None:
            await asyncio.wait({self._reading}, timeout=seconds)

    async def _read_all(self, chosen: tuple[Seen, ...]) -> None:
        for one in chosen:
            if self._is_due(one):
                report = await self.read(one.path, one.name)
                self._known[one.path] = Known(one.version, report, self._clock.boot())

    def _is_due(self, one: Seen) -> bool:
        """Return whether an image is to be read: it has settled, and is not known as it lies there."""
        if not self._has_settled(one):
            return False
        known = self._known.get(one.path)
        if known is None or known.version != one.version:
            return True
        return known.report.reason is not None and self._clock.boot() - known.at > AGAIN

    def _has_settled(self, one: Seen) -> bool:
        age = self._clock.unix() - one.version[1] / 1e9
        return not 0 <= age < SETTLES

    def _told(self, one: Seen) -> ImageReport:
        known = self._known.get(one.path)
        if known is not None and known.version == one.version:
            return known.report
        words = "its turn has not come" if self._has_settled(one) else f"it was written within the last {SETTLES:g} s"
        return unread(one.name, Reason.BEHIND, words)


def _aside(work: Look, folder: Path) -> asyncio.Future[tuple[Seen, ...]]:
    """Return what ``work`` will return, done by a thread that nobody waits for at the end: a share may hang."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[tuple[Seen, ...]] = loop.create_future()

    def tell(found: tuple[Seen, ...] | OSError) -> None:
        if future.done():
            return
        if isinstance(found, OSError):
            future.set_exception(found)
        else:
            future.set_result(found)

    def run() -> None:
        found: tuple[Seen, ...] | OSError
        try:
            found = work(folder)
        except OSError as error:
            found = error
        with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
            loop.call_soon_threadsafe(tell, found)

    threading.Thread(target=run, name="list-templates", daemon=True).start()
    return future


def listed(folder: Path) -> tuple[Seen, ...]:
    """Return the images below a folder by name, links not followed.

    Raises:
        OSError: the folder itself cannot be read; what cannot be read below it holds no images.
    """
    with os.scandir(folder):
        pass
    return tuple(sorted(_images(folder), key=lambda one: one.name))


def _images(folder: Path) -> Iterator[Seen]:
    looked = 0
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            looked += 1
            if looked > MOST_FILES:
                return
            if name.lower().endswith(SUFFIXES) and not name.startswith("."):
                yield from _seen(Path(place, name), folder)


def _seen(path: Path, folder: Path) -> Iterator[Seen]:
    with contextlib.suppress(OSError):  # it has gone meanwhile
        found = path.lstat()
        if stat.S_ISREG(found.st_mode) and found.st_size:
            yield Seen(shown(str(path.relative_to(folder))), path, (found.st_size, found.st_mtime_ns))
