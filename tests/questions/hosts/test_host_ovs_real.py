"""A real Open vSwitch in user space, asked as hosts are asked, and judged, one thing broken at a time."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from exporter.checks.open_vswitch import controllers, daemons, flows, mac_table, switch_bonds, switch_ports, tags
from exporter.model import Sample
from exporter.questions.hosts.agent import AGENT, Agent
from exporter.questions.hosts.ovs import OVS_DATABASE
from exporter.questions.hosts.ovs_macs import OVS_MACS
from exporter.questions.hosts.ovs_runtime import OVS_RUNTIME, OvsRuntime, State
from tests.checks.open_vswitch.switch_scene import cloud, instance, judged, values_of
from tests.real_ovs import RealOvs, bond, real_ovs, tap
from tests.real_parts import require, require_root

pytestmark = pytest.mark.real

CHECKS = (controllers, daemons, flows, mac_table, switch_bonds, switch_ports, tags)
MACS = ("02:00:5c:3a:00:07", "02:00:5c:3a:00:08")
CLOUD = cloud(instance("vlan://100", MACS[0]))


@pytest.fixture
def ovs() -> Iterator[RealOvs]:
    """Yield a switch with a bond that has come up and two machines."""
    require("ovs-vswitchd", "ovsdb-server", "ovsdb-tool", "ovs-vsctl", "ovs-appctl", "ip", "dash")
    require_root("network namespaces and ovs-vswitchd need root")
    with real_ovs() as made:
        bond(made)
        tap(made, "vnet0", MACS[0], 100)
        tap(made, "vnet1", MACS[1], 200)
        made.until(OVS_RUNTIME, _agreed)
        yield made


def _agreed(runtime: OvsRuntime) -> bool:
    members = [member for one in (runtime.bonds or {}).values() for member in one.members]
    return len(members) == 4 and all(member.is_enabled and member.lacp == "current" for member in members)


def seen(ovs: RealOvs) -> dict[tuple[str, ...], float]:
    """Return the verdicts that are problems, after two visits; a bond has then had the time to negotiate."""
    values: dict[Any, Any] = {AGENT: Agent(bridge_type="openvswitch"), OVS_RUNTIME: ovs.machine.read(OVS_RUNTIME)}
    values[OVS_MACS] = ovs.machine.read(OVS_MACS)
    code, output = ovs.machine.ask(OVS_DATABASE)
    if code == 0:
        values[OVS_DATABASE] = OVS_DATABASE.read(output)
    found: list[Sample] = []
    for check in CHECKS:
        if all(question in values for question in next(iter(check.CHECK.asks.values()))):
            found += judged(check.judge, values, CLOUD)
    return values_of([one for one in found if one.metric.problem and one.metric.problem.holds(one.value, 0)])


def test_a_healthy_switch(ovs: RealOvs) -> None:
    """Two bridges, an LACP bond, two machines: no problem at all."""
    assert seen(ovs) == {}
    database, runtime = ovs.machine.read(OVS_DATABASE), ovs.machine.read(OVS_RUNTIME)
    assert database.version == runtime.database.version == "3.1.0"
    assert set(database.bridges) == {"cloudbr1", "sw0"}
    macs = ovs.machine.read(OVS_MACS)
    assert (set(macs.tables), macs.unasked) == ({"cloudbr1", "sw0"}, 0)
    assert database.ports["vnet0"].tag == 100
    assert database.ports["vnet0"].interfaces[0].attached_mac == MACS[0]


def test_a_partner_that_stops_lacp(ovs: RealOvs) -> None:
    """No member of bond0 carries anything; the bond of the switch goes on without LACP."""
    ovs.vsctl("set", "port", "lag1", "lacp=off")
    ovs.until(OVS_RUNTIME, lambda found: not any(one.is_enabled for one in found.bonds["bond0"].members))
    assert seen(ovs) == {
        ("bond_members_without_partner", "bond0"): 2,
        ("bond_members_disabled", "bond0"): 2,
        ("bond_members_enabled", "bond0"): 0,
    }
    ovs.vsctl("set", "port", "lag1", "lacp=active")
    ovs.until(OVS_RUNTIME, _agreed)
    assert seen(ovs) == {}


def test_a_cable_that_is_pulled(ovs: RealOvs) -> None:
    """A member without a link is disabled, on both ends; it is no matter of LACP."""
    ovs.ip("link", "set", "bs1", "down")
    ovs.until(OVS_RUNTIME, lambda found: [one.is_enabled for one in found.bonds["bond0"].members] == [True, False])
    ovs.until(OVS_DATABASE, lambda found: found.ports["bond0"].interfaces[1].is_up is False)
    assert seen(ovs) == {("bond_members_disabled", "bond0"): 1}  # no label leads to the other end


def test_a_port_without_its_device(ovs: RealOvs) -> None:
    """The switch says so itself; when the device comes, it is opened."""
    ovs.vsctl("--no-wait", "add-port", "cloudbr1", "vnet999", "tag=7")
    ovs.until(OVS_DATABASE, lambda found: found.ports["vnet999"].interfaces[0].ofport == -1)
    assert seen(ovs) == {("ports_failed",): 1}
    ovs.ip("link", "add", "vnet999", "up", "type", "veth", "peer", "name", "vnet999-vm")
    ovs.until(OVS_DATABASE, lambda found: (found.ports["vnet999"].interfaces[0].ofport or -1) > 0)
    assert seen(ovs) == {}


def test_a_wrong_tag(ovs: RealOvs) -> None:
    """The port of the machine is found by its MAC."""
    ovs.vsctl("set", "port", "vnet0", "tag=200")
    assert seen(ovs) == {("tags_wrong",): 1}
    ovs.vsctl("clear", "port", "vnet0", "tag")
    assert seen(ovs) == {("tags_wrong",): 1}
    ovs.vsctl("set", "port", "vnet0", "tag=100")
    assert seen(ovs) == {}


def test_a_controller_that_is_not_there(ovs: RealOvs) -> None:
    """Only in fail mode secure; nobody listens on that port of the namespace."""
    ovs.vsctl("set-controller", "cloudbr1", "tcp:127.0.0.1:6653")
    ovs.until(OVS_DATABASE, lambda found: found.bridges["cloudbr1"].controllers == {"tcp:127.0.0.1:6653": False})
    assert seen(ovs) == {}
    ovs.vsctl("set-fail-mode", "cloudbr1", "secure")
    assert seen(ovs) == {("controllers_lost", "cloudbr1"): 1}


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_switch_that_is_gone(ovs: RealOvs, how: signal.Signals) -> None:
    """Ended or killed; its database still answers, and a new start is another one."""
    before = ovs.machine.read(OVS_RUNTIME).switch.started
    ovs.stop("ovs-vswitchd", how)
    assert seen(ovs) == {("daemon_up", "ovs-vswitchd"): 0}
    ovs.start_switch()
    after = ovs.until(OVS_RUNTIME, _agreed).switch.started
    assert seen(ovs) == {}
    assert after > before


def test_a_switch_that_hangs(ovs: RealOvs) -> None:
    """It runs and answers nobody; the database is told all the same."""
    with ovs.stopped("ovs-vswitchd"):
        assert ovs.machine.read(OVS_RUNTIME).switch.state is State.HANGS
        assert seen(ovs) == {("daemon_up", "ovs-vswitchd"): 0}
    ovs.until(OVS_RUNTIME, _agreed)
    assert seen(ovs) == {}


def test_a_database_that_is_gone_or_hangs(ovs: RealOvs) -> None:
    """The question about it fails, so that nobody takes the host for one without bridges; the switch goes on."""
    with ovs.stopped("ovsdb-server"):
        assert ovs.machine.ask(OVS_DATABASE)[0] != 0
        assert seen(ovs) == {("daemon_up", "ovsdb-server"): 0}
    ovs.stop("ovsdb-server", signal.SIGKILL)
    code, output = ovs.machine.ask(OVS_DATABASE)
    assert code == 1
    assert "database connection failed" in output
    assert seen(ovs) == {("daemon_up", "ovsdb-server"): 0}


def test_an_account_without_privilege(ovs: RealOvs) -> None:
    """It sees that the daemons are there and may not ask them: a reason, not a dead switch."""
    require("setpriv")
    os.chmod(ovs.machine.root.parent, 0o755)  # noqa: PTH101 - as /var is on a host
    nobody = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    for question in (OVS_DATABASE, OVS_RUNTIME):
        code, output = ovs.machine.ask(question, before=nobody)
        assert code == 1, output
        assert "Permission denied" in output
