"""One tree of files over the file systems of an image: names, mounts and links, all of it inside the image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from exporter.lint.files import Kind, LintError
from exporter.lint.limits import Limits
from exporter.lint.volumes import Entry, Volume
from exporter.model import Reason

MOST_LINKS = 40  # followed for one path, as the kernel does
MOST_PARTS = 1000  # names in one path, links included

Mounts = Mapping[tuple[str, ...], Volume | LintError]


@dataclass(frozen=True, slots=True)
class Place:
    """What a path stands for: the names that lead there without links, and the entry; ``volume`` holds it."""

    names: tuple[str, ...]
    volume: Volume
    entry: Entry


@dataclass(slots=True)
class Tree:
    """The Files of an image.

    Attributes:
        mounts: by the names that lead there, ``()`` for the root; an error where one cannot be read.
        limits: what the image may cost.
    """

    mounts: Mounts
    limits: Limits
    _folders: dict[tuple[str, ...], dict[str, Entry]] = field(default_factory=dict)
    _links: dict[tuple[str, ...], str] = field(default_factory=dict)
    _asked: int = 0

    async def read(self, path: str, limit: int) -> bytes | None:
        """Return the first bytes of a file; see Files."""
        place = await self._find(path)
        if place is None or place.entry.kind is not Kind.FILE:
            return None
        self._count()
        limit = max(min(limit, self.limits.read_bytes), 0)
        return (await place.volume.content(place.entry.node, limit))[:limit]

    async def names(self, folder: str) -> tuple[str, ...] | None:
        """Return the names in a folder; see Files."""
        place = await self._find(folder)
        if place is None or place.entry.kind is not Kind.FOLDER:
            return None
        return tuple(sorted(await self._entries(place)))

    async def kind(self, path: str) -> Kind | None:
        """Return what stands there; see Files."""
        place = await self._find(path, last=False)
        return None if place is None else place.entry.kind

    async def link(self, path: str) -> str | None:
        """Return where a link points to; see Files."""
        place = await self._find(path, last=False)
        return None if place is None or place.entry.kind is not Kind.LINK else await self._target(place)

    async def _find(self, path: str, *, last: bool = True) -> Place | None:
        """Return what a path stands for, following links, that in the last place only if ``last`` says so."""
        place, waiting, links = self._mounted(()), _split(path), 0
        for _ in range(MOST_PARTS):
            if not waiting:
                return place
            found = await self._step(place, waiting.pop())
            if found is None:
                return None
            if found.entry.kind is not Kind.LINK or (not waiting and not last):
                place = found
                continue
            links += 1
            if links > MOST_LINKS:
                break
            target = await self._target(found)
            waiting += _split(target)
            place = self._mounted(()) if target.startswith("/") else place
        raise LintError(Reason.UNREADABLE, "links that never end")

    async def _step(self, place: Place, name: str) -> Place | None:
        """Return what a name stands for in a folder."""
        if place.entry.kind is not Kind.FOLDER:
            return None
        if name == "..":
            return await self._parent(place)
        entries = await self._entries(place)
        if place.volume.folds and name not in entries:
            name = next((one for one in entries if one.casefold() == name.casefold()), name)
        names = (*place.names, name)
        if names in self.mounts:
            return self._mounted(names)
        return Place(names, place.volume, entries[name]) if name in entries else None

    async def _parent(self, place: Place) -> Place | None:
        """Return the folder above, by going there again from the root: it may be another file system's."""
        above: Place | None = self._mounted(())
        for name in place.names[:-1]:
            above = await self._step(above, name) if above else None
        return above

    def _mounted(self, names: tuple[str, ...]) -> Place:
        volume = self.mounts[names]
        if isinstance(volume, LintError):
            raise volume
        return Place(names, volume, Entry(volume.top, Kind.FOLDER))

    async def _entries(self, place: Place) -> dict[str, Entry]:
        if place.names not in self._folders:
            self._count()
            entries = await place.volume.entries(place.entry.node)
            if len(entries) > self.limits.entries:
                raise LintError(Reason.TOO_LARGE, f"a folder has more than {self.limits.entries} names")
            self._folders[place.names] = entries
        return self._folders[place.names]

    async def _target(self, place: Place) -> str:
        if place.names not in self._links:
            self._count()
            self._links[place.names] = await place.volume.target(place.entry.node)
        return self._links[place.names]

    def _count(self) -> None:
        self._asked += 1
        if self._asked > self.limits.lookups:
            raise LintError(Reason.TOO_LARGE, f"more than {self.limits.lookups} files and folders were looked at")


def _split(path: str) -> list[str]:
    """Return the names of a path, the first one last."""
    return [name for name in reversed(path.split("/")) if name not in ("", ".")]
