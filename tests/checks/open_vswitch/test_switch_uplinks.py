"""Bridges of Open vSwitch none of whose uplinks carries."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from exporter.checks.open_vswitch.switch_uplinks import BRING_BACK, MEND_BOND, judge
from exporter.cloud.cloud import Cloud
from exporter.memory import Scope
from exporter.questions.hosts.links import LINKS, Link, Links
from exporter.questions.hosts.ovs import OVS_DATABASE, OvsBridge, OvsDatabase, OvsInterface, OvsPort
from exporter.questions.hosts.ovs_bonds import OvsBond, OvsBondMember, read_bonds
from exporter.questions.hosts.ovs_runtime import OVS_RUNTIME, OvsRuntime
from tests.checks.open_vswitch.switch_scene import (
    HEALTHY,
    Values,
    answers,
    cloud,
    database,
    host,
    judged,
    port,
    problems,
    refreshed,
    runtime,
    tap,
    target,
    values_of,
)
from tests.remote_texts import sample

BOND = OvsPort(
    name="bond0",
    bridge="cloudbr1",
    interfaces=(OvsInterface(name="eth0", ofport=1), OvsInterface(name="eth1", ofport=2)),
)
NIC = port("eth1")
GONE = port("eth1", ofport=-1, error="could not open network device eth1 (No such device)")


def bonds(*enabled: bool) -> OvsRuntime:
    """Return healthy daemons with bond0 and members that are enabled or not."""
    members = tuple(OvsBondMember(name=f"eth{place}", is_enabled=on) for place, on in enumerate(enabled))
    return runtime(bonds={"bond0": OvsBond(name="bond0", lacp_status="negotiated", members=members)})


def of(ports: tuple[OvsPort, ...], told: OvsRuntime | None = None, **fields: Any) -> list[Any]:
    """Return what is said of a host whose cloudbr1 has these ports beside a tap."""
    values: Values = {**HEALTHY, OVS_DATABASE: database(tap(), *ports), OVS_RUNTIME: told or runtime()}
    return judged(judge, values, **fields)


@pytest.mark.parametrize(
    ("ports", "told", "value"),
    [
        ((NIC,), runtime(), 0),
        ((BOND,), bonds(True, True), 0),
        ((BOND,), bonds(False, True), 0),
        ((BOND,), bonds(False, False), 1),
        ((GONE,), runtime(), 1),
        ((BOND, NIC), bonds(False, False), 0),
        ((BOND, GONE), bonds(False, False), 1),
        ((NIC, replace(GONE, name="eth2")), runtime(), 0),
        ((BOND,), runtime(), 0),
    ],
)
def test_what_carries(ports: tuple[OvsPort, ...], told: OvsRuntime, value: int) -> None:
    """One uplink is enough, and one member of a bond; a bond of which one interface was opened is not told as one."""
    found = of(ports, told)
    assert values_of(found) == {("bridge_cut_off", "cloudbr1"): value}
    assert problems(found) == ({"bridge_cut_off"} if value else set())


def test_the_recorded_switch_without_lacp() -> None:
    """All links are up, and nothing passes: unlike the kernel, Open vSwitch lets no member carry alone."""
    shown = read_bonds(
        sample("questions/ovs", "partner-no-lacp-bond-show"), sample("questions/ovs", "partner-no-lacp-lacp-show")
    )
    (name,) = shown
    (found,) = of((replace(BOND, name=name),), runtime(bonds=shown))
    assert (found.value, found.seen, found.remedy) == (1, f"{name} has no enabled member", MEND_BOND)


def test_words_of_a_port_that_could_not_be_opened() -> None:
    """The remedy is the NIC, not the switch beyond it."""
    (found,) = of((GONE,))
    assert (found.seen, found.remedy) == ("eth1 could not be opened", BRING_BACK)


def test_a_bridge_without_any_uplink() -> None:
    """That is the business of its label."""
    assert of(()) == []


def test_what_is_new_is_not_judged() -> None:
    """A port is looked at twice, a bond is given the time to negotiate: meanwhile nothing is said."""
    assert of((GONE,), looks=1) == []
    scope, seen = Scope(), []
    told = {**HEALTHY, OVS_DATABASE: database(BOND), OVS_RUNTIME: bonds(False, False)}
    for asked in (10.0, 99.0, 101.0):
        scope.begin()
        seen.append(values_of(list(judge(target(host()), answers(told, asked, scope), refreshed(cloud(), 1)))))
        scope.end()
    assert seen == [{}, {}, {("bridge_cut_off", "cloudbr1"): 1}]


def test_what_is_not_told() -> None:
    """Of a bond that hangs nothing is known; of a NIC that could not be opened the database tells enough."""
    assert of((BOND,), runtime(bonds=None)) == []
    assert values_of(of((GONE,), runtime(bonds=None))) == {("bridge_cut_off", "cloudbr1"): 1}
    assert judged(judge, {**HEALTHY, OVS_DATABASE: None}) == []
    assert judged(judge, {**HEALTHY, OVS_RUNTIME: None}) == []


DPDK = port("dpdk0", kind="dpdk", is_up=False)


def test_a_nic_of_dpdk_without_a_link() -> None:
    """The kernel does not know it, so Open vSwitch alone tells its link; it is looked at twice."""
    unknown: Values = {**HEALTHY, OVS_DATABASE: database(tap(), DPDK), LINKS: Links({}, {})}
    (found,) = judged(judge, unknown)
    assert (found.value, found.seen, found.remedy) == (1, "dpdk0 has no link", BRING_BACK)
    assert judged(judge, unknown, looks=1) == []
    for state in (True, None):
        fine = {**unknown, OVS_DATABASE: database(tap(), port("dpdk0", kind="dpdk", is_up=state))}
        assert values_of(judged(judge, fine)) == {("bridge_cut_off", "cloudbr1"): 0}


def test_links_that_the_kernel_tells() -> None:
    """They are hypervisor_links', and while it tells nothing nobody knows whose a link is; one other way is enough."""
    nic = Link(name="dpdk0", index=1)
    known: Values = {**HEALTHY, OVS_DATABASE: database(tap(), DPDK), LINKS: Links({"dpdk0": nic}, {})}
    assert values_of(judged(judge, known)) == {("bridge_cut_off", "cloudbr1"): 0}
    assert values_of(of((DPDK,))) == {("bridge_cut_off", "cloudbr1"): 0}
    two: Values = {**HEALTHY, OVS_DATABASE: database(tap(), DPDK, NIC), LINKS: Links({}, {})}
    assert values_of(judged(judge, two)) == {("bridge_cut_off", "cloudbr1"): 0}


def test_behind_a_patch_port() -> None:
    """The uplinks of the bridge that it leads to count."""
    ways = (port("to-1", "br-ex", kind="patch"), replace(BOND, bridge="br-ex"))
    own = database(port("to-ex", kind="patch"))
    patched: OvsDatabase = replace(own, bridges={**own.bridges, "br-ex": OvsBridge(name="br-ex", ports=ways)})
    found = judged(judge, {**HEALTHY, OVS_DATABASE: patched, OVS_RUNTIME: bonds(False, False)})
    assert values_of(found) == {("bridge_cut_off", "cloudbr1"): 1}


def relabelled(traffic: str) -> Cloud:
    """Return a Cloud whose only label is one of this traffic."""
    known = cloud()
    return replace(known, traffic_types={"t": replace(known.traffic_types["t"], name=traffic)})


def test_bridges_that_carry_no_machines() -> None:
    """Storage traffic alone, and a bridge that no label names."""
    assert values_of(of((GONE,), seen_by=relabelled("Public"))) == {("bridge_cut_off", "cloudbr1"): 1}
    assert of((GONE,), seen_by=relabelled("Storage")) == []
    assert of((GONE,), seen_by=cloud(label="cloudbr9")) == []
