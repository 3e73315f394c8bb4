"""Whom a console proxy reaches: the text in both shells, its reader, and real firewalls between namespaces."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.cloud.objects import SystemVm
from exporter.cloud.targeting import MOST_HOSTS
from exporter.cloud.targets import ConsoleProxyTarget
from exporter.model import Ports, UnreadableError
from exporter.questions.dialling import Reach
from exporter.questions.system_vms.console_proxy_reach import PROXY_REACH, ProxyReach, read_proxy_reach
from exporter.questions.system_vms.storage_ways import Lookup
from exporter.sources.ssh_words import LONGEST, Asked, Hop, Request
from tests.questions.reach_namespaces import FIREWALLS, Wires, wired
from tests.remote_texts import Machine, shells

SETTINGS = "usr/local/cloud/systemvm/conf/agent.properties"
HEADING = "Recv-Q Send-Q Local Address:Port Peer Address:Port Process\n"
CONNECTED = f"{HEADING}0 0 10.0.2.5:48222 10.0.0.1:8250\n"
HERE = "127.0.0.1"
SECRET = "do-not-tell"


@pytest.fixture(params=shells())
def shell(request: pytest.FixtureRequest) -> str:
    """Return each shell in turn."""
    return str(request.param)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Return a console proxy whose agent is connected to one of two servers, one of which has a name."""
    machine = Machine.at(tmp_path)
    machine.file(SETTINGS, f"keystore.passphrase={SECRET}\nhost=10.0.0.1,localhost@static\nport=8250\n")
    sockets(machine, CONNECTED)
    return machine


def sockets(machine: Machine, agent: str) -> None:
    """Let ss show the agent's connection, and none when it is asked for all."""
    machine.file_tool("ss", f'case $* in *dport*) printf %s "{agent}" ;; *) printf %s "{HEADING}" ;; esac\n')


def closed() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as free:
        free.bind((HERE, 0))
        port: int = free.getsockname()[1]
        return port


def test_a_healthy_proxy(machine: Machine, shell: str) -> None:
    """It reaches a screen, and the port of a host on which no machine has the first one."""
    with socket.create_server((HERE, 0)) as screen:
        port = str(screen.getsockname()[1])
        found = machine.read(PROXY_REACH, "8250", port, HERE, "127.0.0.2", shell=shell)
    assert found == ProxyReach(
        screens={HERE: Reach.OPEN, "127.0.0.2": Reach.REFUSED}, names={"localhost": Lookup.KNOWN}
    )


def test_an_agent_without_a_connection(machine: Machine, shell: str) -> None:
    """Then, and then only, the servers of its file are dialled; nothing else of the file is told."""
    sockets(machine, HEADING)
    machine.file(SETTINGS, f"keystore.passphrase={SECRET}\nhost={HERE},localhost,{HERE}@static\n")
    port = closed()
    code, output = machine.ask(PROXY_REACH, str(port), "5900", shell=shell)
    assert (code, SECRET in output) == (0, False)
    found = read_proxy_reach(output)
    assert not found.is_connected
    assert found.management == {HERE: Reach.REFUSED, "localhost": Reach.REFUSED}


def test_a_server_that_has_screens_too(machine: Machine) -> None:
    """Everything on one machine: its two ports are told apart."""
    sockets(machine, HEADING)
    machine.file(SETTINGS, f"host={HERE}\n")
    with socket.create_server((HERE, 0)) as agents:
        found = machine.read(PROXY_REACH, str(agents.getsockname()[1]), str(closed()), HERE)
    assert (found.management, found.screens) == ({HERE: Reach.OPEN}, {HERE: Reach.REFUSED})


@pytest.mark.parametrize(("code", "told"), [(0, Lookup.KNOWN), (2, Lookup.UNKNOWN), (124, Lookup.TIMEOUT)])
def test_names_of_management_servers(machine: Machine, code: int, told: Lookup) -> None:
    """Looked up as the agent does; addresses need no name server."""
    machine.file(SETTINGS, "host=ms.example,10.0.0.1\n")
    machine.tool("getent", "ahostsv4 ms.example", "", code)
    assert machine.read(PROXY_REACH, "8250", "5900").names == {"ms.example": told}


@pytest.mark.parametrize(("code", "told"), [(0, Lookup.KNOWN), (2, Lookup.UNKNOWN), (124, Lookup.TIMEOUT)])
def test_a_name_of_the_zone(machine: Machine, shell: str, code: int, told: Lookup) -> None:
    """It is asked for where the settings have addresses only, and is not dialled."""
    machine.file(SETTINGS, "host=10.0.0.1\n")
    machine.tool("getent", "ahostsv4 nas.example", "", code)
    found = machine.read(PROXY_REACH, "8250", "5900", "nas.example@53", shell=shell)
    assert found == ProxyReach(names={"nas.example": told})


def test_a_name_that_settings_have_too(machine: Machine) -> None:
    """It is asked for once."""
    machine.file(SETTINGS, "host=ms.example\n")
    machine.tool("getent", "ahostsv4 ms.example", "")
    code, output = machine.ask(PROXY_REACH, "8250", "5900", "ms.example@53")
    assert (code, output.count("name ms.example")) == (0, 1)


def test_no_getent(tmp_path: Path) -> None:
    """Nobody looks names up: that is a reason, not a name that nobody knows."""
    machine = Machine.at(tmp_path)
    machine.file_tool("ss", "printf 'Recv-Q\\n'\n")
    (machine.tools / "dash").symlink_to("/bin/dash")
    code, output = machine.ask(PROXY_REACH, "8250", "5900", path="/nonexistent")
    assert (code, output.splitlines()[-1]) == (127, "no getent")


def test_no_python(tmp_path: Path) -> None:
    """Nobody dials: that is a reason, not an open way."""
    machine = Machine.at(tmp_path)
    machine.file_tool("ss", "printf 'Recv-Q\\n'\n")
    for name in ("dash", "getent"):
        (machine.tools / name).symlink_to(f"/usr/bin/{name}")
    assert machine.ask(PROXY_REACH, "8250", "5900", HERE, path="/nonexistent")[0] == 127


def test_what_is_asked_of_a_proxy() -> None:
    """Ports are settings; each address once, and only those that a machine can be told."""
    vm = SystemVm(id="v", name="v-2-VM", kind="consoleproxy", state="Running", agent_state="Up", zone_id="z")
    target = ConsoleProxyTarget(vm, "zone-1", None, ("10.0.1.1", "10.0.1.1", "fe80::1", "10.0.1.2"))
    assert PROXY_REACH.parameters is not None
    assert PROXY_REACH.parameters(target, Ports(vnc=5901)) == ("8250", "5901", "10.0.1.1", "10.0.1.2")
    named = ConsoleProxyTarget(vm, "zone-1", None, ("10.0.1.1",), f"{'nas.' * 20}example")
    assert PROXY_REACH.parameters(named, Ports()) == ("8250", "5900", "10.0.1.1", f"{'nas.' * 20}example@53")


def test_a_zone_of_many_hosts(machine: Machine, shell: str) -> None:
    """The longest answer about as many as there may be is let through, and the call is far shorter than it may be."""
    addresses = [f"127.100.100.{number}" for number in range(100, 200)]
    addresses += [f"127.100.101.{number}" for number in range(100, 256)]
    assert len(addresses) == MOST_HOSTS
    parameters = ("8250", str(closed()), *addresses, f"{'nas.' * 60}example@53")
    code, output = machine.ask(PROXY_REACH, *parameters, shell=shell)
    assert (code, set(read_proxy_reach(output).screens)) == (0, set(addresses))
    longest = max(len(str(reach)) for reach in Reach)
    names = 8 * len(f"management {'m' * 253}\nname {'m' * 253} unknown\n{'m' * 253}@8250 unresolved\n")
    assert len(output) + MOST_HOSTS * longest + names < PROXY_REACH.size
    call = Request((Asked(PROXY_REACH.name, parameters, PROXY_REACH.size),), Hop("v-2-VM", "169.254.1.2"))
    assert sum(map(len, call.words("0123456789abcdef", "0123456789abcdef", legacy=False, seconds=600))) < LONGEST / 4


HEAD = "port agent 8250\nport vnc 5900\n"


@pytest.mark.parametrize(
    "text",
    [
        f"{HEAD}screen 10.0.0.1\n",
        f"{HEAD}10.0.0.1@5900 open\n",
        f"{HEAD}screen 10.0.0.1\n10.0.0.1@5900 perhaps\n",
        f"{HEAD}management a\nscreen b\na@8250 open\n",
        f"{HEAD}name a perhaps\n",
        "bash: oops\n",
    ],
)
def test_what_is_no_answer(text: str) -> None:
    """A way without an outcome, and an outcome that nobody asked for."""
    with pytest.raises(UnreadableError):
        read_proxy_reach(text)


LINES = ["screen 10.0.0.1", "10.0.0.1@5900 refused", "agent connected", "management ms", "ms@8250 timeout",
         "name ms known", "name ms", "é", ""]  # fmt: skip


@given(st.lists(st.sampled_from(LINES), max_size=8).map("\n".join).map(HEAD.__add__) | st.text())
def test_whatever_comes(text: str) -> None:
    """It is read or it is unreadable."""
    try:
        found = read_proxy_reach(text)
    except UnreadableError:
        return
    assert set(found.screens) <= {"10.0.0.1"}
    assert set(found.management) | set(found.names) <= {"ms"}


@pytest.fixture
def wires() -> Iterator[Wires]:
    """Yield a machine that asks."""
    with wired(f"pr{os.getpid()}-") as wires:
        yield wires


@pytest.mark.real
@pytest.mark.parametrize("shell", shells())
def test_32_hosts_at_once(wires: Wires, machine: Machine, shell: str) -> None:
    """Of each kind of firewall some; those that drop cost two seconds together."""
    kinds = list(FIREWALLS)
    hosts = {wires.machine(number, 5900, firewall=kinds[number % 4]): kinds[number % 4] for number in range(10, 42)}
    expected = {
        "accepts": Reach.OPEN,
        "drops": Reach.TIMEOUT,
        "prohibits": Reach.UNREACHABLE,
        "resets": Reach.REFUSED,
    }
    wanted = {address: expected[kind] for address, kind in hosts.items()}
    for _ in range(3):  # a machine with much else to do may see 32 answers late, and says timeout then
        found = wires.ask(machine, PROXY_REACH, "8250", "5900", *hosts, shell=shell).screens
        late = {address for address, reach in wanted.items() if found[address] is not reach}
        assert all(found[address] is Reach.TIMEOUT for address in late)
        if not late:
            break
    assert found == wanted
