"""Servers that behave badly: each costs its own visit a reason, bounded in time and bytes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from exporter.clock import SystemClock
from exporter.cloud.targets import Machine
from exporter.model import Failure, Reason, SourceError
from exporter.sources.sections import Collected
from exporter.sources.ssh import Asked, Mode, Request, Ssh, SshSettings
from exporter.sources.ssh_call import MOST_ERRORS, call_failure

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
MACHINE = Machine("kvm1", "127.0.0.1")
REQUEST = Request((Asked("a", (), 1000), Asked("b", (), 1000)))


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """A directory with our key and the host's."""
    for name in ("ours", "host"):
        key = asyncssh.generate_private_key("ssh-ed25519")
        key.write_private_key(tmp_path / name)
        key.write_public_key(tmp_path / f"{name}.pub")
    return tmp_path


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


async def floods(session: asyncssh.SSHServerProcess[bytes]) -> None:
    """One good section, and then without end."""
    session.stdout.write(whole(nonce_of(session), "a", b"1"))
    while True:
        session.stdout.write(b"x" * 65536)
        await session.stdout.drain()


async def floods_errors(session: asyncssh.SSHServerProcess[bytes]) -> None:
    """The same on standard error."""
    session.stdout.write(whole(nonce_of(session), "a", b"1"))
    while True:
        session.stderr.write(b"x" * 65536)
        await session.stderr.drain()


async def hangs(session: asyncssh.SSHServerProcess[bytes]) -> None:
    """One good section, and then nothing."""
    session.stdout.write(whole(nonce_of(session), "a", b"1"))
    await session.stdin.read()


async def exits_early(session: asyncssh.SSHServerProcess[bytes]) -> None:
    """One good section, and the process ends."""
    session.stdout.write(whole(nonce_of(session), "a", b"1"))
    session.exit(0)


async def drops(session: asyncssh.SSHServerProcess[bytes]) -> None:
    """One good section, and the connection ends."""
    session.stdout.write(whole(nonce_of(session), "a", b"1") + b"\n@@ half")
    await session.stdout.drain()
    session.channel.get_connection().abort()


async def talks_after_done(session: asyncssh.SSHServerProcess[bytes]) -> None:
    """All answers, done, and then more."""
    await answers_well(session)
    while True:
        session.stdout.write(b"x" * 65536)
        await session.stdout.drain()


async def call(keys: Path, process: Process, seconds: float = 20.0) -> tuple[Collected, Ssh]:
    """Return what came of one call."""
    async with true_server(keys, process) as port:
        ssh = source(keys, port, connect_seconds=10.0)
        found = await ssh.collect(MACHINE, REQUEST, seconds=seconds)
        await ssh.close()
    return found, ssh


@pytest.mark.parametrize(
    ("process", "reason"),
    [
        (floods, Reason.TOO_LARGE),
        (floods_errors, Reason.TOO_LARGE),
        (exits_early, Reason.DISCONNECTED),
        (drops, Reason.DISCONNECTED),
    ],
)
async def test_a_session_that_goes_wrong_keeps_the_whole_sections(keys: Path, process: Process, reason: Reason) -> None:
    """What arrived whole counts, the rest has its reason."""
    found, _ = await call(keys, process)
    assert list(found.sections) == ["a"]
    assert found.failure is not None
    assert found.failure.reason is reason


async def test_a_session_that_hangs_ends_at_the_deadline(keys: Path) -> None:
    """With what it has brought."""
    found, _ = await call(keys, hangs, seconds=1.5)
    assert list(found.sections) == ["a"]
    assert found.failure is not None
    assert found.failure.reason is Reason.TIMEOUT


async def test_what_comes_after_done_is_not_waited_for(keys: Path) -> None:
    """The answer is complete."""
    found, _ = await call(keys, talks_after_done)
    assert found.failure is None
    assert set(found.sections) == {"a", "b"}


async def test_a_machine_that_never_answers_is_logged_in_to_anew(keys: Path) -> None:
    """A connection on which nothing came may be dead without having told us."""
    logins = []

    async def never(session: asyncssh.SSHServerProcess[bytes]) -> None:
        logins.append(session.channel.get_connection())
        await session.stdin.read()

    async with true_server(keys, never) as port:
        ssh = source(keys, port, connect_seconds=10.0)
        for _ in range(2):
            assert (await ssh.collect(MACHINE, REQUEST, seconds=1.0)).failure == Failure(
                Reason.TIMEOUT, "the machine did not end in time"
            )
            assert ssh.open_connections == 0
        await ssh.close()
    assert len(set(map(id, logins))) == 2


async def test_a_connection_that_has_ended_meanwhile_is_opened_again(keys: Path) -> None:
    """The visit after it does not notice."""
    connections = []

    async def remembers(session: asyncssh.SSHServerProcess[bytes]) -> None:
        connections.append(session.channel.get_connection())
        await answers_well(session)

    async with true_server(keys, remembers) as port:
        ssh = source(keys, port, connect_seconds=10.0)
        assert (await ssh.collect(MACHINE, REQUEST, seconds=20)).failure is None
        connections[0].abort()
        assert (await ssh.collect(MACHINE, REQUEST, seconds=20)).failure is None
        assert ssh.open_connections == 1
        await ssh.close()
    assert len(connections) == 2


async def test_visits_at_the_same_time_share_one_login(keys: Path) -> None:
    """The first logs in, the others wait for it."""
    connections = set()

    async def remembers(session: asyncssh.SSHServerProcess[bytes]) -> None:
        connections.add(id(session.channel.get_connection()))
        await answers_well(session)

    async with true_server(keys, remembers) as port:
        ssh = source(keys, port, connect_seconds=10.0)
        found = await asyncio.gather(*(ssh.collect(MACHINE, REQUEST, seconds=20) for _ in range(8)))
        await ssh.close()
    assert [one.failure for one in found] == [None] * 8
    assert len(connections) == 1


@pytest.mark.parametrize(
    ("code", "said", "reason"),
    [
        (None, "", Reason.DISCONNECTED),
        (1, "sudo: a password is required\n", Reason.PERMISSION),
        (1, "sudo: a terminal is required to read the password", Reason.PERMISSION),
        (1, "sudo: sorry, you must have a tty to run sudo", Reason.PERMISSION),
        (1, "Sorry, user x is not allowed to execute '/usr/local/lib/y' as root on kvm1.", Reason.PERMISSION),
        (1, "This account is currently not available.", Reason.PERMISSION),
        (1, "sudo: /usr/local/lib/cloudstack-network-exporter/collect: command not found", Reason.WRAPPER),
        (127, "sh: 1: sudo: not found", Reason.WRAPPER),
        (127, "sh: 1: collect: not found", Reason.WRAPPER),
        (126, "", Reason.WRAPPER),
        (0, "", Reason.WRAPPER),
        (3, "something", Reason.WRAPPER),
    ],
)
def test_why_a_call_said_nothing(code: int | None, said: str, reason: Reason) -> None:
    """From exit code and standard error."""
    assert call_failure(code, said).reason is reason


def test_standard_error_is_bounded() -> None:
    """Far below what an answer may have."""
    assert MOST_ERRORS < 65536


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
