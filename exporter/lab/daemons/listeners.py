"""The daemons that the world asks for: opened and closed as faults come and go, never restarted for nothing."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping

Place = tuple[str, int, str]
"""Address, port, and what kind of server is there."""
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[None, None, None]]
Closer = Callable[[], Awaitable[object]]
Opener = Callable[[str, int], Awaitable[Closer]]
"""Opens one place and returns what closes it; closed, its address is free at once."""
PATIENCE = 30.0
"""Seconds after which a silent client is given up."""


class Listeners:
    """Everything that listens beside SSH and the API."""

    def __init__(self) -> None:
        self._open: dict[Place, Closer] = {}

    async def show(self, wanted: Mapping[Place, Opener]) -> None:
        """Close what is not wanted any more, open what is new."""
        for place in self._open.keys() - wanted.keys():
            await self._open.pop(place)()
        for place in wanted.keys() - self._open.keys():
            address, port, _ = place
            self._open[place] = await wanted[place](address, port)

    async def close(self) -> None:
        """Close everything."""
        await self.show({})


def served(handler: Handler, **words: object) -> Opener:
    """Return what opens a TCP server whose connections are ``handler``'s; ``words`` go to asyncio."""

    async def open_place(address: str, port: int) -> Closer:
        clients: set[asyncio.Task[None]] = set()

        def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            """Begin with a client; one that is cancelled before its first step leaves no connection behind."""
            task = asyncio.get_running_loop().create_task(guarded(handler)(reader, writer))
            clients.add(task)
            task.add_done_callback(clients.discard)
            task.add_done_callback(lambda _: None if writer.is_closing() else writer.transport.abort())

        server = await asyncio.start_server(serve, address, port, **words)  # type: ignore[arg-type]

        async def close() -> None:
            """Stop as a process that dies: its clients are cut off."""
            server.close()
            await ended(clients)

        return close

    return open_place


def guarded(handler: Handler) -> Handler:
    """Return a handler that ends its connection and forgives clients that go away."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(OSError, EOFError, TimeoutError, ValueError):
                async with asyncio.timeout(PATIENCE):
                    await handler(reader, writer)
                    await writer.drain()
        finally:
            writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            try:
                await asyncio.wait_for(writer.wait_closed(), 1.0)
            except (TimeoutError, asyncio.CancelledError):
                writer.transport.abort()  # one that waits for the other side's last word would outlive the lab
                raise

    return handle


async def ended(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancel tasks and wait until they have ended."""
    waiting = set(tasks)
    for task in waiting:
        task.cancel()
    if waiting:
        await asyncio.wait(waiting)


async def nothing() -> None:
    """Close what was never opened."""


async def request(reader: asyncio.StreamReader) -> tuple[str, dict[str, str]]:
    """Return the request line and the headers, names in lower case."""
    line = (await reader.readline()).decode("latin-1").strip()
    headers: dict[str, str] = {}
    while header := (await reader.readline()).decode("latin-1").strip():
        name, _, value = header.partition(":")
        headers[name.lower()] = value.strip()
    return line, headers


def peer(writer: asyncio.StreamWriter) -> str:
    """Return the address of the client."""
    return str(writer.get_extra_info("peername")[0])


async def silence(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Take a connection and say nothing."""
    await reader.read()
    await asyncio.sleep(PATIENCE)
