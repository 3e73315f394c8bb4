"""Sockets of a management server: counted there, over what ss and netstat really print."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.model import Ports, UnreadableError
from exporter.questions.management.sockets import ANY, MANAGEMENT_SOCKETS, ManagementSockets, is_loopback, read_sockets
from tests.process_counting import count
from tests.real_parts import require, require_root
from tests.remote_texts import SHELLS, Machine, sample, shells

LISTENING = {
    ("10.0.0.50", 3306), (ANY, 22), ("127.0.0.1", 8096), ("::1", 53), (ANY, 8250), (ANY, 9090), (ANY, 8080),
}  # fmt: skip
SEEN = ManagementSockets(
    listening=frozenset(LISTENING),
    agent_port=8250,
    agents=4,
    peers=frozenset({"10.0.0.1", "10.0.0.2"}),
    database=2,
)
WORDS = ["listens", "agents", "database", "peer", "8250", "*", "10.0.0.1", "::", "-1", "99999999999", "\x00", "é"]
LINES = st.lists(st.lists(st.sampled_from(WORDS), max_size=4).map(" ".join), max_size=6).map("\n".join)
ENOUGH = "listens * 22\nagents 8250 0\ndatabase 3306 0\n"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Return a management server with ss."""
    machine = Machine.at(tmp_path)
    machine.tool("ss", "-tan", sample("management", "ss-tan"))
    return machine


@pytest.fixture(params=shells())
def shell(request: pytest.FixtureRequest) -> str:
    """Return each shell in turn."""
    return str(request.param)


def _alone(machine: Machine) -> None:
    """Give the machine what it needs besides tools of its own, so that nothing else of ours is found."""
    for name in ("dash", "awk", "cat"):
        found = shutil.which(name)
        assert found
        (machine.tools / name).symlink_to(found)


def test_what_ss_prints(machine: Machine) -> None:
    """Sockets of both protocols are one; what is closing counts for nobody."""
    assert machine.read(MANAGEMENT_SOCKETS, "8250", "3306", "9090") == SEEN


def test_what_netstat_prints(tmp_path: Path) -> None:
    """Where there is no ss the same comes from netstat; it shows no number more or less."""
    machine = Machine.at(tmp_path)
    machine.tool("netstat", "-tan", sample("management", "netstat-tan"))
    _alone(machine)
    code, output = machine.ask(MANAGEMENT_SOCKETS, "8250", "3306", "9090", path="/nonexistent")
    assert code == 0, output
    assert read_sockets(output) == SEEN


@pytest.mark.parametrize("awk", ["mawk", "gawk", "busybox awk"])
def test_every_awk(machine: Machine, awk: str) -> None:
    """Debian has mawk, RHEL gawk."""
    require(awk.split(maxsplit=1)[0])
    machine.file_tool("awk", f'exec {awk} "$@"')
    assert machine.read(MANAGEMENT_SOCKETS, "8250", "3306", "9090") == SEEN


def test_neither_tool(tmp_path: Path) -> None:
    """It is missing, not empty."""
    machine = Machine.at(tmp_path)
    _alone(machine)
    assert machine.ask(MANAGEMENT_SOCKETS, "8250", "3306", "9090", path="/nonexistent") == (
        127,
        "neither ss nor netstat\n",
    )


def test_a_tool_that_fails_is_no_machine_without_sockets(machine: Machine, shell: str) -> None:
    """The question fails with its words."""
    machine.file_tool("ss", "echo 'ss: cannot open netlink socket' >&2; exit 1\n")
    said = (1, "ss: cannot open netlink socket\n")
    assert machine.ask(MANAGEMENT_SOCKETS, "8250", "3306", "9090", shell=shell) == said


def test_thousands_of_agents_are_a_number(machine: Machine) -> None:
    """The answer stays small, whatever listens and whoever is connected."""
    agents = "".join(
        f"ESTAB 0 0 [::ffff:10.0.0.1]:8250 [::ffff:10.1.{number // 250}.{number % 250}]:40000\n"
        for number in range(20_000)
    )
    listening = "".join(f"LISTEN 0 9 *:{port} *:*\n" for port in range(10_000, 12_000))
    peers = "".join(f"ESTAB 0 0 10.0.0.1:9090 10.2.{number}.1:5000\n" for number in range(200))
    machine.tool("ss", "-tan", agents + listening + peers)
    code, output = machine.ask(MANAGEMENT_SOCKETS, "8250", "3306", "9090")
    assert code == 0
    assert len(output) < MANAGEMENT_SOCKETS.size / 2
    found = read_sockets(output)
    assert (found.agents, len(found.listening), len(found.peers)) == (20_000, 300, 100)


def test_the_ports_are_settings() -> None:
    """As they are where something is dialled."""
    assert MANAGEMENT_SOCKETS.parameters is not None
    assert MANAGEMENT_SOCKETS.parameters(None, Ports(agent=8251, database=3307, cluster=9091)) == (
        "8251",
        "3307",
        "9091",
    )


def test_an_agent_port_that_is_the_port_of_nothing_else(machine: Machine) -> None:
    """8250 is neither 18250 nor 825."""
    machine.tool(
        "ss", "-tan", "LISTEN 0 1 *:22 *:*\nESTAB 0 0 10.0.0.1:18250 10.0.0.2:1\nESTAB 0 0 10.0.0.1:825 9.9.9.9:1"
    )
    assert machine.read(MANAGEMENT_SOCKETS, "8250", "3306", "9090").agents == 0


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("listens fe80::1 546", {("fe80::1", 546), (ANY, 22)}),
        ("listens :: 22", {(ANY, 22)}),
        ("listens 0.0.0.0 22", {(ANY, 22)}),
        ("listens 2001:DB8:0:0:0:0:0:1 8250", {("2001:db8::1", 8250), (ANY, 22)}),
    ],
)
def test_addresses_have_one_form(line: str, told: set[tuple[str, int]]) -> None:
    """So that they can be compared with those of CloudStack."""
    assert read_sockets(f"{ENOUGH}{line}\n").listening == told


@pytest.mark.parametrize(
    "text",
    [
        "", "agents 8250 3\ndatabase 3306 0\n", "listens * 22\ndatabase 3306 0\n", "listens * 22\nagents 8250 3\n",
        f"{ENOUGH}peer example\n", f"{ENOUGH}listens * x\n", f"{ENOUGH}agents 8250 -1\n", f"{ENOUGH}ss: error\n",
        f"{ENOUGH}listens 10.0.0.999 22\n", f"{ENOUGH}agents 8250 \u0663\n",
    ],
)  # fmt: skip
def test_what_is_no_answer(text: str) -> None:
    """A machine that is asked over SSH listens at least for that, and both counts are always there."""
    with pytest.raises(UnreadableError):
        read_sockets(text)


@given(LINES | LINES.map(ENOUGH.__add__) | st.text(max_size=80))
def test_whatever_comes(text: str) -> None:
    """It is read or it is unreadable; counts are never negative."""
    try:
        found = read_sockets(text)
    except UnreadableError:
        return
    assert found.listening
    assert min(found.agents, found.database, found.agent_port) >= 0


def test_loopback() -> None:
    """Names and all addresses are none."""
    assert [is_loopback(one) for one in ("127.0.0.1", "127.9.9.9", "::1")] == [True] * 3
    assert [is_loopback(one) for one in (ANY, "10.0.0.1", "localhost", "fe80::1")] == [False] * 4


def test_listening_for_others() -> None:
    """What listens on loopback alone is closed to them."""
    assert SEEN.listens_on(8250)
    assert not SEEN.listens_on(8096)
    assert not SEEN.listens_on(53)
    assert not SEEN.listens_on(4711)


INSIDE = """
import socket, subprocess, sys
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
for address in ("10.0.0.1", "10.0.0.2", "10.0.1.7"):
    subprocess.run(["ip", "address", "add", address, "dev", "lo"], check=True)
kept = [socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True) for port in (8250, 9090, 3306)]
calls = [("10.0.1.7", 8250)] * 3 + [("10.0.0.2", 9090)] + [("10.0.0.2", 3306)] * 2
kept += [socket.create_connection(("10.0.0.1", port), source_address=(own, 0)) for own, port in calls]
sys.stdout.write(subprocess.run(sys.argv[1:], capture_output=True, text=True, check=True).stdout)
"""


@pytest.mark.real
@pytest.mark.parametrize("shell", shells())
def test_real_sockets(shell: str) -> None:
    """A real ss in a network namespace of its own, with connections that really stand."""
    require("unshare", "ss", "ip")
    require_root("a network namespace needs root")
    asked = [*SHELLS[shell], "-c", MANAGEMENT_SOCKETS.text, "management_sockets", "8250", "3306", "9090"]
    command = ["unshare", "--net", sys.executable, "-c", INSIDE, *asked]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    found = read_sockets(done.stdout)
    assert found.listening == {(ANY, 8250), (ANY, 9090), (ANY, 3306)}
    assert (found.agents, found.database) == (3, 2)
    assert "10.0.0.2" in found.peers


@pytest.mark.real
def test_what_it_costs() -> None:
    """The shell, ss, awk, and the shell between them."""
    require("ss", "awk")
    assert count("dash", "-c", MANAGEMENT_SOCKETS.text, "management_sockets", "8250", "3306", "9090").processes <= 4
