"""Servers that answer, refuse and misbehave on loopback, and a name server made with dnspython."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import cast

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(handler: Handler, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Serve on a free loopback port, hand out the port, and end every connection in the end."""
    tasks: set[asyncio.Task[None]] = set()

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await handler(reader, writer)
        except (OSError, EOFError, asyncio.CancelledError):
            pass
        finally:
            tasks.discard(task)
            writer.transport.abort()

    server = await asyncio.start_server(connection, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for _ in range(5):
            await asyncio.sleep(0)  # what was accepted just now becomes a task first
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


def saying(*parts: bytes, hold: bool = False, pause: float = 0.0, wait: bool = True) -> Handler:
    """Return a server that reads one request, says the parts, and hangs up, or holds the line."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if wait:
            await reader.read(65536)
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause)
        if hold:
            await asyncio.Event().wait()

    return handler


def flooding(head: bytes, piece: bytes) -> Handler:
    """Return a server that never stops sending."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        writer.write(head)
        while True:
            writer.write(piece)
            await writer.drain()

    return handler


class NameServer(asyncio.DatagramProtocol):
    """Answers by name: addresses, or one of the words nxdomain, servfail, refused, silent, garbage, wrong_id."""

    def __init__(self, names: dict[str, str]) -> None:
        self.names = names
        self.asked: list[str] = []
        self.transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)  # not a subclass of it in Python 3.11

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        question = query.question[0]
        kind = question.rdtype.name
        self.asked.append(f"{question.name} {kind}")
        told = self.names.get(str(question.name).rstrip("."), "nxdomain")
        assert self.transport is not None
        if told == "garbage":
            self.transport.sendto(b"\xff" * 40, addr)
        elif told != "silent":
            self.transport.sendto(_reply(query, told, kind).to_wire(), addr)


def _reply(query: dns.message.Message, told: str, kind: str) -> dns.message.Message:
    reply = dns.message.make_response(query)
    reply.flags |= dns.flags.RA
    codes = {"nxdomain": dns.rcode.NXDOMAIN, "servfail": dns.rcode.SERVFAIL, "refused": dns.rcode.REFUSED}
    if told in codes:
        reply.set_rcode(codes[told])
        return reply
    if told == "wrong_id":
        reply.id ^= 1
    wanted = [address for address in told.split() if (":" in address) == (kind == "AAAA")]
    if wanted:
        reply.answer.append(dns.rrset.from_text(query.question[0].name, 60, "IN", kind, *wanted))
    return reply


@asynccontextmanager
async def name_server(**names: str) -> AsyncIterator[tuple[str, NameServer]]:
    """Run a name server; hand out ``address:port`` and the server; in names ``_`` means ``-``, ``__`` means ``.``."""
    told = {name.replace("__", ".").replace("_", "-"): value for name, value in names.items()}
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(lambda: NameServer(told), local_addr=("127.0.0.1", 0))
    try:
        yield f"127.0.0.1:{transport.get_extra_info('sockname')[1]}", protocol
    finally:
        transport.close()
