"""The daemons that the world asks for: opened and closed as faults come and go, never restarted for nothing."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping

Place = tuple[str, int, str]
"""Address, port, and what kind of server is there."""
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[None, None, None]]
Noter = Callable[[str], object]
"""Is told the address that a client has dialled, before anything is said."""
Closer = Callable[[], Awaitable[object]]
Opener = Callable[[str, int], Awaitable[Closer]]
"""Opens one place and returns what closes it; closed, its address is free at once."""
BACKLOG = 100
"""Connections that wait for being taken."""
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


def served(handler: Handler, tls: ssl.SSLContext | None = None, noted: Noter = lambda _address: None) -> Opener:
    """Return what opens a TCP server whose connections are ``handler``'s, after a handshake where there is ``tls``.

    Connections are taken here and not by asyncio's server, which forgets those that are in their handshake when it is
    closed.
    """

    async def open_place(address: str, port: int) -> Closer:
        listening = socket.create_server((address, port), backlog=BACKLOG)
        listening.setblocking(False)
        clients: set[asyncio.Task[None]] = set()
        taking = asyncio.create_task(_take(listening, clients, lambda client: _serve(client, handler, tls), noted))

        async def close() -> None:
            """Stop as a process that dies: its clients are cut off."""
            await ended([taking])
            listening.close()
            await ended(clients)

        return close

    return open_place


async def _take(
    listening: socket.socket,
    clients: set[asyncio.Task[None]],
    serve: Callable[[socket.socket], Coroutine[None, None, None]],
    noted: Noter,
) -> None:
    """Take clients for ever; one that is cancelled before its first step leaves no connection behind."""
    while True:
        client = await accepted(listening)
        noted(str(listening.getsockname()[0]))
        task = asyncio.create_task(serve(client))
        clients.add(task)
        task.add_done_callback(clients.discard)
        task.add_done_callback(lambda _, client=client: client.close())  # type: ignore[misc]


async def accepted(listening: socket.socket) -> socket.socket:
    """Return the next client; whoever is cancelled while waiting has taken none."""
    while True:
        try:
            client, _ = listening.accept()
        except (BlockingIOError, ConnectionAbortedError):
            await _readable(listening)
        else:
            client.setblocking(False)
            return client


async def _readable(listening: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(listening, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(listening)


async def _serve(client: socket.socket, handler: Handler, tls: ssl.SSLContext | None) -> None:
    """Greet one client and let the handler answer it; however that ends, nothing of it is left."""
    with contextlib.suppress(OSError):
        reader, writer = await _greet(client, tls)
        try:
            await guarded(handler)(reader, writer)
        finally:
            writer.transport.abort()


async def _greet(client: socket.socket, tls: ssl.SSLContext | None) -> Streams:
    """Return the streams of a client whose handshake is done.

    It is never cancelled in the middle, which asyncio may not notice at its beginning: the connection is cut instead.

    Raises:
        OSError: the client broke it off.
    """
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    greeting = asyncio.ensure_future(loop.connect_accepted_socket(lambda: protocol, client, ssl=tls))
    try:
        await asyncio.wait([greeting])
    except asyncio.CancelledError:
        with contextlib.suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)
        await asyncio.wait([greeting])
        if greeting.exception() is None:
            greeting.result()[0].abort()
        raise
    transport, _ = greeting.result()
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


def guarded(handler: Handler) -> Handler:
    """Return a handler that ends its connection and forgives clients that go away."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(OSError, EOFError, TimeoutError, ValueError):
                async with asyncio.timeout(PATIENCE):
                    await handler(reader, writer)
                    await writer.drain()
        finally:
            if not writer.is_closing():  # closed once more, Python 3.11.2 forgets what is to be aborted
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
    """Return the address of the client; raise OSError if it has gone, as ``here`` does."""
    return _address(writer, "peername")


def here(writer: asyncio.StreamWriter) -> str:
    """Return the address that the client has dialled."""
    return _address(writer, "sockname")


def _address(writer: asyncio.StreamWriter, name: str) -> str:
    found = writer.get_extra_info(name)
    if found is None:
        message = "the client has gone"
        raise ConnectionResetError(message)
    return str(found[0])


async def silence(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Take a connection and say nothing."""
    await reader.read()
    await asyncio.sleep(PATIENCE)
