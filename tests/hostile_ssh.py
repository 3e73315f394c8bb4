"""SSH servers on loopback that a test makes as bad as it likes, and a source that knows their key."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import asyncssh

from exporter.clock import SystemClock
from exporter.cloud.targets import Machine
from exporter.sources.ssh import Asked, Mode, Request, Ssh, SshSettings

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

MACHINE = Machine("kvm1", "127.0.0.1")

REQUEST = Request((Asked("a", (), 1000), Asked("b", (), 1000)))


def make_keys(place: Path) -> Path:
    """Return a directory with our key and the host's."""
    for name in ("ours", "host"):
        key = asyncssh.generate_private_key("ssh-ed25519")
        key.write_private_key(place / name)
        key.write_public_key(place / f"{name}.pub")
    return place


def source(keys: Path, port: int, **changes: Any) -> Ssh:
    """Return a source that knows the host at ``port``."""
    known_hosts = keys / "known_hosts"
    known_hosts.write_text(f"[127.0.0.1]:{port} {(keys / 'host.pub').read_text()}")
    whole: dict[str, Any] = {
        "user": "collector",
        "key_file": keys / "ours",
        "known_hosts_file": known_hosts,
        "port": port,
        "mode": Mode.FORCED,
        "connect_seconds": 1.0,
        "retry_seconds": 0.0,
    }
    return Ssh(SshSettings(**{**whole, **changes}), SystemClock())


@asynccontextmanager
async def tcp_server(handler: Handler) -> AsyncIterator[int]:
    """Serve a handler on loopback; yields the port."""
    writers: list[asyncio.StreamWriter] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        try:
            await handler(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            return
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()
        await asyncio.sleep(0)


Process = Callable[[asyncssh.SSHServerProcess[bytes]], Awaitable[None]]


@asynccontextmanager
async def true_server(keys: Path, process: Process) -> AsyncIterator[int]:
    """Serve true SSH whose sessions do what ``process`` does."""

    connections: set[Any] = set()

    class Tracking(asyncssh.SSHServer):
        def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
            self.connection = conn
            connections.add(conn)

        def connection_lost(self, exc: Exception | None) -> None:
            connections.discard(self.connection)

    async def run(session: asyncssh.SSHServerProcess[bytes]) -> None:
        try:
            await process(session)
        except (OSError, asyncssh.Error):
            return
        finally:
            session.close()

    async def end() -> None:
        for connection in tuple(connections):
            connection.abort()
            await connection.wait_closed()

    async with AsyncExitStack() as stack:
        stack.push_async_callback(end)
        server = await asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=Tracking,
            server_host_keys=[str(keys / "host")],
            authorized_client_keys=str(keys / "ours.pub"),
            process_factory=run,
            encoding=None,
        )
        stack.callback(server.close)
        yield server.sockets[0].getsockname()[1]


def nonce_of(session: asyncssh.SSHServerProcess[bytes]) -> str:
    """Return the nonce of a call."""
    assert session.command is not None
    return session.command.split()[2]


def whole(nonce: str, name: str, body: bytes) -> bytes:
    """Return a section."""
    return f"\n@@ {nonce} begin {name}\n".encode() + body + f"\n@@ {nonce} end {name} 0\n".encode()


async def answers_well(session: asyncssh.SSHServerProcess[bytes]) -> None:
    """As the collector does."""
    nonce = nonce_of(session)
    session.stdout.write(whole(nonce, "a", b"1") + whole(nonce, "b", b"2") + f"\n@@ {nonce} done\n".encode())
    session.exit(0)
