"""The network back-end of dom0: its text over a tree, and its reader. All samples are constructed, after the facts."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.model import UnreadableError
from exporter.questions.xen_hosts.backend import XEN_BACKEND, XenBackend, read_backend
from tests.collector_shells import SHELLS
from tests.process_counting import count

BRIDGED = """\
backend bridge
openvswitch no
bridges 3
iptables 1
arptables 1
tool iptables
tool ebtables
tool ipset
PRODUCT_BRAND='XCP-ng'
PRODUCT_VERSION='8.2.1'
"""
SWITCHED = "backend openvswitch\nopenvswitch yes\nbridges 0\niptables -\narptables -\n"
INVENTORY = """\
PRIMARY_DISK='/dev/disk/by-id/ata-X'
PRODUCT_VERSION='8.2.1'
PRODUCT_VERSION_TEXT='8.2'
PRODUCT_BRAND='XenServer'
INSTALLATION_UUID='11111111-2222-3333-4444-555555555555'
MANAGEMENT_INTERFACE='xenbr0'"""
"""Its last line has no end, as a line that somebody has added."""


def test_linux_bridges() -> None:
    """Whatever security groups need is there."""
    assert read_backend(BRIDGED) == XenBackend(
        configured="bridge",
        bridges=3,
        filters_ip=True,
        filters_arp=True,
        tools=frozenset({"iptables", "ebtables", "ipset"}),
        product="XCP-ng 8.2.1",
    )


def test_open_vswitch() -> None:
    """The default since 6.0; no module for bridges, so no sysctls, and nothing installed."""
    assert read_backend(SWITCHED) == XenBackend(configured="openvswitch", runs_openvswitch=True)
    assert read_backend(SWITCHED.replace("backend openvswitch", "backend vswitch")).configured == "openvswitch"


@pytest.mark.parametrize(
    ("configured", "runs", "bridges", "running"),
    [
        ("bridge", False, 3, "bridge"),
        ("bridge", True, 0, "openvswitch"),
        ("bridge", True, 3, "openvswitch"),  # old releases of Open vSwitch feigned bridges
        ("openvswitch", True, 0, "openvswitch"),
        ("openvswitch", False, 3, "bridge"),
        ("openvswitch", False, 0, "openvswitch"),  # nothing tells: not a difference
        ("bridge", False, 0, "bridge"),
    ],
)
def test_what_runs(configured: str, runs: bool, bridges: int, running: str) -> None:
    """It may differ from what is set until the host is started anew."""
    assert XenBackend(configured=configured, runs_openvswitch=runs, bridges=bridges).running == running


@pytest.mark.parametrize(
    "text",
    [
        "",
        "backend \nopenvswitch no\nbridges 0\niptables -\narptables -\n",
        BRIDGED.replace("backend bridge", "backend macvlan"),
        BRIDGED.replace("openvswitch no", "openvswitch perhaps"),
        BRIDGED.replace("bridges 3", "bridges many"),
        BRIDGED.replace("iptables 1", "iptables 2", 1),
        BRIDGED.replace("bridges 3\n", ""),
        BRIDGED + "tool rm\n",
        BRIDGED + "PRODUCT_VERSION='$(reboot)'\n",
        BRIDGED + "INSTALLATION_UUID='x'\n",
    ],
)
def test_what_is_not_understood(text: str) -> None:
    """It gives a reason, never a value."""
    with pytest.raises(UnreadableError):
        read_backend(text)


@given(st.text() | st.lists(st.sampled_from([*BRIDGED.splitlines(), "backend x", "bridges ٣"])).map("\n".join))
def test_whatever_comes(text: str) -> None:
    """It is a back-end, or it is not readable."""
    try:
        found = read_backend(text)
    except UnreadableError:
        return
    assert found.configured in {"bridge", "openvswitch"}
    assert found.running in {"bridge", "openvswitch"}
    assert found.bridges >= 0
    assert len(found.product) <= 81


@pytest.fixture
def dom0(tmp_path: Path) -> Path:
    """Return the tree of a dom0 with Linux bridges."""
    for name in ("xenbr0", "xapi1"):
        (tmp_path / "sys/class/net" / name / "bridge").mkdir(parents=True)
    (tmp_path / "sys/class/net/eth0").mkdir()
    put(tmp_path, "etc/xensource/network.conf", "bridge\n")
    put(tmp_path, "etc/xensource-inventory", INVENTORY)
    for name in ("iptables", "arptables"):
        put(tmp_path, f"proc/sys/net/bridge/bridge-nf-call-{name}", "1\n")
    for name in ("iptables", "ipset"):
        put(tmp_path, f"sbin/{name}", "#!/bin/sh\n")
        (tmp_path / "sbin" / name).chmod(0o755)
    return tmp_path


def put(root: Path, path: str, text: str) -> None:
    """Write a file of a tree."""
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


def asked(root: Path, shell: str = "dash") -> subprocess.CompletedProcess[str]:
    """Return what the text prints over a tree."""
    environment = {"PATH": str(root / "sbin"), "ROOT": str(root), "LC_ALL": "C"}
    words = [*SHELLS[shell], "-c", f"set -f\n{XEN_BACKEND.text}"]
    program = next(path for path in (f"/bin/{words[0]}", f"/usr/bin/{words[0]}") if Path(path).exists())
    return subprocess.run([program, *words[1:]], env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("shell", SHELLS)
def test_the_text_over_linux_bridges(dom0: Path, shell: str) -> None:
    """In every shell that may be /bin/sh there."""
    said = asked(dom0, shell)
    assert (said.returncode, said.stderr) == (0, "")
    assert read_backend(said.stdout) == XenBackend(
        configured="bridge",
        bridges=2,
        filters_ip=True,
        filters_arp=True,
        tools=frozenset({"iptables", "ipset"}),
        product="XenServer 8.2.1",
    )


@pytest.mark.parametrize("shell", SHELLS)
def test_open_vswitch_is_seen_by_its_daemon_or_its_datapath(dom0: Path, shell: str) -> None:
    """A number that was left behind, or that is another's now, is no daemon."""
    put(dom0, "etc/xensource/network.conf", "vswitch")
    (dom0 / "etc/xensource-inventory").unlink()
    found = read_backend(asked(dom0, shell).stdout)
    assert (found.configured, found.runs_openvswitch, found.product) == ("openvswitch", False, "")
    put(dom0, "var/run/openvswitch/ovs-vswitchd.pid", "1402\n")
    assert not read_backend(asked(dom0, shell).stdout).runs_openvswitch
    put(dom0, "proc/1402/stat", "1402 (xapi) S 1 1402 1402 0 -1 4202752\n")
    assert not read_backend(asked(dom0, shell).stdout).runs_openvswitch
    put(dom0, "proc/1402/stat", "1402 (ovs-vswitchd) S 1 1402 1402 0 -1 4202752\n")
    assert read_backend(asked(dom0, shell).stdout).runs_openvswitch
    (dom0 / "proc/1402/stat").unlink()
    (dom0 / "sys/class/net/ovs-system").mkdir()
    assert read_backend(asked(dom0, shell).stdout).runs_openvswitch


@pytest.mark.parametrize("shell", SHELLS)
def test_no_file_is_a_reason(dom0: Path, shell: str) -> None:
    """It is not the default, which differs between releases; an empty one says nothing either."""
    put(dom0, "etc/xensource/network.conf", "")
    said = asked(dom0, shell)
    with pytest.raises(UnreadableError):
        read_backend(said.stdout)
    (dom0 / "etc/xensource/network.conf").unlink()
    said = asked(dom0, shell)
    assert (said.returncode, said.stdout.count("\n")) == (127, 1)


@pytest.mark.real
def test_it_starts_no_process(dom0: Path) -> None:
    """The shell reads all of it, however many bridges there are."""
    for number in range(50):
        (dom0 / "sys/class/net" / f"xapi{number + 10}" / "bridge").mkdir(parents=True)
    counted = count("env", f"ROOT={dom0}", "dash", "-c", f"set -f\n{XEN_BACKEND.text}")
    assert b"bridges 52" in counted.output
    assert counted.processes == count("env", "dash", "-c", ":").processes
