"""Servers that only pretend to be databases, as far as a test needs them to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from exporter.sources.database import DatabaseSettings

SECRET = "canary-51f0-ß€"
GREETING = (
    b"\x0a10.11.6-MariaDB\x00" + b"\x01\x00\x00\x00" + b"a" * 8 + b"\x00" + b"\x0d\xa2" + b"\x2d" + b"\x02\x00"
    + b"\x0f\x80" + b"\x15" + b"\x00" * 10 + b"b" * 12 + b"\x00" + b"mysql_native_password\x00"
)  # fmt: skip
OK = b"\x00\x00\x00\x02\x00\x00\x00"

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def packet(number: int, body: bytes) -> bytes:
    return len(body).to_bytes(3, "little") + bytes([number]) + body


@asynccontextmanager
async def pretender(talk: Talk) -> AsyncIterator[DatabaseSettings]:
    """Yield how a server that talks like this is reached; every conversation has ended at the end."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await talk(reader, writer)
        except (OSError, EOFError):
            return
        finally:
            writer.transport.abort()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    async with listener:
        yield DatabaseSettings(
            servers=(("127.0.0.1", port),), user="exporter", password=SECRET, tls=False, connect_seconds=0.25
        )
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def logs_in(reply: Callable[[str], bytes | None]) -> Talk:
    """Return a server that lets everybody in and answers statements with these bytes; None: everything is well."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(packet(0, GREETING))
        await command(reader)
        writer.write(packet(2, OK))
        while True:
            writer.write(reply((await command(reader))[1:].decode()) or packet(1, OK))
            await writer.drain()

    return talk


async def command(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readexactly(4)
    return await reader.readexactly(int.from_bytes(head[:3], "little"))


def result(names: tuple[str, ...], *rows: tuple[bytes, ...]) -> bytes:
    """Return the packets of a result: every column a text, every cell as given."""
    kind = b"\x00\x0c\x2d\x00\xff\xff\x00\x00\xfd" + b"\x00" * 5
    parts = [bytes([len(names)])]
    parts += [b"\x03def\x00\x00\x00" + _string(name.encode()) + kind for name in names]
    parts.append(b"\xfe\x00\x00\x02\x00")
    parts += [b"".join(_string(cell) for cell in row) for row in rows]
    parts.append(b"\xfe\x00\x00\x02\x00")
    return b"".join(packet(number + 1, part) for number, part in enumerate(parts))


def _string(text: bytes) -> bytes:
    return bytes([len(text)]) + text
