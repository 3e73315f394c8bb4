"""One refresh's way of asking: what is not there or not allowed is noted, everything else must succeed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Hashable, Iterable, Sequence
from contextlib import asynccontextmanager
from operator import attrgetter
from typing import Any, TypeVar

import msgspec

from exporter.model import Failure, Reason, SourceError
from exporter.sources.cloudstack import CloudStack

R = TypeVar("R", bound=msgspec.Struct)
T = TypeVar("T")

DENIED = (Reason.UNSUPPORTED, Reason.PERMISSION)
RECENT = frozenset({"listManagementServers"})
"""Commands that old versions lack. Any other that listApis does not show is one that the role lacks."""
LONGEST_TURN = 0.003  # seconds of work before others get their turn


class Reading:
    """The API during one refresh.

    Attributes:
        lacks: command -> why it could not be read; what it lists is taken as empty.
    """

    def __init__(self, api: CloudStack) -> None:
        self._api = api
        self._known: frozenset[str] | None = None
        self.lacks: dict[str, Failure] = {}

    async def discover(self) -> None:
        """Learn which commands there are; where that is not allowed, every command is tried."""
        try:
            self._known = await self._api.apis()
        except SourceError as error:
            if error.reason not in DENIED:
                raise
            self.lacks["listApis"] = Failure(error.reason, error.detail)

    def takes(self, command: str, parameter: str) -> bool:
        """Return whether this version's command has the parameter; False when not known."""
        return self._api.takes(command, parameter)

    async def list(
        self, command: str, row: type[R], identity: Callable[[R], Hashable] = attrgetter("id"), /, **parameters: str
    ) -> Sequence[R]:
        """Return the rows; none when the command is absent or not allowed, which ``lacks`` then says.

        Raises SourceError for every other failure: half a Cloud must not pass for a whole one.
        """
        if command in self.lacks:
            return ()
        if self._known is not None and command not in self._known:
            reason = Reason.UNSUPPORTED if command in RECENT else Reason.PERMISSION
            self.lacks[command] = Failure(reason, f"{command}: not among the commands that listApis shows this key")
            return ()
        try:
            return await self._api.list(command, row, identity, **parameters)
        except SourceError as error:
            if error.reason not in DENIED:
                raise
            self.lacks[command] = Failure(error.reason, error.detail)
            return ()

    async def each(self, calls: Iterable[Coroutine[Any, Any, T]]) -> Sequence[T]:
        """Return the results in order; the first SourceError ends the others and is raised."""
        async with together() as group:
            tasks = [group.create_task(call) for call in calls]
        return tuple(task.result() for task in tasks)


@asynccontextmanager
async def together() -> AsyncIterator[asyncio.TaskGroup]:
    """Yield a group of tasks that fails with the first error itself; a defect goes before a SourceError."""
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except ExceptionGroup as errors:
        defects = errors.split(SourceError)[1]
        raise first(defects or errors) from None


def first(errors: ExceptionGroup[Exception]) -> Exception:
    """Return the first error of a group of groups."""
    error = errors.exceptions[0]
    return first(error) if isinstance(error, ExceptionGroup) else error


async def made(rows: Iterable[R], make: Callable[[R], T]) -> Sequence[T]:
    """Return the objects made of the rows, with turns for others in between."""
    return [make(row) async for row in unhurried(rows)]


async def unhurried(things: Iterable[T]) -> AsyncIterator[T]:
    """Yield the things, and let others have their turn whenever some milliseconds have passed."""
    clock = asyncio.get_running_loop().time
    until = clock() + LONGEST_TURN
    for thing in things:
        yield thing
        if clock() > until:
            await asyncio.sleep(0)
            until = clock() + LONGEST_TURN
