"""Which bridges of Open vSwitch are asked for their MAC tables, by the shells that hosts have."""

from __future__ import annotations

from pathlib import Path

import pytest

from exporter.questions.hosts.ovs_macs import MOST, OVS_MACS
from tests.process_counting import count
from tests.remote_texts import SHELLS, Machine, shells

RUN = "/var/run/openvswitch"
AGENT = "/etc/cloudstack/agent/agent.properties"
APPCTL = """echo "$5" >>"$OVS_RUNDIR/asked"
case "$*" in
"--timeout=2 -t ovs-vswitchd fdb/stats-show {strange}") {does} ;;
"--timeout=2 -t ovs-vswitchd fdb/stats-show "*) echo "  Current/maximum MAC entries in the table: 1/8192" ;;
*) exit 9 ;;
esac
"""


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Return a machine without files and tools of its own."""
    return Machine.at(tmp_path)


@pytest.fixture(params=shells())
def shell(request: pytest.FixtureRequest) -> str:
    """Return each shell in turn."""
    return str(request.param)


def running(machine: Machine, *bridges: str, strange: str = "", does: str = "exit 9") -> None:
    """Lay out a switch with these bridges; ``does`` is what ovs-appctl does when it is asked for a strange one."""
    machine.file(f"{RUN}/db.sock")
    for bridge in bridges:
        machine.file(f"{RUN}/{bridge}.mgmt")
    machine.file_tool("ovs-appctl", APPCTL.format(strange=strange, does=does))


def asked(machine: Machine) -> list[str]:
    """Return the bridges that were asked, in their order."""
    return (machine.root / f"{RUN[1:]}/asked").read_text().split()


FILES = {
    "": ["br-int", "cloudbr0", "cloudbr1"],
    "private.network.device=cloudbr1": ["cloudbr1", "br-int", "cloudbr0"],
    "guest.network.device=cloudbr3\nprivate.network.device=cloudbr1": ["cloudbr3", "cloudbr1", "br-int"],
    "guest.network.device=cloudbr2\r\npublic.network.device=cloudbr3\r\n": [
        "cloudbr2",
        "cloudbr3",
        "br-int",
    ],
    "# old\n guest.network.device = cloudbr4 \nzone=1": ["cloudbr4", "br-int", "cloudbr0"],
    "guest.network.device: cloudbr4": ["cloudbr4", "br-int", "cloudbr0"],
    "#guest.network.device=cloudbr4": ["br-int", "cloudbr0", "cloudbr1"],
    "guest.network.device=cloud0": ["br-int", "cloudbr0", "cloudbr1"],
    "guest.network.device=../cloudbr4": ["br-int", "cloudbr0", "cloudbr1"],
    "guest.network.device=*": ["br-int", "cloudbr0", "cloudbr1"],
    "guest.network.device=eth7": ["br-int", "cloudbr0", "cloudbr1"],
}
"""What the agent's file says -> the bridges that are asked."""


@pytest.mark.parametrize("written", FILES)
def test_those_of_the_agent_come_first(machine: Machine, shell: str, written: str) -> None:
    """Then the others by name, never the link-local one; how many are left out is told."""
    running(machine, "br-int", "cloud0", *(f"cloudbr{number}" for number in range(5)))
    machine.file(AGENT, written)
    found = machine.read(OVS_MACS, shell=shell)
    assert asked(machine) == list(found.tables) == FILES[written]
    assert (len(found.tables), found.unasked) == (MOST, 3)


def test_no_file_of_the_agent(machine: Machine, shell: str) -> None:
    """Nothing is said of it."""
    running(machine, "cloudbr0", "cloudbr1")
    code, output = machine.ask(OVS_MACS, shell=shell)
    found = OVS_MACS.read(output)
    assert (code, found and found.unasked, found and set(found.tables)) == (0, 0, {"cloudbr0", "cloudbr1"})
    assert AGENT not in output


def test_a_host_without_open_vswitch(machine: Machine, shell: str) -> None:
    """Absent, or wanted and not running: whether it runs is asked elsewhere."""
    assert machine.read(OVS_MACS, shell=shell) is None
    machine.file(AGENT, "network.bridge.type=openvswitch")
    assert machine.read(OVS_MACS, shell=shell) is None


def test_a_switch_that_hangs_is_asked_nothing_more(machine: Machine, shell: str) -> None:
    """What was told before is told."""
    running(machine, *(f"cloudbr{number}" for number in range(6)), strange="cloudbr1", does="exit 142")
    found = machine.read(OVS_MACS, shell=shell)
    assert asked(machine) == ["cloudbr0", "cloudbr1"]
    assert (set(found.tables), found.unasked) == ({"cloudbr0"}, 3)


def test_a_bridge_that_is_gone_meanwhile(machine: Machine, shell: str) -> None:
    """And a version that does not know the command: the others are told."""
    running(machine, "cloudbr0", "cloudbr1", strange="cloudbr0", does="echo no such bridge >&2; exit 2")
    assert set(machine.read(OVS_MACS, shell=shell).tables) == {"cloudbr1"}


def test_what_the_account_may_not_do(machine: Machine, shell: str) -> None:
    """The question fails with the tool's own words."""
    words = 'ovs-appctl: cannot read pidfile "/x" (Permission denied)'
    running(machine, "cloudbr0", strange="cloudbr0", does=f"echo '{words}' >&2; exit 1")
    code, output = machine.ask(OVS_MACS, shell=shell)
    assert (code, output.splitlines()[-1]) == (1, words)


@pytest.mark.real
def test_one_process_for_each_bridge(machine: Machine) -> None:
    """Three at most, and none without Open vSwitch."""

    def processes() -> int:
        path = f"{machine.tools}:/usr/sbin:/usr/bin:/sbin:/bin"
        environment = {"PATH": path, "ROOT": str(machine.root), "LC_ALL": "C", "text": OVS_MACS.text}
        counted = count(*SHELLS["dash"], "-c", 'eval "$text"', environment=environment)
        assert counted.code == 0
        return counted.processes - 1

    assert processes() == 0
    running(machine, "cloudbr0")
    assert processes() == 1
    running(machine, *(f"cloudbr{number}" for number in range(9)))
    assert processes() == MOST
