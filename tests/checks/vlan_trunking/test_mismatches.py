"""VLANs of running machines against what the host has."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from exporter.checks.vlan_trunking.mismatches import judge
from exporter.questions.hosts.agent import AGENT, Agent
from exporter.questions.hosts.ovs import OVS_DATABASE, OvsPort
from exporter.thresholds import ROWS_PER_TARGET
from tests.checks.vlan_trunking import vlan_scene as scene
from tests.checks.vlan_trunking.mismatches_scene import KEY, port, verdict


def test_a_machine_in_its_vlan() -> None:
    """Tap and VLAN device are ports of one bridge."""
    assert scene.values_of(verdict(*scene.UPLINK, *scene.vlan_bridge(101, "vnet0"))) == {KEY: 0}


def test_a_host_without_machines_is_healthy() -> None:
    """No VLAN bridge is needed, so none is missing."""
    found = scene.on_host(judge, scene.cloud(), scene.answered(scene.links(*scene.UPLINK)))
    assert scene.values_of(found) == {KEY: 0}


BROKEN = {
    "vnet0 is in brbond0-101 with no uplink": [
        scene.link("brbond0-101", "bridge"), scene.link("vnet0", "tun", "brbond0-101")
    ],
    "vnet0 is in cloudbr1 with bond0": [scene.link("vnet0", "tun", "cloudbr1")],
    "vnet0 is in no bridge": [*scene.vlan_bridge(101), scene.link("vnet0", "tun")],
    "vnet0 is not there": scene.vlan_bridge(101),
    "bond0.101 is switched off": scene.vlan_bridge(101, "vnet0", is_up=False),
    "bond0.101 hangs on eth9, not on bond0": scene.vlan_bridge(101, "vnet0", parent="eth9"),
    "vnet0 is in brbond0-102 with bond0.102": [*scene.vlan_bridge(101), *scene.vlan_bridge(102, "vnet0")],
}  # fmt: skip


@pytest.mark.parametrize("words", BROKEN)
def test_each_way_to_miss_a_vlan(words: str) -> None:
    """The count and the row of the VLAN turn, and the finding says what is wrong."""
    found = verdict(*scene.UPLINK, *BROKEN[words])
    assert scene.values_of(found) == {KEY: 1, ("vlan_mismatch", *KEY[1:], "101"): 1}
    assert scene.only(found, "mismatches").seen.startswith(f"i-2-5-VM: {words}")


def test_an_uplink_that_nobody_told() -> None:
    """Whether the VLAN device hangs on the right one is not known; what is wrong all the same stands."""
    seen_by = scene.cloud(scene.instance(5), labels=(scene.label(""),))
    for parent in ("bond0", "eth9"):
        assert verdict(*scene.UPLINK, *scene.vlan_bridge(101, "vnet0", parent=parent), cloud=seen_by) == []
    off = scene.vlan_bridge(101, "vnet0", is_up=False)
    assert scene.only(verdict(*scene.UPLINK, *off, cloud=seen_by), "mismatches").value == 1
    agent: dict[str, Any] = {"more": {AGENT: Agent(guest="cloudbr1")}}
    for parent, wrong in (("bond0", 0), ("eth9", 1)):
        found = verdict(*scene.UPLINK, *scene.vlan_bridge(101, "vnet0", parent=parent), cloud=seen_by, **agent)
        assert scene.only(found, "mismatches").value == wrong


def test_a_nic_that_is_not_plugged_in() -> None:
    """The domain has no NIC with the MAC that CloudStack knows."""
    found = verdict(*scene.UPLINK, on=(scene.domain(5, mac="02:00:00:00:00:99"),))
    assert scene.only(found, "mismatches").seen == f"i-2-5-VM: no NIC with MAC {scene.mac(5)}"


def test_one_look_is_not_enough() -> None:
    """A machine that migrates, or a NIC that is being plugged, is not reported."""
    assert scene.values_of(verdict(*scene.UPLINK, scene.link("vnet0", "tun", "cloudbr1"), looks=1)) == {KEY: 0}


def test_a_live_migration_begins_the_count_anew() -> None:
    """Two visits of two hosts are not two visits of one."""
    here, there = scene.cloud(scene.instance(5)), scene.cloud(scene.instance(5, on=2))
    values = scene.answered(scene.links(*scene.UPLINK, scene.link("vnet0", "tun", "cloudbr1")), scene.domain(5))
    watch, of = scene.Watch(judge), scene.target(scene.host())
    for seen_by in (here, there, here):
        found = watch.look(of, seen_by, lambda: watch.answers("kvm1", values))
        assert scene.values_of(found) == {KEY: 0}


@pytest.mark.parametrize("domain", [scene.domain(5, state="paused"), scene.domain(6)])
def test_what_is_not_judged(domain: Any) -> None:
    """Paused and unknown domains."""
    found = verdict(*scene.UPLINK, scene.link("vnet0", "tun", "cloudbr1"), on=(domain,))
    assert scene.values_of(found) == {KEY: 0}


@pytest.mark.parametrize("kind", ["hostdev", "direct", "vdpa"])
@pytest.mark.parametrize("tap", ["", "macvtap0"])
def test_nics_that_are_passed_through(kind: str, tap: str) -> None:
    """No bridge carries them, so of their VLANs nothing is said, and of those of others all that is known."""
    passed = scene.domain(5, tap, "eth3", kind=kind)
    assert verdict(*scene.UPLINK, on=(passed,)) == []
    both = scene.cloud(scene.instance(5), scene.instance(6))
    wired = (*scene.UPLINK, *scene.vlan_bridge(101, "vnet0"))
    assert scene.values_of(verdict(*wired, on=(passed, scene.domain(6)), cloud=both)) == {KEY: 0}
    lost = (*scene.UPLINK, scene.link("vnet0", "tun", "cloudbr1"))
    assert scene.only(verdict(*lost, on=(passed, scene.domain(6)), cloud=both), "mismatches").value == 1


def test_a_machine_that_is_not_running_by_cloudstack() -> None:
    """While it starts, stops or migrates its NICs come and go."""
    seen_by = scene.cloud(scene.instance(5, state="Migrating"))
    found = verdict(*scene.UPLINK, scene.link("vnet0", "tun", "cloudbr1"), cloud=seen_by)
    assert scene.values_of(found) == {KEY: 0}


@pytest.mark.parametrize(
    "fields", [{"resource_state": "Maintenance"}, {"resource_state": "Disabled"}, {"created": scene.NOW}]
)
def test_hosts_that_are_held_back(fields: dict[str, Any]) -> None:
    """Maintenance, disabled and freshly added hosts have no fault, and that is said: an alert of before ends."""
    seen_by = scene.cloud(scene.instance(5), hosts=(scene.host(**fields),))
    assert scene.values_of(verdict(*scene.UPLINK, scene.link("vnet0", "tun", "cloudbr1"), cloud=seen_by)) == {KEY: 0}
    assert scene.values_of(verdict(scene.link("eth0"), cloud=seen_by)) == {KEY: 0}


def test_old_bridge_names_and_stacked_uplinks() -> None:
    """Wires are judged, not names: cloudVirBr101 is as good, and so is a label on a VLAN of the same bond."""
    old = [
        scene.link("cloudVirBr101", "bridge"),
        scene.link("bond0.101", "vlan", "cloudVirBr101", parent="bond0", vlan=101),
        scene.link("vnet0", "tun", "cloudVirBr101"),
    ]
    assert scene.values_of(verdict(*scene.UPLINK, *old)) == {KEY: 0}
    stacked = [
        scene.link("bond0", "bond"), scene.link("bond0.50", "vlan", "cloudbr1", parent="bond0", vlan=50),
        scene.link("cloudbr1", "bridge"),
    ]  # fmt: skip
    assert scene.values_of(verdict(*stacked, *scene.vlan_bridge(101, "vnet0"))) == {KEY: 0}


OFF = [scene.link("brbond0-101", "bridge", is_up=False), *scene.vlan_bridge(101, "vnet0")[1:]]


def test_a_bridge_that_is_switched_off() -> None:
    """Its VLAN device and the tap are up and in it, and nothing passes."""
    sample = scene.only(verdict(*scene.UPLINK, *OFF), "mismatches")
    assert (sample.value, sample.seen) == (1, "i-2-5-VM: brbond0-101 is switched off")


def test_the_labels_bridge_is_switched_off() -> None:
    """Untagged machines are plugged into it."""
    untagged = scene.cloud(scene.instance(5, 1, scene.nic(5, "vlan://untagged")))
    off = (*scene.UPLINK[:-1], scene.link("cloudbr1", "bridge", is_up=False))
    found = verdict(*off, scene.link("vnet0", "tun", "cloudbr1"), cloud=untagged)
    assert scene.only(found, "mismatches").seen == "i-2-5-VM: cloudbr1 is switched off"


@pytest.mark.parametrize(("is_linked", "expected"), [(True, {KEY: 1}), (False, {KEY: 0}), (None, {})])
def test_a_tap_that_is_switched_off(is_linked: bool | None, expected: dict[tuple[str, ...], float]) -> None:
    """A fault, unless the link of the NIC is off on purpose; nothing is said while libvirt does not tell."""
    machine = scene.domain(5)
    machine = replace(machine, interfaces=(replace(machine.interfaces[0], is_linked=is_linked),))
    off = [*scene.vlan_bridge(101), scene.link("vnet0", "tun", "brbond0-101", is_up=False)]
    values = scene.values_of(verdict(*scene.UPLINK, *off, on=(machine,)))
    assert {key: value for key, value in values.items() if key[0] == "mismatches"} == expected


@pytest.mark.parametrize(
    ("ports", "words"),
    [
        ((port(),), ""),
        ((), "i-2-5-VM: vnet0 is no port of Open vSwitch"),
        ((port("other"),), "i-2-5-VM: vnet0 is in other, not in cloudbr1"),
    ],
)
def test_open_vswitch(ports: tuple[OvsPort, ...], words: str) -> None:
    """The port must be in the label's bridge; its tag is judged by open_vswitch."""
    found = verdict(
        scene.link("ovs-system", "openvswitch"), scene.link("vnet0", "tun", "ovs-system"), ovs=scene.switch(*ports)
    )
    assert scene.only(found, "mismatches").value == int(bool(words))
    assert words in scene.only(found, "mismatches").seen


def test_open_vswitch_that_does_not_answer() -> None:
    """Nothing is known then, and nothing is said."""
    values = scene.answered(
        scene.links(scene.link("cloudbr1", "openvswitch"), scene.link("vnet0", "tun", "ovs-system")), scene.domain(5)
    )
    del values[OVS_DATABASE]
    assert scene.on_host(judge, scene.cloud(scene.instance(5)), values) == []


def test_rows_are_bounded_and_the_worst_come_first() -> None:
    """Of thirty VLANs twenty are shown, first the one with two NICs; the count tells all."""
    vms = [scene.instance(n, 1, scene.nic(n, f"vlan://{100 + min(n, 30)}")) for n in range(1, 32)]
    taps = [scene.link(f"vnet{n}", "tun", "cloudbr1") for n in range(1, 32)]
    running = [scene.domain(n, f"vnet{n}") for n in range(1, 32)]
    found = verdict(*scene.UPLINK, *taps, on=running, cloud=scene.cloud(*vms))
    rows = [sample for sample in found if sample.metric.name.endswith("vlan_mismatch")]
    assert scene.only(found, "mismatches").value == 30
    assert (len(rows), rows[0].labels[-1], rows[0].value) == (ROWS_PER_TARGET, "130", 2)


def test_a_label_that_leads_nowhere_is_not_healthy() -> None:
    """Without the label's bridge nothing is said of a host without machines; the label is physical_networks'."""
    seen_by = replace(scene.cloud(), traffic_types=scene.by_id(scene.label("cloudbr9")))
    assert scene.on_host(judge, seen_by, scene.answered(scene.links(*scene.UPLINK))) == []
