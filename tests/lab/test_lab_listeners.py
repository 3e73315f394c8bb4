"""What listens in the lab leaves nothing behind, whatever its clients are about when it ends."""

from __future__ import annotations

import asyncio
import gc
import socket
import ssl
import warnings
from pathlib import Path

import pytest

from exporter.lab.certificates import Authority
from exporter.lab.daemons.listeners import Handler, here, served, silence

NOW = 1_795_000_000.0
STEPS = 12
"""Turns of the loop within which a connection is taken and its handshake has begun."""


async def _greeting(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"hello")


def _address() -> tuple[str, int]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return str(free.getsockname()[0]), int(free.getsockname()[1])


def _anyone() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


@pytest.mark.parametrize("secured", [True, False], ids=["tls", "plain"])
@pytest.mark.parametrize("handler", [silence, _greeting], ids=["silence", "greeting"])
async def test_a_client_is_cut_off_at_every_step(tmp_path: Path, handler: Handler, *, secured: bool) -> None:
    """Before it is taken, in its handshake, while it is answered: it reads an end, and nothing stays unclosed."""
    context = Authority(tmp_path, NOW).context("wildcard") if secured else None
    hello = ssl.MemoryBIO()
    greeting = _anyone().wrap_bio(ssl.MemoryBIO(), hello)
    with pytest.raises(ssl.SSLWantReadError):
        greeting.do_handshake()
    first = hello.read()
    loop = asyncio.get_running_loop()
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always", ResourceWarning)
        for step in range(STEPS):
            address, port = _address()
            close = await served(handler, context)(address, port)
            with socket.create_connection((address, port)) as client:
                client.sendall(first if step % 2 else b"")
                for _ in range(step):
                    await asyncio.sleep(0)
                await close()
                client.setblocking(False)
                await _ended(client, loop)
            socket.create_server((address, port)).close()
        gc.collect()
    assert [str(one.message) for one in warned] == []


async def _ended(client: socket.socket, loop: asyncio.AbstractEventLoop) -> None:
    """Wait for the end of what the server says, or its reset."""
    async with asyncio.timeout(5):
        try:
            while await loop.sock_recv(client, 4096):
                pass
        except ConnectionError:
            return


async def _until_its_end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"hello")
    await reader.read()
    await writer.wait_closed()


async def _late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await _until_its_end(reader, writer)
    raise AssertionError(here(writer))


@pytest.mark.parametrize("handler", [_until_its_end, _late], ids=["told", "told where"])
async def test_a_client_that_ends_first_leaves_no_error(tmp_path: Path, handler: Handler) -> None:
    """TLS that has ended is not closed once more, after which Python 3.11.2 cannot cut it off, and has no address."""
    loop, told = asyncio.get_running_loop(), list[object]()
    loop.set_exception_handler(lambda _, context: told.append(context.get("exception")))
    address, port = _address()
    close = await served(handler, Authority(tmp_path, NOW).context("wildcard"))(address, port)
    reader, writer = await asyncio.open_connection(address, port, ssl=_anyone())
    assert await reader.readexactly(5) == b"hello"
    serving = [task for task in asyncio.all_tasks() if "_serve" in str(task.get_coro())]
    writer.transport.abort()
    await asyncio.wait(serving)
    await close()
    assert [task.exception() for task in serving] == [None]
    assert told == []


async def test_tls_is_spoken(tmp_path: Path) -> None:
    """A client that does not break off is greeted."""
    address, port = _address()
    close = await served(_greeting, Authority(tmp_path, NOW).context("wildcard"))(address, port)
    reader, writer = await asyncio.open_connection(address, port, ssl=_anyone())
    try:
        assert await reader.read() == b"hello"
    finally:
        writer.transport.abort()
        await close()
