"""Sessions that flood, hang, break off and lie: whole sections count, the rest has its reason."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from pathlib import Path

import asyncssh
import pytest

from exporter.model import Failure, Reason, SourceError
from exporter.sources.sections import Collected
from exporter.sources.ssh import Ssh
from exporter.sources.ssh_call import MOST_ERRORS, call_failure
from tests.hostile_ssh import (
    MACHINE,
    REQUEST,
    Process,
    answers_well,
    make_keys,
    nonce_of,
    source,
    true_server,
    whole,
)


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """A directory with our key and the host's."""
    return make_keys(tmp_path)


async def floods(session: asyncssh.SSHServerProcess[bytes]) -> None:
    """One good section, and then without end."""
    session.stdout.write(whole(nonce_of(session), "a", b"1"))
    while True:
        session.stdout.write(b"x" * 65536)
        await session.stdout.drain()


async def floods_in_a_section(session: asyncssh.SSHServerProcess[bytes]) -> None:
    """A section without end."""
    session.stdout.write(f"\n@@ {nonce_of(session)} begin a\n".encode())
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


async def test_whoever_floods_is_told_from_those_who_did_not_come_up(keys: Path) -> None:
    """Its section is cut; the others are missing for another reason."""
    found, _ = await call(keys, floods_in_a_section)
    assert found.sections["a"].cut
    assert found.failure == Failure(Reason.DISCONNECTED, "we ended the call: too much came from a")


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


async def test_a_retired_connection_ends_with_its_last_call_while_others_go_on(keys: Path) -> None:
    """Behind a busy host some visit is always under way: what was waited for would pile up."""
    connections, release = [], [asyncio.Event(), asyncio.Event()]

    async def turns(session: asyncssh.SSHServerProcess[bytes]) -> None:
        connections.append(session.channel.get_connection())
        number = len(connections)
        if number == 2:
            await session.stdin.read()  # the silent one
        await release[number == 3].wait()
        await answers_well(session)

    async with true_server(keys, turns) as port:
        ssh = source(keys, port, connect_seconds=10.0)
        first = asyncio.create_task(ssh.collect(MACHINE, REQUEST, seconds=30))
        while not connections:
            await asyncio.sleep(0.01)
        silent = await ssh.collect(MACHINE, REQUEST, seconds=1.0)
        assert silent.failure is not None
        last = asyncio.create_task(ssh.collect(MACHINE, REQUEST, seconds=30))
        while len(connections) < 3:
            await asyncio.sleep(0.01)
        release[0].set()
        assert (await first).failure is None
        await asyncio.wait_for(connections[0].wait_closed(), 20)
        release[1].set()
        assert (await last).failure is None
        await ssh.close()
    assert connections[0] is connections[1]
    assert connections[2] is not connections[0]


async def test_a_machine_that_opens_no_session_is_a_timeout_and_logged_in_to_anew(keys: Path) -> None:
    """So looks one that has lost its power: the connection stands for us until the keepalive ends it."""
    logins = []

    class Silent(asyncssh.SSHServer):
        def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
            logins.append(conn)

        def session_requested(self) -> Awaitable[asyncssh.SSHServerSession[bytes]]:
            return asyncio.Event().wait()  # type: ignore[return-value]

    listener = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_factory=Silent,
        server_host_keys=[str(keys / "host")],
        authorized_client_keys=str(keys / "ours.pub"),
    )
    ssh = source(keys, listener.sockets[0].getsockname()[1], connect_seconds=10.0)
    for _ in range(2):
        with pytest.raises(SourceError) as raised:
            await ssh.collect(MACHINE, REQUEST, seconds=2.0)
        assert raised.value.reason is Reason.TIMEOUT
        assert ssh.open_connections == 0
    await ssh.close()
    for connection in logins:
        connection.abort()
        await connection.wait_closed()
    listener.close()
    assert len(logins) == 2


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
