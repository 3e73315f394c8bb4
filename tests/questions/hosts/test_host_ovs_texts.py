"""The texts about Open vSwitch, run by the shells that hosts have, over laid out files and tools."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from exporter.questions.hosts.ovs import OVS_DATABASE
from exporter.questions.hosts.ovs_runtime import OVS_RUNTIME, State
from tests.process_counting import count
from tests.remote_texts import SHELLS, Machine, sample, shells

RUN = "/var/run/openvswitch"
AGENT = "/etc/cloudstack/agent/agent.properties"
BOND = "---- bond0 ----\nbond_mode: balance-slb\nlacp_status: off\nmember p0: enabled\n"
LIMIT = "  flows : (current 1) (avg 1) (max 1) (limit 10)\n"
STAT = "701 (ovs (x) y) S 1 701 701 0 -1 4194624 0 0 0 0 0 0 0 0 0 0 0 0 123456 0 0\n"
LONG = "2026-11-21T12:37:45.888Z|00064|timeval|WARN|Unreasonably long 2345ms poll interval (12ms user, 3ms system)"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Return a machine without files and tools of its own."""
    return Machine.at(tmp_path)


@pytest.fixture(params=shells())
def shell(request: pytest.FixtureRequest) -> str:
    """Return each shell in turn."""
    return str(request.param)


def bare(machine: Machine) -> str:
    """Return a PATH with shells and nothing else."""
    place = machine.root.parent / "bare"
    place.mkdir(exist_ok=True)
    for name in shells():
        (place / SHELLS[name][0]).symlink_to(str(shutil.which(SHELLS[name][0])))
    return str(place)


def running(machine: Machine, *bridges: str) -> None:
    """Lay out the files of daemons that run."""
    machine.file(f"{RUN}/db.sock")
    for name in ("ovsdb-server", "ovs-vswitchd"):
        machine.file(f"{RUN}/{name}.pid", "701\n")
    machine.file("/proc/701/stat", STAT)
    for bridge in bridges:
        machine.file(f"{RUN}/{bridge}.mgmt")


def appctl(machine: Machine, *, bonds: str = "", when: str = "") -> None:
    """Put an ovs-appctl there by shell alone, one process a call; ``when`` comes before its answers."""
    machine.file_tool(
        "ovs-appctl",
        f"""[ "$1" = --timeout=2 ] && [ "$2" = -t ] || exit 9
daemon=$3; shift 3; said="$*"
echo "$daemon $said" >>"$OVS_RUNDIR/asked"
case "$daemon $said" in
{when}
"ovsdb-server version") echo "ovsdb-server (Open vSwitch) 2.17.9" ;;
"ovs-vswitchd upcall/show") printf 'system@ovs-system:\\n{LIMIT}' ;;
"ovs-vswitchd dpctl/show") printf 'system@ovs-system:\\n  lookups: hit:1 missed:2 lost:3\\n' ;;
"ovs-vswitchd bond/show") printf '%s' '{bonds}' ;;
"ovs-vswitchd lacp/show") ;;
"ovs-vswitchd fdb/stats-show "*) echo "  Current/maximum MAC entries in the table: 1/8192" ;;
*) echo "\\"$1\\" is not a valid command"; exit 2 ;;
esac
""",
    )


def asked(machine: Machine) -> list[str]:
    """Return what ovs-appctl was asked."""
    return (machine.root / f"{RUN[1:]}/asked").read_text().splitlines()


UNWANTED = {
    "nothing at all": {},
    "an agent with Linux bridges": {AGENT: "network.bridge.type=native\nlibvirt.vif.driver=x.BridgeVifDriver\n"},
    "a comment": {AGENT: "# network.bridge.type=openvswitch\n"},
    "stopped and not used": {"/etc/openvswitch/conf.db": "", AGENT: "network.bridge.type=native"},
}


@pytest.mark.parametrize("name", UNWANTED)
def test_a_host_without_open_vswitch(machine: Machine, shell: str, name: str) -> None:
    """Its absence is an answer, whether the tools are installed or not."""
    for path, text in UNWANTED[name].items():
        machine.file(path, text)
    assert machine.read(OVS_DATABASE, shell=shell) is None
    assert machine.read(OVS_RUNTIME, shell=shell) is None
    appctl(machine)
    assert machine.read(OVS_RUNTIME, shell=shell) is None


WANTED = {
    "the agent": {AGENT: "zone=1\nnetwork.bridge.type = openvswitch\n"},
    "the driver": {AGENT: "libvirt.vif.driver=com.cloud.hypervisor.kvm.resource.OvsVifDriver"},
    "the kernel": {"/sys/class/net/ovs-system/operstate": "unknown"},
}


@pytest.mark.parametrize("name", WANTED)
def test_a_host_that_wants_it_and_has_no_tools(machine: Machine, shell: str, name: str) -> None:
    """The database is then missing, not empty; of the daemons it is certain that they do not run."""
    for path, text in WANTED[name].items():
        machine.file(path, text)
    path = bare(machine)
    assert machine.ask(OVS_DATABASE, shell=shell, path=path)[0] == 127
    code, output = machine.ask(OVS_RUNTIME, shell=shell, path=path)
    assert (code, OVS_RUNTIME.read(output)) == (0, None)


def test_a_host_that_wants_it_and_has_it_stopped(machine: Machine, shell: str) -> None:
    """Both daemons are down, by what ovs-appctl says."""
    machine.file(AGENT, "network.bridge.type=openvswitch")
    gone = 'echo "ovs-appctl: cannot read pidfile (No such file or directory)" >&2; exit 1'
    machine.file_tool("ovs-appctl", gone)
    found = machine.read(OVS_RUNTIME, shell=shell)
    assert (found.database.state, found.switch.state, found.polls) == (State.DOWN, State.DOWN, None)
    machine.file_tool("ovs-vsctl", 'echo "ovs-vsctl: database connection failed" >&2; exit 1')
    assert machine.ask(OVS_DATABASE, shell=shell)[0] == 1


def test_the_database_is_asked_once(machine: Machine, shell: str) -> None:
    """One call for all tables; a wish for it is not asked for where it runs."""
    running(machine)
    answer = sample("questions/ovs", "database.healthy")
    wanted = " ".join(OVS_DATABASE.text.rpartition("exec ovs-vsctl ")[2].split())
    machine.tool("ovs-vsctl", wanted, answer)
    found = machine.read(OVS_DATABASE, shell=shell)
    assert set(found.bridges) == {"cloudbr1", "sw0"}


def test_running_daemons(machine: Machine, shell: str) -> None:
    """Starts come from /proc, also where the name holds a parenthesis; of the log only long polls leave the host."""
    running(machine, "cloudbr0")
    appctl(machine, bonds=BOND)
    machine.file("/var/log/openvswitch/ovs-vswitchd.log", f"a secret line\n{LONG}\n* and a star\n")
    code, output = machine.ask(OVS_RUNTIME, shell=shell)
    assert code == 0
    assert "secret" not in output
    found: Any = OVS_RUNTIME.read(output)
    assert found.switch.started == found.database.started == 1234.56
    assert found.database.version == "2.17.9"
    assert [poll.seconds for poll in found.polls] == [2.345]
    assert found.datapaths["system@ovs-system"].lost == 3
    assert list(found.bonds) == ["bond0"]


def test_questions_are_bounded(machine: Machine, shell: str) -> None:
    """LACP is asked only where there are bonds."""
    running(machine, "cloud0", "cloudbr0")
    appctl(machine)
    machine.read(OVS_RUNTIME, shell=shell)
    assert asked(machine) == [
        "ovsdb-server version",
        *(f"ovs-vswitchd {one}/show" for one in ("upcall", "dpctl", "bond")),
    ]


@pytest.mark.parametrize("command", ["upcall/show", "dpctl/show", "bond/show"])
def test_a_switch_that_hangs_is_asked_nothing_more(machine: Machine, shell: str, command: str) -> None:
    """Wherever it begins to hang; the database and what was told before are told."""
    running(machine, "cloudbr0", "cloudbr1")
    appctl(machine, bonds=BOND, when=f'"ovs-vswitchd {command}") exit 142 ;;')
    found = machine.read(OVS_RUNTIME, shell=shell)
    assert found.switch.state is State.HANGS
    assert found.switch.started == 1234.56
    assert found.database.state is State.UP
    assert asked(machine)[-1] == f"ovs-vswitchd {command}"


def test_a_database_that_hangs(machine: Machine, shell: str) -> None:
    """The switch is asked as always."""
    running(machine)
    appctl(machine, when='"ovsdb-server version") exit 142 ;;')
    found = machine.read(OVS_RUNTIME, shell=shell)
    assert (found.database.state, found.switch.state) == (State.HANGS, State.UP)


@pytest.mark.parametrize("command", ["ovsdb-server version", "ovs-vswitchd upcall/show"])
def test_what_the_account_may_not_do(machine: Machine, shell: str, command: str) -> None:
    """It makes the question fail with the tool's own words; nobody is called dead."""
    running(machine)
    words = 'ovs-appctl: cannot read pidfile "/x" (Permission denied)'
    appctl(machine, when=f"\"{command}\") echo '{words}' >&2; exit 1 ;;")
    code, output = machine.ask(OVS_RUNTIME, shell=shell)
    assert code == 1
    assert output.splitlines()[-1] == words


def test_no_tool_beside_a_daemon_that_runs(machine: Machine, shell: str) -> None:
    """It is a missing tool, not a missing daemon."""
    running(machine)
    assert machine.ask(OVS_RUNTIME, shell=shell, path=bare(machine))[0] == 127


def test_commands_that_an_old_version_does_not_know(machine: Machine, shell: str) -> None:
    """They leave out what they would tell."""
    running(machine, "cloudbr0")
    appctl(machine, when='*dpctl/*) echo "is not a valid command" >&2; exit 2 ;;')
    found = machine.read(OVS_RUNTIME, shell=shell)
    assert found.switch.state is State.UP
    assert found.datapaths["system@ovs-system"].lost is None


def processes(machine: Machine, text: str) -> int:
    """Return how many processes a text starts beside its shell."""
    path = f"{machine.tools}:/usr/sbin:/usr/bin:/sbin:/bin"
    environment = {"PATH": path, "ROOT": str(machine.root), "LC_ALL": "C", "text": text}
    counted = count(*SHELLS["dash"], "-c", 'eval "$text"', environment=environment)
    assert counted.code == 0
    return counted.processes - 1


@pytest.mark.real
def test_processes(machine: Machine) -> None:
    """None without Open vSwitch, one for the database; for the daemons one a command, and one for the log."""
    assert processes(machine, OVS_DATABASE.text) == 0
    assert processes(machine, OVS_RUNTIME.text) == 0
    running(machine, "cloudbr0")
    machine.file("/var/log/openvswitch/ovs-vswitchd.log", LONG)
    machine.file_tool("ovs-vsctl", "echo {}")
    appctl(machine)
    assert processes(machine, OVS_DATABASE.text) == 0  # the shell becomes ovs-vsctl
    assert processes(machine, OVS_RUNTIME.text) == 5
    appctl(machine, bonds=BOND)
    running(machine, *(f"cloudbr{number}" for number in range(6)))
    assert processes(machine, OVS_RUNTIME.text) == 6
