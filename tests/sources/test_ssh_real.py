"""Every way into a host and a system VM, with real OpenSSH, real sudo, and exactly what we print installed."""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from exporter.clock import SystemClock
from exporter.cloud.targets import Machine
from exporter.model import Reason, SourceError
from exporter.questions.wrapper import assemble
from exporter.sources.ssh import Asked, Collected, Hop, Mode, Request, Ssh
from tests.clocks import HandClock
from tests.remote_questions import ALL, HELLO
from tests.ssh_bench import Bench, make_key, running

pytestmark = pytest.mark.real

SIZES = {question.name: question.size for question in ALL}
Make = Callable[..., Ssh]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A host and a router, started once."""
    yield from running(tmp_path_factory.mktemp("bench"), ALL)


@pytest.fixture
async def make(bench: Bench) -> AsyncIterator[Make]:
    """Makes sources that are closed in the end."""
    async with AsyncExitStack() as stack:

        def make_one(mode: Mode = Mode.SUDO, clock: Any = None, **changes: Any) -> Ssh:
            ssh = Ssh(bench.settings(mode, **changes), clock or SystemClock(), bench.script)
            stack.push_async_callback(ssh.close)
            return ssh

        yield make_one


def asked(*names: str, parameters: tuple[str, ...] = ()) -> tuple[Asked, ...]:
    """Return questions by name."""
    return tuple(Asked(name, parameters, SIZES[name]) for name in names)


def reason(found: Collected) -> Reason | None:
    """Return why something is missing."""
    return found.failure.reason if found.failure else None


async def refused(ssh: Ssh, machine: Machine, request: Request | None = None, seconds: float = 20.0) -> SourceError:
    """Return the error with which a whole collection fails."""
    with pytest.raises(SourceError) as raised:
        await ssh.collect(machine, request or Request(asked("hello")), seconds=seconds)
    return raised.value


@pytest.mark.parametrize("mode", list(Mode))
async def test_every_mode_asks_as_root_on_the_host(bench: Bench, make: Make, mode: Mode) -> None:
    """The same words, the same answers; the session ends and nothing is left."""
    ssh = make(mode)
    before = bench.host.files()
    found = await ssh.collect(bench.machine, Request(asked("hello", "fails", parameters=("7",))), seconds=20)
    assert found.failure is None
    assert found.sections["hello"].text == "1:7\nit's \n0\n"
    assert found.sections["fails"].code == 7
    assert ssh.open_connections == 1
    assert await asyncio.to_thread(bench.host.settled) == []
    assert bench.host.files() == before


@pytest.mark.parametrize("mode", list(Mode))
async def test_every_mode_asks_inside_the_system_vm(bench: Bench, make: Make, mode: Mode) -> None:
    """With the key that lies on the host, at the place where CloudStack puts it."""
    found = await make(mode).collect(
        bench.machine, Request(asked("inside", parameters=("10.1.1.1",)), bench.hop), seconds=30
    )
    assert found.failure is None
    assert found.sections["inside"].text == "1:10.1.1.1\nr-4-VM\n0\n"
    assert await asyncio.to_thread(bench.router.settled) == []
    assert await asyncio.to_thread(bench.host.settled) == []


@pytest.mark.parametrize("mode", list(Mode))
async def test_login_compares_the_version_and_runs_nothing(bench: Bench, make: Make, mode: Mode) -> None:
    """What config-check --online does."""
    await make(mode).login(bench.machine)
    other = Ssh(bench.settings(Mode.SUDO), SystemClock(), assemble((HELLO,)))
    with pytest.raises(SourceError) as raised:
        await other.login(bench.machine)
    await other.close()
    assert raised.value.reason is Reason.WRAPPER
    assert bench.script.version in raised.value.detail


async def test_one_connection_serves_many_visits_with_one_session_each(bench: Bench, make: Make) -> None:
    """Logging in once is one line in the host's log, a visit is one session and one sudo."""
    ssh = make()
    start = len(bench.host.log())
    for _ in range(3):
        await ssh.collect(bench.machine, Request(asked("hello", "exact", "fails")), seconds=20)
    log = bench.host.log()[start:]
    assert log.count("Accepted publickey") == 1
    assert log.count("Starting session: command") == 3


async def test_a_hanging_question_costs_only_its_own_answer(bench: Bench, make: Make) -> None:
    """On the host and inside."""
    ssh = make()
    found, inside = await asyncio.gather(
        ssh.collect(bench.machine, Request(asked("slow", "much", "hello")), seconds=30),
        ssh.collect(bench.machine, Request(asked("inside_slow", "inside_much", "inside"), bench.hop), seconds=30),
    )
    assert (found.sections["slow"].code, found.sections["hello"].code) == (124, 0)
    assert (inside.sections["inside_slow"].code, inside.sections["inside"].code) == (124, 0)
    assert found.sections["much"].cut
    assert inside.sections["inside_much"].cut


async def test_a_flood_ends_the_call_and_is_told_from_what_it_cost(bench: Bench, make: Make) -> None:
    """The flooding question is cut, what came before counts, what comes after has another reason; all has ended."""
    ssh = make()
    found, inside = await asyncio.gather(
        ssh.collect(bench.machine, Request(asked("hello", "flood", "exact")), seconds=30),
        ssh.collect(bench.machine, Request(asked("inside", "inside_flood", "inside_slow"), bench.hop), seconds=30),
    )
    assert {name: section.cut for name, section in found.sections.items()} == {"hello": False, "flood": True}
    assert {name: section.cut for name, section in inside.sections.items()} == {"inside": False, "inside_flood": True}
    assert reason(found) is reason(inside) is Reason.DISCONNECTED
    assert await asyncio.to_thread(bench.router.settled) == []
    assert await asyncio.to_thread(bench.host.settled) == []


async def test_finished_sections_survive_the_deadline(bench: Bench, make: Make) -> None:
    """The rest fails with its reason, and the remote question is ended, not left to its own limit."""
    found = await make().collect(bench.machine, Request(asked("hello", "long", "exact")), seconds=3)
    assert list(found.sections) == ["hello"]
    assert reason(found) is Reason.TIMEOUT
    assert await asyncio.to_thread(bench.host.settled) == []


async def test_inside_a_question_gets_no_more_time_than_the_visit_has(bench: Bench, make: Make) -> None:
    """The collector ends by itself, with all answers and reasons, before it is ended."""
    found = await make().collect(bench.machine, Request(asked("inside", "inside_long"), bench.hop), seconds=8)
    assert found.failure is None
    assert (found.sections["inside"].code, found.sections["inside_long"].code) == (0, 124)
    assert await asyncio.to_thread(bench.router.settled) == []


async def test_finished_sections_survive_a_system_vm_that_freezes(bench: Bench, make: Make) -> None:
    """The limit on the host ends the inner way, and the router ends what ran as soon as it lives again."""
    task = asyncio.create_task(
        make().collect(bench.machine, Request(asked("inside", "inside_long"), bench.hop), seconds=16)
    )
    async with asyncio.timeout(20):
        while not any("sleep 300" in line for line in bench.router.processes()):
            await asyncio.sleep(0.02)
    bench.router.signal_sessions(signal.SIGSTOP)
    found = await task
    bench.router.signal_sessions(signal.SIGCONT)
    assert list(found.sections) == ["inside"]
    assert reason(found) is Reason.TIMEOUT
    assert await asyncio.to_thread(bench.router.settled) == []
    assert await asyncio.to_thread(bench.host.settled) == []


@pytest.mark.parametrize("way", ["host", "hop"])
async def test_a_visit_that_is_given_up_leaves_nothing_behind(bench: Bench, make: Make, way: str) -> None:
    """Cancelled in the middle of a question that could run for 30 s."""
    names, hop, where = (("long",), None, bench.host) if way == "host" else (("inside_long",), bench.hop, bench.router)
    task = asyncio.create_task(make().collect(bench.machine, Request(asked(*names), hop), seconds=40))
    async with asyncio.timeout(20):
        while not any("sleep 300" in line for line in where.processes()):
            await asyncio.sleep(0.02)
    task.cancel()
    assert await asyncio.to_thread(where.settled) == []
    assert await asyncio.to_thread(bench.host.settled) == []


@pytest.mark.parametrize("way", ["host", "hop"])
async def test_a_connection_that_breaks_keeps_the_finished_sections(bench: Bench, make: Make, way: str) -> None:
    """The next visit logs in again by itself, and the remote side has ended what ran."""
    names = ("hello", "long") if way == "host" else ("inside", "inside_long")
    hop, where = (None, bench.host) if way == "host" else (bench.hop, bench.router)
    ssh = make()
    task = asyncio.create_task(ssh.collect(bench.machine, Request(asked(*names), hop), seconds=40))
    async with asyncio.timeout(20):
        while not any("sleep 300" in line for line in where.processes()):
            await asyncio.sleep(0.02)
    where.signal_sessions()
    found = await task
    assert list(found.sections) == [names[0]]
    assert reason(found) is Reason.DISCONNECTED
    assert await asyncio.to_thread(where.settled) == []
    again = await ssh.collect(bench.machine, Request(asked("hello")), seconds=20)
    assert again.failure is None


async def test_the_machine_behind_the_address_must_have_the_name(bench: Bench, make: Make) -> None:
    """A link-local address may have been given to another system VM; nothing is asked there."""
    found = await make().collect(
        bench.machine, Request(asked("inside"), replace(bench.hop, machine="r-5-VM")), seconds=30
    )
    assert found.sections == {}
    assert reason(found) is Reason.WRONG_MACHINE
    assert found.failure is not None
    assert "r-4-VM" in found.failure.detail


async def test_a_system_vm_that_does_not_listen(bench: Bench, make: Make) -> None:
    """Connection refused, by the words of the host's ssh."""
    found = await make().collect(bench.machine, Request(asked("inside"), replace(bench.hop, port=1)), seconds=30)
    assert reason(found) is Reason.REFUSED


async def test_a_system_vm_that_rejects_the_key(bench: Bench, make: Make) -> None:
    """Permission denied, by the words of the host's ssh."""
    keys = bench.router.place / "root/.ssh/authorized_keys"
    kept = keys.read_text()
    keys.write_text("")
    try:
        found = await make().collect(bench.machine, Request(asked("inside"), bench.hop), seconds=30)
    finally:
        keys.write_text(kept)
    assert reason(found) is Reason.AUTH


async def test_a_host_without_the_key_for_system_vms(bench: Bench, make: Make) -> None:
    """The host does not run system VMs, or CloudStack has not set it up."""
    key = bench.host.place / "root/.ssh/id_rsa.cloud"
    away = key.rename(key.with_name("away"))
    try:
        found = await make().collect(bench.machine, Request(asked("inside"), bench.hop), seconds=30)
    finally:
        away.rename(key)
    assert reason(found) is Reason.MISSING


@pytest.mark.parametrize(
    "place", ["var/cloudstack/management", "var/lib/cloudstack/management", "var/lib/cloud/management"]
)
def test_keys_are_looked_for_where_cloudstack_puts_them(place: str, tmp_path: Path, bench: Bench) -> None:
    """On a management server (VMware, Hyper-V) the key lies elsewhere; the first that exists is taken."""
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "ssh").write_text('#!/bin/sh\necho "$*" >&2\nexit 255\n')
    (tools / "ssh").chmod(0o755)
    key = tmp_path / place / ".ssh/id_rsa"
    key.parent.mkdir(parents=True)
    key.write_text("")
    text = bench.script.moved(root=str(tmp_path), path=f"{tools}:/usr/bin:/bin")
    words = [bench.script.version, "0123456789abcdef", "hop", "r-4-VM", "10.0.0.9", "legacy", "5", "inside"]
    with subprocess.Popen(
        ["sh", "-s", "--", *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(text.encode())
        process.stdin.flush()
        said = process.stdout.read().decode()
    assert "hop 255 " in said
    assert said.count("@@") == 2


async def test_sudo_that_asks_for_a_password(bench: Bench, make: Make) -> None:
    """The rule was not installed, or not with NOPASSWD."""
    bench.permit("collector ALL=(root) ALL\n")
    try:
        error = await refused_or_failed(make(), bench)
        bench.permit("")
        missing = await refused_or_failed(make(), bench)
    finally:
        bench.install_sudoers()
    assert error is Reason.PERMISSION
    assert missing is Reason.PERMISSION


async def refused_or_failed(ssh: Ssh, bench: Bench) -> Reason | None:
    """Return why nothing was answered."""
    found = await ssh.collect(bench.machine, Request(asked("hello")), seconds=20)
    assert found.sections == {}
    return reason(found)


async def test_a_host_without_the_wrapper(bench: Bench, make: Make) -> None:
    """By sudo and by a forced command the reason is the same."""
    wrapper = bench.host.place / "usr/local/lib/cloudstack-network-exporter/collect"
    away = wrapper.rename(wrapper.with_name("away"))
    try:
        reasons = {await refused_or_failed(make(mode), bench) for mode in (Mode.SUDO, Mode.FORCED)}
    finally:
        away.rename(wrapper)
    assert reasons == {Reason.WRAPPER}


async def test_a_forced_key_starts_nothing_but_the_wrapper(bench: Bench, make: Make) -> None:
    """Asked for a shell and a script, it refuses."""
    ssh = make(Mode.ROOT, key_file=bench.place / "key_forced")
    assert await refused_or_failed(ssh, bench) is Reason.WRAPPER


async def test_the_account_may_run_the_wrapper_and_nothing_else_as_root(bench: Bench) -> None:
    """What the printed sudoers file allows is one program."""
    command = ["ssh", "-F", "/dev/null", "-i", str(bench.place / "key_sudo"), "-p", str(bench.host.port)]
    command += ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "BatchMode=yes"]
    done = await asyncio.to_thread(
        subprocess.run,
        [*command, f"collector@{bench.host.address}", "id -u; sudo -n id; sudo -n -l"],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.stdout.startswith("4711\n")
    assert re.findall(r"NOPASSWD: (.*)", done.stdout) == ["/usr/local/lib/cloudstack-network-exporter/collect"]
    assert "uid=0" not in done.stdout


async def test_a_key_that_is_not_authorized(bench: Bench, make: Make) -> None:
    """AUTH, and the refusal holds for a while for everyone, so that no storm follows."""
    make_key(bench.place / "stranger")
    clock = HandClock()
    ssh = make(key_file=bench.place / "stranger", clock=clock, retry_seconds=10.0)
    start = len(bench.host.log())
    assert (await refused(ssh, bench.machine)).reason is Reason.AUTH
    assert (await refused(ssh, bench.machine)).reason is Reason.AUTH
    assert bench.host.log()[start:].count("Connection from") == 1
    clock.turn(11)
    assert (await refused(ssh, bench.machine)).reason is Reason.AUTH
    assert bench.host.log()[start:].count("Connection from") == 2


async def test_an_unknown_host_is_not_even_dialled(bench: Bench, make: Make, tmp_path: Path) -> None:
    """No trust on first use; when the line is added it works without a restart."""
    known_hosts = tmp_path / "known_hosts"
    known_hosts.write_text("# nobody yet\n")
    ssh = make(known_hosts_file=known_hosts)
    assert (await refused(ssh, bench.machine)).reason is Reason.HOST_KEY
    known_hosts.write_text(f"[{bench.host.address}]:{bench.host.port} {bench.host.host_key}\n")
    assert (await ssh.collect(bench.machine, Request(asked("hello")), seconds=20)).failure is None


@pytest.mark.parametrize("kind", ["ed25519", "rsa", "ecdsa"])
async def test_a_changed_host_key_is_refused(bench: Bench, make: Make, tmp_path: Path, kind: str) -> None:
    """Whatever the type of the key that we know."""
    known_hosts = tmp_path / "known_hosts"
    known_hosts.write_text(f"[{bench.host.address}]:{bench.host.port} {make_key(tmp_path / 'other', kind)}\n")
    assert (await refused(make(known_hosts_file=known_hosts), bench.machine)).reason is Reason.HOST_KEY


@pytest.mark.parametrize("pattern", ["name", "hashed", "address"])
async def test_known_hosts_lines_by_name_hash_and_address(
    bench: Bench, make: Make, tmp_path: Path, pattern: str
) -> None:
    """As ssh-keyscan -H writes them, and as people do."""
    known_hosts = tmp_path / "known_hosts"
    name = f"[kvm1]:{bench.host.port}" if pattern == "name" else f"[{bench.host.address}]:{bench.host.port}"
    known_hosts.write_text(f"{name} {bench.host.host_key}\n")
    if pattern == "hashed":
        subprocess.run(["ssh-keygen", "-q", "-H", "-f", str(known_hosts)], check=True, capture_output=True)
    ssh = make(known_hosts_file=known_hosts)
    assert (await ssh.collect(bench.machine, Request(asked("hello")), seconds=20)).failure is None


async def test_a_revoked_key_is_refused(bench: Bench, make: Make, tmp_path: Path) -> None:
    """@revoked wins over a good line."""
    known_hosts = tmp_path / "known_hosts"
    line = f"[{bench.host.address}]:{bench.host.port} {bench.host.host_key}\n"
    known_hosts.write_text(f"{line}@revoked {line}")
    assert (await refused(make(known_hosts_file=known_hosts), bench.machine)).reason is Reason.HOST_KEY


async def test_a_machine_that_is_not_there(bench: Bench, make: Make) -> None:
    """Nobody listens at the address."""
    ssh = make(port=1)
    known_hosts = bench.place / "known_hosts"
    known_hosts.write_text(f"[{bench.host.address}]:1 {bench.host.host_key}\n")
    assert (await refused(ssh, bench.machine)).reason is Reason.REFUSED
    assert (await refused(ssh, Machine("kvm9", ""))).reason is Reason.NO_WAY
    assert (await refused(ssh, Machine("kvm9", "kvm9.example.com"))).reason is Reason.NO_WAY


async def test_files_that_cannot_be_read_are_told(bench: Bench, make: Make, tmp_path: Path) -> None:
    """The detail names the file and nothing of its content."""
    missing = await refused(make(key_file=tmp_path / "none"), bench.machine)
    (tmp_path / "bad").write_text("-----BEGIN OPENSSH PRIVATE KEY-----\nCANARY\n")
    broken = await refused(make(key_file=tmp_path / "bad"), bench.machine)
    assert (missing.reason, broken.reason) == (Reason.MISSING, Reason.UNREADABLE)
    assert str(tmp_path / "none") in missing.detail
    assert "CANARY" not in broken.detail


@pytest.mark.parametrize("form", ["pkcs8-pem", "openssh"])
async def test_a_key_with_a_passphrase(bench: Bench, make: Make, tmp_path: Path, form: str) -> None:
    """The right passphrase opens it, a wrong one is told and not shown."""
    key = tmp_path / "key"
    whole = asyncssh.read_private_key(bench.place / "key_sudo")
    key.write_bytes(whole.export_private_key(form, passphrase="canary-phrase"))
    found = await make(key_file=key, key_passphrase="canary-phrase").collect(
        bench.machine, Request(asked("hello")), seconds=20
    )
    assert found.failure is None
    for phrase in (None, "canary-other"):
        error = await refused(make(key_file=key, key_passphrase=phrase), bench.machine)
        assert error.reason is Reason.UNREADABLE
        assert "canary" not in str(error)


async def test_no_more_hops_at_once_than_allowed(bench: Bench, make: Make) -> None:
    """Two on one machine by default; the others wait for their turn, within their own deadlines."""
    ssh = make(hops_per_host=2)
    tasks = [
        asyncio.create_task(ssh.collect(bench.machine, Request(asked("inside_slow"), bench.hop), seconds=40))
        for _ in range(5)
    ]
    most = 0
    while not all(task.done() for task in tasks):
        seen = await asyncio.to_thread(bench.host.processes)
        most = max(most, sum(line.startswith("ssh -F") for line in seen))
        await asyncio.sleep(0.05)
    assert most == 2
    assert all(task.result().sections["inside_slow"].code == 124 for task in tasks)


async def test_a_visit_that_gets_no_place_in_time(bench: Bench, make: Make) -> None:
    """It ends at its own deadline with a reason."""
    ssh = make(hops=1)
    first = asyncio.create_task(ssh.collect(bench.machine, Request(asked("inside_long"), bench.hop), seconds=40))
    await asyncio.sleep(0)
    assert (await refused(ssh, bench.machine, Request(asked("inside"), bench.hop), seconds=2)).reason is Reason.TIMEOUT
    first.cancel()
    assert await asyncio.to_thread(bench.router.settled) == []


async def test_unused_connections_are_closed(bench: Bench, make: Make) -> None:
    """After a while without visits, at the next visit of anyone."""
    clock = HandClock()
    ssh = make(clock=clock, idle_seconds=600.0)
    await ssh.collect(bench.machine, Request(asked("hello")), seconds=20)
    clock.turn(599)
    with pytest.raises(SourceError):
        await ssh.collect(Machine("kvm9", ""), Request(asked("hello")), seconds=5)
    assert ssh.open_connections == 1
    clock.turn(62)
    with pytest.raises(SourceError):
        await ssh.collect(Machine("kvm9", ""), Request(asked("hello")), seconds=5)
    assert ssh.open_connections == 0


async def test_closing_leaves_no_connection(bench: Bench, make: Make) -> None:
    """Server and client agree."""
    ssh = make()
    await ssh.collect(bench.machine, Request(asked("hello")), seconds=20)
    await ssh.close()
    assert ssh.open_connections == 0
    assert await asyncio.to_thread(bench.host.settled) == []


def test_the_hop_is_a_plain_value() -> None:
    """Its port is that of system VMs unless told otherwise."""
    assert Hop("r-4-VM", "169.254.3.93").port == 3922
