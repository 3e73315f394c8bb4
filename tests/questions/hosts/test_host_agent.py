"""Chosen settings of the agent; everything else in its file stays on the host."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.model import UnreadableError
from exporter.questions.hosts.agent import AGENT, KEYS, Agent, read_agent
from tests.process_counting import count
from tests.remote_texts import SHELLS, Machine, sample, shells

CANARY = "Canary-Pw-7f3a"
PROPERTIES = "/etc/cloudstack/agent/agent.properties"
STATES = ("ActiveState", "SubState", "NRestarts")
LINES = st.lists(st.sampled_from([*KEYS, *STATES, "active", "=", "\n", "x", ":", "10.1.1.11@static", "\x00", "é"]))


SAMPLES = Path(__file__).parents[2] / "samples"
SHOW = "show -p ActiveState,SubState,NRestarts cloudstack-agent"


def units(active: str = "active", inner: str = "running", restarts: int | str = 0) -> str:
    """Return what systemctl show prints."""
    return f"ActiveState={active}\nSubState={inner}\nNRestarts={restarts}"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Return a machine whose agent runs under systemd."""
    machine = Machine.at(tmp_path)
    machine.file("/run/systemd/system/x")
    machine.file(PROPERTIES, sample("agent", "agent.properties"))
    machine.tool("systemctl", SHOW, units())
    return machine


@pytest.fixture(params=shells())
def shell(request: pytest.FixtureRequest) -> str:
    """Return each shell in turn."""
    return str(request.param)


def test_the_chosen_settings(machine: Machine, shell: str) -> None:
    """Comments are none, a later key wins, the algorithm behind the addresses is none of them."""
    assert machine.read(AGENT, shell=shell) == Agent(
        management_servers=("10.1.1.11", "10.1.1.12"),
        zone="1",
        pod="1",
        cluster="3",
        public="cloudbr0",
        private="cloudbr1",
        guest="cloudbr2",
        bridge_type="native",
        vif_driver="com.cloud.hypervisor.kvm.resource.BridgeVifDriver",
        is_active=True,
        restarts=0,
    )


def test_no_other_setting_leaves_the_host(machine: Machine, shell: str) -> None:
    """Keys that begin or end alike, and what goes on after a secret, stay."""
    code, output = machine.ask(AGENT, shell=shell)
    assert code == 0
    assert CANARY in sample("agent", "agent.properties")
    assert CANARY not in output
    assert {line.partition("=")[0] for line in output.splitlines()} <= {*KEYS, *STATES}


@pytest.mark.parametrize(
    ("text", "private"),
    [
        ("private.network.device=cloudbr1", "cloudbr1"),
        ("private.network.device : cloudbr1  ", "cloudbr1"),
        ("private.network.device cloudbr1", "cloudbr1"),
        ("\tprivate.network.device\t=\tcloudbr1\r\n", "cloudbr1"),
        ("private.network.device=cloud\\\n   br1\n", "cloudbr1"),
        ("private.network.device=cloudbr1\nprivate.network.device=cloudbr2\n", "cloudbr2"),
        ("private.network.device=cloudbr1\n#private.network.device=cloudbr2\n", "cloudbr1"),
        ("# a comment does not go on \\\nprivate.network.device=cloudbr1\n", "cloudbr1"),
        ("path=c:\\\\\nprivate.network.device=cloudbr1\n", "cloudbr1"),
        ("secret=a\\\nprivate.network.device=cloudbr1\nhost=localhost\n", ""),
        ("xprivate.network.device=cloudbr1\nhost=localhost", ""),
        ("private.network.device=\nhost=localhost", ""),
        ("private.network.device=cloudbr\xe91", "cloudbr??1"),
    ],
)
def test_the_file_is_read_as_java_reads_it(machine: Machine, shell: str, text: str, private: str) -> None:
    """Three signs between key and value, lines that go on after a backslash, letters that are not ours."""
    machine.file(PROPERTIES, text)
    assert machine.read(AGENT, shell=shell).private == private


@pytest.mark.parametrize(
    ("word", "inner", "is_active"),
    [
        ("active", "running", True),
        ("reloading", "reload", True),
        ("inactive", "dead", False),
        ("failed", "failed", False),
        ("activating", "start", None),
        ("activating", "auto-restart", False),
        ("activating", "auto-restart-queued", False),
    ],
)
def test_whether_the_agent_runs(machine: Machine, shell: str, word: str, inner: str, is_active: bool | None) -> None:
    """systemd's words; a program that ended by itself and waits to be started again does not run."""
    machine.tool("systemctl", SHOW, units(word, inner, 4711))
    found = machine.read(AGENT, shell=shell)
    assert (found.is_active, found.restarts) == (is_active, 4711)


def test_a_systemd_that_does_not_count(machine: Machine, shell: str) -> None:
    """NRestarts came with systemd 235; that of CentOS 7 leaves it out, and one that fails says nothing at all."""
    machine.tool("systemctl", SHOW, "ActiveState=active\nSubState=running")
    found = machine.read(AGENT, shell=shell)
    assert (found.is_active, found.restarts) == (True, None)
    machine.tool("systemctl", SHOW, "", code=1)
    found = machine.read(AGENT, shell=shell)
    assert (found.is_active, found.restarts) == (None, None)


def test_real_words_of_systemd() -> None:
    """As a virtual machine with a pretended agent printed them, in systemd's own order."""
    told = (SAMPLES / "vm" / "systemctl.txt").read_text().splitlines()
    found = read_agent("\n".join(["host=a", *(line for line in told if line.partition("=")[0] in STATES)]))
    assert (found.is_active, found.restarts) == (True, 0)


def test_a_host_without_systemd_does_not_tell(tmp_path: Path, shell: str) -> None:
    """The rest is told all the same."""
    machine = Machine.at(tmp_path)
    machine.file(PROPERTIES, "host=localhost\n")
    assert machine.read(AGENT, shell=shell) == Agent(management_servers=("localhost",))


def test_a_host_without_an_agent(tmp_path: Path, shell: str) -> None:
    """127: the file is missing."""
    code, output = Machine.at(tmp_path).ask(AGENT, shell=shell)
    assert code == 127
    assert "no agent.properties" in output


def test_defaults() -> None:
    """As the agent fills in what its file does not say."""
    found = read_agent("host=10.1.1.11\nprivate.network.device=cloudbr1")
    assert (found.public, found.guest, found.bridge_type, found.is_active) == ("cloudbr0", "cloudbr1", "native", None)
    assert not found.is_openvswitch
    assert read_agent("network.bridge.type=OpenVswitch").is_openvswitch
    assert read_agent("libvirt.vif.driver=com.cloud.hypervisor.kvm.resource.OvsVifDriver").is_openvswitch


@pytest.mark.parametrize(
    "text", ["", "ActiveState=active\nSubState=dead\n", "guid=x\nhost=localhost\n", "host\n", "sed: error\nhost=a\n"]
)
def test_what_is_not_of_an_agent(text: str) -> None:
    """Nothing of its own, or a line that the text would not print; it is not repeated, it may be a secret."""
    with pytest.raises(UnreadableError) as caught:
        read_agent(text)
    assert "guid" not in str(caught.value)


@given(text=st.text() | LINES.map("".join))
def test_garbage_is_unreadable(text: str) -> None:
    """Whatever comes back, the reader returns an agent or raises UnreadableError."""
    try:
        found = read_agent(text)
    except UnreadableError:
        return
    assert found.public
    assert all(found.management_servers)


def test_two_processes_beside_the_shell(machine: Machine) -> None:
    """systemctl, and awk in the shell's place; the pretended systemctl starts one of its own."""
    environment = {
        "PATH": f"{machine.tools}:/usr/bin:/bin",
        "ROOT": str(machine.root),
        "LC_ALL": "C",
        "text": AGENT.text,
    }
    counted = count(*SHELLS["dash"], "-c", 'eval "$text"', environment=environment)
    assert counted.code == 0
    assert counted.processes <= 3
