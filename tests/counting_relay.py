"""A relay on loopback that counts the bytes which the server sends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests.hostile_ssh import tcp_server


@dataclass
class Relay:
    """Where it listens, and what has come from the server so far."""

    port: int
    received: int = 0


@asynccontextmanager
async def relaying(address: str, port: int) -> AsyncIterator[Relay]:
    """Pass connections on to a server."""
    relay = Relay(0)

    async def up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection(address, port)
        sending = asyncio.create_task(up(reader, server_writer))
        try:
            while data := await server_reader.read(65536):
                relay.received += len(data)
                writer.write(data)
                await writer.drain()
        finally:
            sending.cancel()
            server_writer.transport.abort()

    async with tcp_server(handle) as relay.port:
        yield relay
