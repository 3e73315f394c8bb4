"""What a console proxy says of itself: texts run by real shells and tools, readers on recordings and garbage."""

from __future__ import annotations

import contextlib
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.model import Ports, UnreadableError
from exporter.questions.system_vms import console_proxy as asked
from exporter.questions.system_vms.console_proxy import Agent
from tests.real_parts import require
from tests.remote_texts import Machine, sample, shells

CANARY = "Canary-Pw-7f3a"
BOTH = ("127.0.0.1:8250", "127.0.0.1:8250")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Return a machine without files and tools of its own."""
    return Machine.at(tmp_path)


@pytest.fixture(params=shells())
def shell(request: pytest.FixtureRequest) -> str:
    """Return each shell in turn."""
    return str(request.param)


@pytest.fixture
def connection() -> Iterator[int]:
    """Hold an IPv4 and a dual-stack connection to a port, and give the port."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        port: int = listener.getsockname()[1]
        stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        mapped = stack.enter_context(socket.socket(socket.AF_INET6))
        mapped.connect(("::ffff:127.0.0.1", port))
        for _ in range(2):
            stack.enter_context(listener.accept()[0])
        yield port


def only(folder: Path, *programs: str) -> str:
    """Return a PATH that holds nothing but a shell and these programs."""
    folder.mkdir()
    for program in ("dash", *programs):
        found = shutil.which(program, path="/usr/sbin:/usr/bin:/sbin:/bin")
        assert found is not None
        (folder / program).symlink_to(found)
    return str(folder)


# Connections


@pytest.mark.parametrize(
    ("tool", "name", "peers"),
    [
        ("ss", "ss-established", BOTH),
        ("ss", "ss-established-H", BOTH),
        ("ss", "ss-estab-column", BOTH),
        ("ss", "ss-established-none", ()),
        ("netstat", "netstat-established", BOTH),
        ("netstat", "netstat-header", ()),
    ],
)
def test_connections_as_recorded(tool: str, name: str, peers: tuple[str, ...]) -> None:
    """With and without headings, with and without a state column, also from Java's dual-stack sockets."""
    assert asked.PROXY_AGENT_CONNECTIONS.read(f"{tool}\n{sample('console', name)}") == peers


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "0 0 10.1.1.2:4000 10.1.1.1:8250\n",
        "ss\nError: an inet prefix is expected\n",
        "ss\n0 0 10.1.1.2:4000\n",
        "ss\n0 x 10.1.1.2:4000 10.1.1.1:8250\n",
        "netstat\ntcp 0 0 10.1.1.2:4000 10.1.1.1:8250 TIME_WAIT\n",
        "ss\n0 0 10.1.1.2:4000 10.1.1.1:https\n",
    ],
)
def test_connections_in_another_format_are_unreadable(text: str) -> None:
    """An empty answer is not an empty list, and no line is guessed."""
    with pytest.raises(UnreadableError):
        asked.PROXY_AGENT_CONNECTIONS.read(text)


@pytest.mark.real
def test_connections_by_the_real_ss(machine: Machine, shell: str, connection: int) -> None:
    """Both connections are seen, and none to another port."""
    require("ss")
    assert machine.read(asked.PROXY_AGENT_CONNECTIONS, str(connection), shell=shell) == (f"127.0.0.1:{connection}",) * 2
    assert machine.read(asked.PROXY_AGENT_CONNECTIONS, "1", shell=shell) == ()


@pytest.mark.real
def test_connections_by_the_real_netstat(machine: Machine, tmp_path: Path, connection: int) -> None:
    """Where there is no ss, netstat tells the same; a port that only begins alike does not count."""
    require("netstat")
    path = only(tmp_path / "bin", "netstat", "awk")
    for port, peers in ((connection, 2), (connection // 10, 0)):
        code, output = machine.ask(asked.PROXY_AGENT_CONNECTIONS, str(port), path=path)
        assert code == 0, output
        assert asked.PROXY_AGENT_CONNECTIONS.read(output) == (f"127.0.0.1:{port}",) * peers


def test_without_any_tool_there_is_no_answer(machine: Machine, tmp_path: Path) -> None:
    """Neither ss nor netstat ends in a code that says so, not in an empty list."""
    code, _ = machine.ask(asked.PROXY_AGENT_CONNECTIONS, "8250", path=only(tmp_path / "bin", "awk"))
    assert code == 127


def test_the_agent_port_is_the_one_parameter() -> None:
    """It is a setting and of a closed type."""
    parameters = asked.PROXY_AGENT_CONNECTIONS.parameters
    assert parameters is not None
    assert parameters(None, Ports(agent=18250)) == ("18250",)


# Agent


PROCESSES = f"""COMMAND
/sbin/init
java -Djava.net.preferIPv4Stack=true -cp x com.cloud.agent.AgentShell keystore_password={CANARY} type=consoleproxy
grep com.cloud.agent.AgentShell
/bin/bash /usr/local/cloud/systemvm/_run.sh com.cloud.agent.AgentShell
"""


def test_the_agent_is_counted_and_its_arguments_stay(machine: Machine) -> None:
    """Passwords in the arguments never leave the proxy; only Java processes count."""
    machine.file("/run/systemd/system/x")
    machine.tool("systemctl", "show -p ActiveState cloud.service", "ActiveState=active")
    machine.tool("ps", "-eo args", PROCESSES)
    code, output = machine.ask(asked.PROXY_AGENT)
    assert code == 0
    assert CANARY not in output
    assert asked.PROXY_AGENT.read(output) == Agent(1, "active")


def test_an_agent_that_is_gone(machine: Machine) -> None:
    """No process is an answer, on old proxies without systemd too."""
    machine.tool("ps", "-eo args", "COMMAND\n/sbin/init\n")
    assert machine.read(asked.PROXY_AGENT) == Agent(0)


@pytest.mark.real
def test_the_agent_by_the_real_ps(machine: Machine) -> None:
    """The question does not count itself."""
    require("ps")
    assert machine.read(asked.PROXY_AGENT) == Agent(0)


def test_a_ps_that_fails_is_not_a_dead_agent(machine: Machine) -> None:
    """Its exit code is the answer's."""
    machine.tool("ps", "-eo args", "error: /proc must be mounted", code=1)
    assert machine.ask(asked.PROXY_AGENT)[0] == 1


# Sockets, ports, hosts, release


@pytest.mark.real
@pytest.mark.parametrize("tool", ["ss", "netstat"])
def test_sockets_by_real_tools(machine: Machine, tmp_path: Path, tool: str) -> None:
    """A listener on one address and one on all are both seen."""
    require(tool)
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("", 0)) as everywhere:
        code, output = machine.ask(asked.PROXY_SOCKETS, path=only(tmp_path / "bin", tool))
        assert code == 0, output
        found = asked.PROXY_SOCKETS.read(output)
        assert any(item.listens_at("127.0.0.1", one.getsockname()[1]) for item in found)
        assert any(item.listens_at("192.0.2.1", everywhere.getsockname()[1]) for item in found)
        assert not any(item.listens_at("192.0.2.1", one.getsockname()[1]) for item in found)


def test_the_vnc_port(machine: Machine, shell: str) -> None:
    """The file's number, or 0 where there is no such file."""
    assert machine.read(asked.PROXY_VNC_PORT, shell=shell) == 0
    machine.file("/root/vncport", "8443\n")
    assert machine.read(asked.PROXY_VNC_PORT, shell=shell) == 8443


PROPERTIES = f"""#Wed Mar 20
guid=Proxy.2
keystore.passphrase={CANARY}
hostkey={CANARY}
host=10.1.1.1
port=8250
host = 10.1.1.11,10.1.1.12@roundrobin
"""


def test_management_hosts_and_nothing_else(machine: Machine, shell: str) -> None:
    """The last line wins, the algorithm is cut off, passwords in the same file stay."""
    machine.file("/usr/local/cloud/systemvm/conf/agent.properties", PROPERTIES)
    code, output = machine.ask(asked.PROXY_MANAGEMENT_HOSTS, shell=shell)
    assert code == 0
    assert CANARY not in output
    assert asked.PROXY_MANAGEMENT_HOSTS.read(output) == ("10.1.1.11", "10.1.1.12")


def test_management_hosts_without_the_file(machine: Machine, shell: str) -> None:
    """A file that is not there is a failure, not an empty list."""
    assert machine.ask(asked.PROXY_MANAGEMENT_HOSTS, shell=shell)[0] != 0


@pytest.mark.parametrize(
    ("text", "hosts"),
    [("", ()), ("localhost\n", ("localhost",)), ("ms1.example, 10.1.1.1 ,\n", ("ms1.example", "10.1.1.1"))],
)
def test_management_hosts_as_written(text: str, hosts: tuple[str, ...]) -> None:
    """Names, blanks and a trailing comma."""
    assert asked.PROXY_MANAGEMENT_HOSTS.read(text) == hosts


def test_the_release(machine: Machine, shell: str) -> None:
    """The first line, cut at a bound."""
    machine.file("/etc/cloudstack-release", "Cloudstack Release 4.20.1 Thu Mar 20 10:11:12 UTC 2025\nmore\n")
    assert machine.read(asked.PROXY_RELEASE, shell=shell) == "Cloudstack Release 4.20.1 Thu Mar 20 10:11:12 UTC 2025"
    assert len(asked.PROXY_RELEASE.read("Cloudstack Release " + "9" * 500)) == 120


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (asked.read_port, "0"),
        (asked.read_port, "65536"),
        (asked.read_port, ""),
        (asked.read_port, "٨٤٤٣"),
        (asked.read_port, "8443 8080"),
        (asked.read_hosts, "a b"),
        (asked.read_hosts, "<html>"),
        (asked.read_agent, "ActiveState=active\n"),
        (asked.read_agent, "processes=many\n"),
        (asked.read_release, "Debian"),
        (asked.read_release, ""),
    ],
)
def test_other_formats_are_unreadable(read: Callable[[str], object], text: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(UnreadableError):
        read(text)


@pytest.mark.parametrize(
    "read",
    [
        asked.read_connections,
        asked.read_agent,
        asked.read_hosts,
        asked.read_port,
        asked.read_release,
        asked.PROXY_SOCKETS.read,
    ],
)
def test_garbage_is_unreadable_or_harmless(read: Callable[[str], object]) -> None:
    """Any text ends in UnreadableError or in a value."""

    @given(st.one_of(st.text(), st.text(alphabet="ss \n0123456789.:[]=EUTABLI,@-"), st.text().map("ss\n".__add__)))
    def holds(text: str) -> None:
        with contextlib.suppress(UnreadableError):
            read(text)

    holds()
