"""SSH into the lab: real keys, only the wrapper, the true collector behind it, and hosts that misbehave."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncssh
import pytest

from exporter.lab import Lab, Options
from exporter.questions import wrapper

pytestmark = pytest.mark.asyncio(loop_scope="module")
NONCE = "0123456789abcdef"
WRAPPER = "/usr/local/lib/cloudstack-network-exporter/collect"
HOST = "127.1.0.1"


@asynccontextmanager
async def connected(lab: Lab, address: str = HOST, **more: str) -> AsyncIterator[asyncssh.SSHClientConnection]:
    """Log in as the lab's configuration says."""
    ssh = lab.config["ssh"]
    given = {"username": ssh["user"], "client_keys": [ssh["key_file"]], "known_hosts": ssh["known_hosts_file"], **more}
    async with asyncssh.connect(address, lab.ports.ssh, **given) as connection:
        yield connection


async def answer(connection: asyncssh.SSHClientConnection, command: str, sent: str = "") -> tuple[str, int | None]:
    """Run a command, keep its standard input open, and return output and exit code."""
    async with connection.create_process(command) as process:
        if sent:
            process.stdin.write(sent)
        out = [chunk async for chunk in _chunks(process)]
        await process.wait_closed()
        return "".join(out), process.exit_status


async def _chunks(process: asyncssh.SSHClientProcess[str]) -> AsyncIterator[str]:
    while chunk := await asyncio.wait_for(process.stdout.read(65536), 20):
        yield chunk


def words(lab: Lab, number: int, *questions: str) -> str:
    """Return the collector's words for a hop to a router."""
    router = lab.world.router(number)
    return f"{wrapper.version()} {NONCE} hop {router.name} {router.control} modern 20 {' '.join(questions)}"


async def test_the_true_collector_answers_for_a_router(lab: Lab) -> None:
    """The words go through host and hop, and the router's own tree answers."""
    async with connected(lab) as connection:
        out, code = await answer(connection, f"sudo -n {WRAPPER} {words(lab, 4, 'router_identity', 'password_units')}")
    assert code == 0
    assert "release Cloudstack Release 4.20.1" in out
    assert "Id=cloud-password-server@127.16.5.1.service" in out
    assert f"\n@@ {NONCE} end password_units 0\n" in out
    assert out.endswith(f"\n@@ {NONCE} hop 0 \n\n@@ {NONCE} done\n")


@pytest.mark.parametrize(
    "command",
    [
        "id",
        "cat /etc/passwd",
        "sh",
        "sudo id",
        f"sudo {WRAPPER} x y",
        f"{WRAPPER} x y",
        f"sudo -n {WRAPPER}",
        "sh -s -- x y",
    ],
)
async def test_nothing_but_the_wrapper_is_run(lab: Lab, command: str) -> None:
    """The account has one sudo rule and no shell of use; what was tried is on record."""
    async with connected(lab) as connection:
        out, code = await answer(connection, command)
    assert (out, code) == ("", 1)
    assert ("kvm-1", command) in lab.seen.ssh


async def test_forwarding_is_refused_and_noted(lab: Lab) -> None:
    """Whoever tries a tunnel is caught by the harmlessness test."""
    async with connected(lab) as connection:
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.open_connection("127.0.0.1", 22)
    assert (HOST, "forward 127.0.0.1:22") in lab.seen.files


async def test_another_user_or_key_is_refused(lab: Lab) -> None:
    """The lab verifies, as a host does."""
    stranger = asyncssh.generate_private_key("ssh-ed25519")
    with pytest.raises(asyncssh.PermissionDenied):
        async with connected(lab, client_keys=[stranger]):  # type: ignore[arg-type]
            pass
    async with connected(lab, username="somebody") as connection:
        assert (await answer(connection, f"sudo -n {WRAPPER} a b"))[1] == 1


async def test_a_machine_that_is_not_on_the_host_is_not_reached(lab: Lab) -> None:
    """Link-local addresses mean something on their own host only."""
    async with connected(lab, "127.1.0.2") as connection:
        out, _ = await answer(connection, f"sudo -n {WRAPPER} {words(lab, 4, 'router_identity')}")
    assert "hop 255 ssh: connect to host 169.254.1.5 port 3922: No route to host" in out


@pytest.mark.parametrize("mode", ["forced", "root"])
async def test_the_other_ways_in(mode: str) -> None:
    """A forced command gets its words from the client's command; root sends the script over standard input."""
    async with Lab(Options(mode=mode)) as lab, connected(lab) as connection:
        start = {"forced": "collect", "root": "sh -s --"}[mode]
        sent = wrapper.collector() if mode == "root" else ""
        out, code = await answer(connection, f"{start} {words(lab, 4, 'router_identity')}", sent)
    assert code == 0
    assert "type router\n" in out


async def test_no_process_outlives_its_client(lab: Lab) -> None:
    """When the client goes away in the middle, everything it started is ended."""
    await lab.set("router_hangs", on=True)
    try:
        async with connected(lab, "127.1.0.3") as connection:
            process = await connection.create_process(f"sudo -n {WRAPPER} {words(lab, 6, 'router_identity')}")
            await _until(lambda: bool(_running(lab)), "the hop never began")
            process.close()
        await _until(lambda: not _running(lab), "something still runs")
    finally:
        await lab.set("router_hangs", on=False)


def _running(lab: Lab) -> list[str]:
    """Return the processes that work in the lab's folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if str(lab.folder) in str((process / "cwd").readlink()):
                found.append(process.name)
        except OSError:
            continue
    return found


async def _until(is_true: object, message: str) -> None:
    deadline = asyncio.get_running_loop().time() + 20
    while not is_true():  # type: ignore[operator]
        assert asyncio.get_running_loop().time() < deadline, message
        await asyncio.sleep(0.02)


async def broken(lab: Lab, fault: str) -> str:
    """Return in one word what a client meets on kvm-3 while a fault is on."""
    await lab.set(fault, on=True)
    try:
        async with (
            asyncio.timeout(3),
            connected(lab, "127.1.0.3") as connection,
            connection.create_process(
                f"sudo -n {WRAPPER} {words(lab, 6, 'router_identity')}", encoding=None
            ) as process,
        ):
            out = await process.stdout.read(300_000)
            return f"{len(out)} bytes, {process.exit_status}"
    except (OSError, asyncssh.Error) as error:
        return type(error).__name__
    finally:
        await lab.set(fault, on=False)


@pytest.mark.parametrize(
    ("fault", "met"),
    [
        ("ssh_refused", "ConnectionRefusedError"),
        ("ssh_silent", "TimeoutError"),
        ("ssh_host_key_changed", "HostKeyNotVerifiable"),
        ("ssh_disconnects", "8 bytes, None"),
    ],
)
async def test_wires_break_as_named(lab: Lab, fault: str, met: str) -> None:
    """Each fault is what its name says, and is gone when it is switched off."""
    assert await broken(lab, fault) == met
    async with connected(lab, "127.1.0.3") as connection:
        assert (await answer(connection, f"sudo -n {WRAPPER} {words(lab, 6, 'router_identity')}"))[1] == 0


async def test_a_flood_has_no_end(lab: Lab) -> None:
    """More than any answer comes, and no exit code."""
    await lab.set("ssh_floods", on=True)
    try:
        async with connected(lab, "127.1.0.3") as connection:
            process = await connection.create_process(f"sudo -n {WRAPPER} {words(lab, 6, 'router_identity')}")
            taken = 0
            while taken < 5_000_000:
                taken += len(await process.stdout.read(65536))
            assert process.exit_status is None
    finally:
        await lab.set("ssh_floods", on=False)


async def test_a_wrapper_of_another_version_says_so(lab: Lab) -> None:
    """It ends with 3 and its own version."""
    await lab.set("wrapper_old", on=True)
    try:
        async with connected(lab, "127.1.0.3") as connection:
            out, code = await answer(connection, f"sudo -n {WRAPPER} {words(lab, 6, 'router_identity')}")
    finally:
        await lab.set("wrapper_old", on=False)
    assert (out, code) == (f"\n@@ {NONCE} version 000000000000\n", 3)
