"""What answers is no SSH server, or a bad one: each costs its own visit a reason, bounded in time and bytes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from exporter.cloud.targets import Machine
from exporter.model import Reason, SourceError
from exporter.sources.sections import Collected
from tests.hostile_ssh import (
    MACHINE,
    REQUEST,
    Handler,
    answers_well,
    make_keys,
    source,
    tcp_server,
    true_server,
)


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """A directory with our key and the host's."""
    return make_keys(tmp_path)


async def says(writer: asyncio.StreamWriter, data: bytes, pause: float = 0.0) -> None:
    """Send until the client goes."""
    while True:
        writer.write(data)
        await writer.drain()
        await asyncio.sleep(pause)


async def silent(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Accept and say nothing."""
    await asyncio.sleep(3600)


async def tarpit(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Endless lines before the version, as endlessh sends them."""
    await says(writer, b"%x\r\n" % 0xDEADBEEF, 0.05)


async def polite_tarpit(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A version, and then nothing."""
    writer.write(b"SSH-2.0-tarpit\r\n")
    await asyncio.sleep(3600)


async def dripping(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One byte of the version at a time."""
    for byte in b"SSH-2.0-" + b"x" * 200:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.05)


async def noise(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """/dev/urandom as a server."""
    await says(writer, os.urandom(65536))


async def noise_after_version(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A version, and then /dev/urandom."""
    writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
    await says(writer, os.urandom(65536))


async def huge_packet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A version, and a packet that says it has 4 GB."""
    writer.write(b"SSH-2.0-OpenSSH_9.2\r\n\xff\xff\xff\xff")
    await says(writer, b"\0" * 65536)


async def strange_version(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A version that is not ASCII."""
    writer.write(b"SSH-2.0-\xff\xfe\xff\r\n")
    await asyncio.sleep(3600)


async def old_version(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """SSH 1."""
    writer.write(b"SSH-1.5-old\r\n")
    await asyncio.sleep(3600)


async def web_server(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Something else altogether."""
    writer.write(b"HTTP/1.0 400 Bad Request\r\n\r\n")
    await writer.drain()


async def full(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Sshd with too many unfinished logins."""
    writer.write(b"Exceeded MaxStartups\r\n")
    await writer.drain()


async def closes(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Accept and close."""


async def closes_later(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Close after the version."""
    writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
    await writer.drain()
    await asyncio.sleep(0.1)


@pytest.mark.parametrize(
    ("handler", "reasons"),
    [
        (silent, {Reason.TIMEOUT}),
        (tarpit, {Reason.UNREADABLE}),
        (polite_tarpit, {Reason.TIMEOUT}),
        (dripping, {Reason.TIMEOUT}),
        (noise, {Reason.UNREADABLE}),
        (noise_after_version, {Reason.UNREADABLE, Reason.DISCONNECTED, Reason.TIMEOUT, Reason.UNSUPPORTED}),
        (huge_packet, {Reason.UNREADABLE, Reason.DISCONNECTED, Reason.TIMEOUT}),
        (strange_version, {Reason.UNREADABLE, Reason.TIMEOUT}),
        (old_version, {Reason.UNREADABLE}),
        (web_server, {Reason.UNREADABLE}),
        (full, {Reason.THROTTLED}),
        (closes, {Reason.DISCONNECTED}),
        (closes_later, {Reason.DISCONNECTED}),
    ],
)
async def test_servers_that_are_none(keys: Path, handler: Handler, reasons: set[Reason]) -> None:
    """Each ends in its reason, and no connection stays."""
    async with tcp_server(handler) as port:
        ssh = source(keys, port)
        with pytest.raises(SourceError) as raised:
            await ssh.collect(MACHINE, REQUEST, seconds=20)
        assert raised.value.reason in reasons
        assert ssh.open_connections == 0
        await ssh.close()


async def test_a_machine_that_swallows_packets_ends_at_the_deadline(keys: Path) -> None:
    """Its backlog is full, so nothing answers our SYN."""
    with socket.socket() as full_socket:
        full_socket.bind(("127.0.0.1", 0))
        full_socket.listen(0)
        port = full_socket.getsockname()[1]
        fillers = [socket.socket() for _ in range(4)]
        try:
            for filler in fillers:
                filler.setblocking(False)
                filler.connect_ex(("127.0.0.1", port))
            with pytest.raises(SourceError) as raised:
                await source(keys, port).collect(MACHINE, REQUEST, seconds=20)
        finally:
            for filler in fillers:
                filler.close()
    assert raised.value.reason is Reason.TIMEOUT


async def test_silent_machines_do_not_keep_others_from_logging_in(keys: Path) -> None:
    """A place for a login is taken only when something has begun to speak SSH."""
    async with tcp_server(silent) as port, true_server(keys, answers_well) as true_port:
        slow = source(keys, port, connect_seconds=30.0)
        waiting = [
            asyncio.create_task(slow.collect(Machine(f"kvm{n}", f"127.0.0.{n}"), REQUEST, seconds=30))
            for n in range(2, 42)
        ]
        host_key = (keys / "host.pub").read_text()
        (keys / "known_hosts").write_text("".join(f"[127.0.0.{n}]:{port} {host_key}" for n in range(2, 42)))
        await asyncio.sleep(0.2)  # they are all connected by now, or on their way
        quick = source(keys, true_port)
        found = await quick.collect(MACHINE, REQUEST, seconds=20)
        assert found.failure is None
        await quick.close()
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


@asynccontextmanager
async def mutating_proxy(port: int, rate: float, seed: int) -> AsyncIterator[int]:
    """Stand between us and a true server and change bytes that it sends after its version."""
    random_ = random.Random(seed)

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_connection("127.0.0.1", port)
        upward = asyncio.create_task(_copy(reader, to_server))
        seen = 0
        try:
            while data := bytearray(await from_server.read(65536)):
                for place in range(max(0, 30 - seen), len(data)):
                    if random_.random() < rate:
                        data[place] = random_.randrange(256)
                seen += len(data)
                writer.write(bytes(data))
        finally:
            upward.cancel()
            to_server.transport.abort()

    async with tcp_server(handle) as proxy_port:
        yield proxy_port


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
    except ConnectionError:
        return


@pytest.mark.parametrize("rate", [0.0005, 0.002, 0.01, 0.1])
@pytest.mark.parametrize("seed", range(5))
async def test_a_server_whose_bytes_are_changed_gives_an_answer_or_a_reason(keys: Path, rate: float, seed: int) -> None:
    """Never another exception; after the handshake a changed byte ends the connection."""
    async with true_server(keys, answers_well) as true_port, mutating_proxy(true_port, rate, seed) as port:
        ssh = source(keys, port)
        found = Collected()
        with contextlib.suppress(SourceError):  # any other exception fails the test
            found = await ssh.collect(MACHINE, REQUEST, seconds=5)
        assert {name: section.text for name, section in found.sections.items()}.items() <= {"a": "1", "b": "2"}.items()
        await ssh.close()
