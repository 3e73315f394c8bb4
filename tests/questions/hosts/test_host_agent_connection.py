"""The connection of a host's agent: what ss and netstat really print, and what is no answer."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.model import Ports, UnreadableError
from exporter.questions.hosts.agent_connection import HOST_AGENT_CONNECTION, read_connections
from tests.process_counting import count
from tests.real_parts import require, require_root
from tests.remote_texts import SHELLS, Machine, sample, shells

ASKED = "-tn state established ( dport = :8250 )"
HEADING = "Recv-Q Send-Q     Local Address:Port       Peer Address:PortProcess\n"
NETSTAT = "Proto Recv-Q Send-Q Local Address           Foreign Address         State\n"
TOLD = frozenset({"10.0.0.1", "10.0.0.2", "2001:db8::5"})
WORDS = [
    "port=8250",
    "\n",
    " ",
    "Recv-Q",
    "Proto",
    "tcp",
    "0",
    "ESTABLISHED",
    "10.0.0.1:8250",
    "[::1]:8250",
    "é",
    "\x00",
]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Return a host with ss."""
    machine = Machine.at(tmp_path)
    machine.tool("ss", ASKED, sample("agent", "ss-tn-established"))
    return machine


@pytest.fixture(params=shells())
def shell(request: pytest.FixtureRequest) -> str:
    """Return each shell in turn."""
    return str(request.param)


def _alone(machine: Machine) -> None:
    """Give the machine what it needs besides tools of its own, so that nothing else of ours is found."""
    for name in ("dash", "cat"):
        found = shutil.which(name)
        assert found
        (machine.tools / name).symlink_to(found)


def test_what_ss_prints(machine: Machine, shell: str) -> None:
    """Addresses of either protocol in their usual form."""
    assert machine.read(HOST_AGENT_CONNECTION, "8250", shell=shell) == TOLD


def test_what_netstat_prints(tmp_path: Path) -> None:
    """Only connections to that port: not those to another one, nor their other ends."""
    machine = Machine.at(tmp_path)
    machine.tool("netstat", "-tn", sample("agent", "netstat-tn"))
    _alone(machine)
    code, output = machine.ask(HOST_AGENT_CONNECTION, "8250", path="/nonexistent")
    assert code == 0, output
    assert read_connections(output) == TOLD


def test_no_connection_is_an_answer(machine: Machine) -> None:
    """The heading says that ss has looked."""
    machine.tool("ss", ASKED, HEADING)
    assert machine.read(HOST_AGENT_CONNECTION, "8250") == frozenset()


def test_neither_tool(tmp_path: Path) -> None:
    """It is missing, not without connections."""
    machine = Machine.at(tmp_path)
    _alone(machine)
    code, output = machine.ask(HOST_AGENT_CONNECTION, "8250", path="/nonexistent")
    assert (code, output.splitlines()[-1]) == (127, "neither ss nor netstat")


def test_a_tool_that_fails(machine: Machine, shell: str) -> None:
    """The question fails with its words."""
    machine.file_tool("ss", "echo 'ss: cannot open netlink socket' >&2; exit 1\n")
    code, output = machine.ask(HOST_AGENT_CONNECTION, "8250", shell=shell)
    assert (code, output.splitlines()[-1]) == (1, "ss: cannot open netlink socket")


def test_the_port_of_agents_is_a_setting() -> None:
    """The same as on management servers."""
    assert HOST_AGENT_CONNECTION.parameters is not None
    assert HOST_AGENT_CONNECTION.parameters(None, Ports(agent=8251)) == ("8251",)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("0 0 10.0.1.7:41009 10.0.0.1:8250", {"10.0.0.1"}),
        ("0 36 [::ffff:10.0.1.7]:41009 [::ffff:10.0.0.1]:8250", {"10.0.0.1"}),
        ("0 0 [fe80::1]%eth0:4 [fe80::2]%eth0:8250", {"fe80::2"}),
        ("0 0 2001:db8::1:4 2001:DB8:0::2:8250", {"2001:db8::2"}),
        ("tcp6 0 0 10.0.0.1:5 10.0.0.2:8250 TIME_WAIT", set()),
        ("tcp 0 1 10.0.0.1:5 10.0.0.2:8250 SYN_SENT", set()),
        ("tcp 0 0 10.0.0.1:5 10.0.0.2:18250 ESTABLISHED", set()),
        ("", set()),
    ],
)
def test_single_lines(line: str, told: set[str]) -> None:
    """Of ss of every age, and of netstat."""
    assert read_connections(f"port=8250\n{HEADING}{line}\n") == told


@pytest.mark.parametrize(
    "text",
    [
        "", "port=8250\n", HEADING, f"port=x\n{HEADING}", f"port=8250\n{HEADING}0 0 10.0.0.1:5 10.0.0.2:22\n",
        f"port=8250\n{HEADING}0 0 10.0.0.1:5 10.0.0.999:8250\n", f"port=8250\n{HEADING}0 0 a *:8250\n",
        f"port=8250\n{HEADING}ss: error\n", f"port=8250\n{NETSTAT}tcp 0 0 1.1.1.1:5 example:8250 ESTABLISHED\n",
        f"port=8250\n{HEADING}\u0663 0 10.0.0.1:5 10.0.0.2:8250\n",
    ],
)  # fmt: skip
def test_what_is_no_answer(text: str) -> None:
    """Without a heading nobody has looked; other ports and words were not asked for."""
    with pytest.raises(UnreadableError):
        read_connections(text)


@given(st.lists(st.sampled_from(WORDS), max_size=30).map("".join).map(f"port=8250\n{HEADING}".__add__) | st.text())
def test_whatever_comes(text: str) -> None:
    """It is read or it is unreadable; what is read are addresses."""
    try:
        found = read_connections(text)
    except UnreadableError:
        return
    assert found <= {"10.0.0.1", "::1"}


INSIDE = """
import socket, subprocess, sys
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
for address in ("10.0.0.1", "10.0.0.2", "10.0.1.7"):
    subprocess.run(["ip", "address", "add", address, "dev", "lo"], check=True)
kept = [socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True) for port in (8250, 18250)]
java = socket.socket(socket.AF_INET6)
java.connect(("::ffff:10.0.0.2", 8250))
kept += [socket.create_connection(("10.0.0.1", port), source_address=("10.0.1.7", 0)) for port in (8250, 18250)]
sys.stdout.write(subprocess.run(sys.argv[1:], capture_output=True, text=True, check=True).stdout)
"""


@pytest.mark.real
@pytest.mark.parametrize("shell", shells())
def test_real_connections(shell: str) -> None:
    """A real ss in a network namespace of its own, with connections that really stand."""
    require("unshare", "ss", "ip")
    require_root("a network namespace needs root")
    asked = [*SHELLS[shell], "-c", HOST_AGENT_CONNECTION.text, "host_agent_connection", "8250"]
    command = ["unshare", "--net", sys.executable, "-c", INSIDE, *asked]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    assert read_connections(done.stdout) == {"10.0.0.1", "10.0.0.2"}


@pytest.mark.real
def test_what_it_costs() -> None:
    """The shell becomes ss."""
    require("ss")
    done = count("dash", "-c", HOST_AGENT_CONNECTION.text, "host_agent_connection", "8250")
    assert done.code == 0
    assert done.processes == 1
