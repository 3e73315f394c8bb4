"""Whom a host reaches: the text in both shells over pretended machines, and what its reader makes of it."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from ipaddress import IPv4Network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.cloud.storage import Place
from exporter.cloud.targets import HostTarget
from exporter.model import Ports, UnreadableError
from exporter.questions.dialling import Reach
from exporter.questions.hosts.reach import HOST_REACH, HostReach, read_host_reach
from tests.checks.host_connectivity import reach_scene
from tests.process_counting import count
from tests.real_parts import require
from tests.remote_texts import Machine, shells

# As the kernel prints them: a bridge of control NICs, a gateway, zeroconf on a NIC, a host route, a second network.
ROUTES = """\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
cloudbr0\t00000000\t0101000A\t0003\t0\t0\t0\t00000000\t0\t0\t0
cloudbr0\t0000000A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
cloud0\t0000FEA9\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
eth0\t0000FEA9\t00000000\t0001\t0\t0\t1002\t0000FFFF\t0\t0\t0
eth9\t0100007F\t00000000\t0005\t0\t0\t0\tFFFFFFFF\t0\t0\t0
"""
CONNECTED = "Recv-Q Send-Q Local Address:Port Peer Address:Port Process\n0 0 10.0.1.1:41000 [::ffff:10.0.0.1]:8250\n"
ALONE = "Recv-Q Send-Q Local Address:Port Peer Address:Port Process\n"
NUMBERS = ("8250", "16514", "16509", "49152")
HERE, THERE = "127.0.0.1", "127.0.0.2"
SECRET = "do-not-tell"


@pytest.fixture(params=shells())
def shell(request: pytest.FixtureRequest) -> str:
    """Return each shell in turn."""
    return str(request.param)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Return a host with routes, whose agent is connected."""
    machine = Machine.at(tmp_path)
    machine.file("proc/net/route", ROUTES)
    sockets(machine, CONNECTED)
    return machine


def sockets(machine: Machine, agent: str) -> None:
    """Let ss show the agent's connection, and none when it is asked for all."""
    machine.file_tool("ss", f'case $* in *dport*) printf %s "{agent}" ;; *) printf %s "{ALONE}" ;; esac\n')


@pytest.fixture
def listening() -> Iterator[int]:
    """Hold a port that takes connections."""
    with socket.create_server((HERE, 0)) as server:
        yield server.getsockname()[1]


def closed() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as free:
        free.bind((HERE, 0))
        port: int = free.getsockname()[1]
        return port


def test_a_host_alone(machine: Machine, shell: str) -> None:
    """No neighbours, no stores: only routes are told, and nothing is dialled."""
    found = machine.read(HOST_REACH, *NUMBERS, shell=shell)
    networks = {IPv4Network("10.0.0.0/16"): "cloudbr0", IPv4Network("169.254.0.0/16"): "cloud0"}
    assert found == HostReach(routes=networks)
    assert found.interface_to("169.254.3.93") == "cloud0"
    assert found.interface_to("192.0.2.1") == ""


def test_zeroconf_is_no_way_to_system_vms(machine: Machine) -> None:
    """Without the bridge its route of metric 1002 is what is left."""
    machine.file("proc/net/route", "".join(line for line in ROUTES.splitlines(keepends=True) if "cloud0" not in line))
    assert machine.read(HOST_REACH, *NUMBERS).interface_to("169.254.3.93") == ""


def test_neighbours_and_stores(machine: Machine, shell: str, listening: int) -> None:
    """A port that is refused, and one that is open."""
    numbers = ("8250", "1", str(listening), str(closed()))
    stores = (f"localhost@{listening}", f"localhost@{closed()}")
    found = machine.read(HOST_REACH, *numbers, HERE, *stores, shell=shell)
    assert found.libvirt == {HERE: Reach.OPEN}
    assert found.migration == {HERE: Reach.REFUSED}
    assert list(found.stores.values()) == [Reach.OPEN, Reach.REFUSED]
    assert found.management == {}


def test_a_secured_host_moves_machines_with_tls(machine: Machine, listening: int) -> None:
    """That is what CloudStack decides by too: the agent has a certificate."""
    numbers = ("8250", str(listening), str(closed()), str(closed()))
    assert machine.read(HOST_REACH, *numbers, HERE).libvirt == {HERE: Reach.REFUSED}
    machine.file("etc/cloudstack/agent/cloud.crt")
    assert machine.read(HOST_REACH, *numbers, HERE).libvirt == {HERE: Reach.OPEN}


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        ("host=127.0.0.1,127.0.0.2@roundrobin", [HERE, THERE]),
        ("host = 127.0.0.2\r", [THERE]),
        ("host=10.0.0.1\nhost=127.0.0.1", [HERE]),
        ("host=127.0.0.2,127.0.0.2,127.0.0.1,127.0.0.2", [THERE, HERE]),
        ("host=", []),
        ("host=$(reboot),a;b,-x,127.0.0.1", [HERE]),
        ("hosts=127.0.0.1\nlocalhost=127.0.0.1\n#host=127.0.0.2", []),
    ],
)
def test_management_servers_are_dialled_when_the_agent_has_none(
    machine: Machine, shell: str, listening: int, line: str, asked: list[str]
) -> None:
    """By what the agent's own file has; nothing else of it leaves the host."""
    machine.file("etc/cloudstack/agent/agent.properties", f"keystore.passphrase={SECRET}\n{line}\n")
    sockets(machine, ALONE)
    code, output = machine.ask(HOST_REACH, str(listening), *NUMBERS[1:], shell=shell)
    assert (code, SECRET in output) == (0, False)
    found = read_host_reach(output)
    assert not found.is_connected
    assert list(found.management) == asked
    assert found.management.get(HERE, Reach.OPEN) is Reach.OPEN


def test_nobody_is_dialled_while_the_agent_is_connected(machine: Machine, shell: str) -> None:
    """Each connection would be an error in the log of the management server."""
    machine.file("etc/cloudstack/agent/agent.properties", "host=127.0.0.1\n")
    assert machine.read(HOST_REACH, *NUMBERS, shell=shell).management == {}


def test_a_host_without_an_agent(machine: Machine, shell: str) -> None:
    """XenServer has none, and no such file."""
    sockets(machine, ALONE)
    found = machine.read(HOST_REACH, *NUMBERS, shell=shell)
    assert (found.is_connected, dict(found.management)) == (False, {})


@pytest.mark.parametrize(("missing", "code"), [("python3", 127), ("ss", 127)])
def test_what_is_missing(tmp_path: Path, missing: str, code: int) -> None:
    """Without Python nobody dials; without ss and netstat nobody knows of connections."""
    machine = Machine.at(tmp_path)
    machine.file("proc/net/route", ROUTES)
    for name in {"dash", "python3"} - {missing}:
        found = shutil.which(name)
        assert found
        (machine.tools / name).symlink_to(found)
    if missing != "ss":
        machine.file_tool("ss", "echo Recv-Q\n")
    assert machine.ask(HOST_REACH, *NUMBERS, HERE, path="/nonexistent")[0] == code


def test_without_routes(tmp_path: Path, shell: str) -> None:
    """A kernel that does not show them is a failure, not a host without networks."""
    machine = Machine.at(tmp_path)
    sockets(machine, CONNECTED)
    assert machine.ask(HOST_REACH, *NUMBERS, shell=shell)[0] != 0


def test_a_tool_that_fails(machine: Machine, shell: str) -> None:
    """The question fails with its words."""
    machine.file_tool("ss", "echo 'ss: cannot open netlink socket' >&2; exit 1\n")
    code, output = machine.ask(HOST_REACH, *NUMBERS, shell=shell)
    assert (code, output.splitlines()[-1]) == (1, "ss: cannot open netlink socket")


@pytest.mark.real
@pytest.mark.parametrize("places", [0, 1, 6])
def test_what_it_costs(places: int, machine: Machine) -> None:
    """The shell, which becomes the Python that dials, and ss twice: as much for one place as for many."""
    require("python3", "ss")
    words = [f"{HERE}@{closed()}" for _ in range(places)]
    environment = {"text": HOST_REACH.text, "ROOT": str(machine.root), "LC_ALL": "C"}
    done = count("dash", "-c", 'eval "$text"', "host_reach", *NUMBERS, *words, environment=environment)
    assert done.code == 0
    assert done.processes == (3 if places else 2)
    assert done.output.count(b" refused") == places


NETSTAT = "Active Internet connections (w/o servers)\nProto Recv-Q Send-Q Local Address Foreign Address State\n"
HEADINGS = {"ss": ALONE, "netstat": NETSTAT}


@pytest.mark.parametrize(
    ("tool", "line", "stands"),
    [
        ("netstat", "tcp 0 0 10.0.1.1:41000 10.0.0.1:8250 ESTABLISHED", True),
        ("netstat", "tcp6 0 0 ::ffff:10.0.1.1:41000 ::ffff:10.0.0.1:8250 ESTABLISHED", True),
        ("netstat", "tcp 0 1 10.0.1.1:41000 10.0.0.1:8250 SYN_SENT", False),
        ("netstat", "tcp 0 0 10.0.1.1:41000 10.0.0.1:8250 TIME_WAIT", False),
        ("netstat", "tcp 0 312 10.0.1.1:41000 10.0.0.1:8250 ESTABLISHED", False),
        ("netstat", "tcp 0 0 10.0.1.1:8250 10.0.0.1:41000 ESTABLISHED", False),
        ("netstat", "tcp 0 0 10.0.1.1:41000 10.0.0.1:18250 ESTABLISHED", False),
        ("ss", "0 0 10.0.1.1:41000 [::ffff:10.0.0.1]:8250", True),
        ("ss", "ESTAB 0 0 10.0.1.1:41000 10.0.0.1:8250", True),
        ("ss", "0 312 10.0.1.1:41000 10.0.0.1:8250", False),
    ],
)
def test_what_proves_a_connection_of_the_agent(machine: Machine, tool: str, line: str, stands: bool) -> None:
    """Established, to the port, and nothing left unanswered: of two lines one may be so, and one not."""
    (machine.tools / "ss").unlink()
    other = line.replace("ESTABLISHED", "SYN_SENT").replace(" 0 0 ", " 0 1 ")
    machine.file_tool(tool, f"cat <<'END'\n{HEADINGS[tool]}{other}\n{line}\nEND\n")
    for name in ("cat", "dash"):
        (machine.tools / name).symlink_to(f"/bin/{name}")
    code, output = machine.ask(HOST_REACH, *NUMBERS, path="/nonexistent")
    assert code == 0, output
    assert read_host_reach(output).is_connected is stands


def test_what_is_asked_of_a_host() -> None:
    """Ports are settings; an address that no machine can be told is left out."""
    neighbours = ("10.0.1.2", "2001:db8::1", "kvm_3")
    target = HostTarget(reach_scene.host(), "zone-1", None, neighbours, (Place("nas.example", 2049),))
    assert HOST_REACH.parameters is not None
    words = HOST_REACH.parameters(target, Ports(agent=8251))
    assert words == ("8251", *NUMBERS[1:], "10.0.1.2", "nas.example@2049")


HEAD = "port agent 8250\nport libvirt 16514\nport migration 49152\n"


@pytest.mark.parametrize(
    "text",
    [
        "neighbour 10.0.0.1\n",
        f"{HEAD}neighbour 10.0.0.1\n10.0.0.1@16514 open\n",
        f"{HEAD}neighbour 10.0.0.1\nneighbour 10.0.0.1\n10.0.0.1@16514 open\n",
        f"{HEAD}management a\n",
        f"{HEAD}10.0.0.1@16514 perhaps\n",
        "route a b c\n",
        "route cloud0 0000FEA9 00FF00FF\n",
        "route cloud0 0100FEA9 0000FFFF\n",
        "bash: line 1: oops\n",
        "port libvirt 0\n",
    ],
)
def test_what_is_no_answer(text: str) -> None:
    """A way without an outcome is not known."""
    with pytest.raises(UnreadableError):
        read_host_reach(text)


LINES = ["neighbour 10.0.0.1", "10.0.0.1@16514 open", "10.0.0.1@49152 refused", "nas@2049 timeout", "agent connected",
         "management ms", "ms@8250 unreachable", "route cloud0 0000FEA9 0000FFFF", "é", ""]  # fmt: skip


@given(st.lists(st.sampled_from(LINES), max_size=9).map("\n".join).map(HEAD.__add__) | st.text())
def test_whatever_comes(text: str) -> None:
    """It is read or it is unreadable."""
    try:
        found = read_host_reach(text)
    except UnreadableError:
        return
    assert set(found.libvirt) == set(found.migration) <= {"10.0.0.1"}
    assert set(found.management) <= {"ms"}
    assert set(found.routes.values()) <= {"cloud0"}
