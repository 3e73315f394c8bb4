"""The verdict on uplinks."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.checks.hypervisor_links.uplinks import SWITCH_ON, judge
from exporter.model import Question, Sample
from exporter.questions.hosts.agent import AGENT
from exporter.questions.hosts.bonds import BONDS, NO_PARTNER
from exporter.questions.hosts.links import LINKS, Counters
from exporter.questions.hosts.ovs import OVS_DATABASE, OvsBridge, OvsDatabase, OvsInterface, OvsPort
from tests.checks.hypervisor_links import links_scene as scene

DARK: dict[str, Any] = {"has_carrier": False}


def found(bonds: Any, links: Any = None, **fields: Any) -> list[Sample]:
    """Return what is said of a host."""
    return scene.judged(judge, {BONDS: bonds, LINKS: links or scene.bonded()}, **fields)


def test_a_healthy_bond() -> None:
    """Zero is said of both."""
    assert scene.values_of(found(scene.bond())) == {
        ("uplink_down", "kvm1", "bond0"): 0,
        ("uplink_lacp_partner_missing", "kvm1", "bond0"): 0,
    }


def test_one_member_is_enough() -> None:
    """Redundancy is lost, the uplink is not."""
    assert scene.problems(found(scene.bond(scene.member("eth1"), scene.member("eth2", is_up=False)))) == {}


@pytest.mark.parametrize("up", [True, False])
def test_no_member_is_up(up: bool) -> None:
    """Whatever the bond itself says; who answers LACP is then no question."""
    dead = [scene.member(name, is_up=False, partner_mac=NO_PARTNER) for name in ("eth1", "eth2")]
    samples = found(scene.bond(*dead, is_up=up, aggregator=None, partner_mac=""))
    assert scene.problems(samples) == {("uplink_down", "kvm1", "bond0"): 1}
    assert scene.only(samples, "uplink_down").seen == "eth1 down, eth2 down"


@pytest.mark.parametrize(
    ("fields", "value"),
    [
        ({}, None),
        ({"master": "cloudbr1"}, 1),
        ({"counters": Counters(rx_packets=1)}, None),
        ({"parent_of": "bond1.5"}, 1),
    ],
)
def test_a_bond_that_waits_for_its_cables(fields: dict[str, Any], value: int | None) -> None:
    """In no bridge and below nothing it carries no machine, though it heard a frame. Else its cables are missed."""
    above = fields.pop("parent_of", "")
    more = [scene.link("bond1", "bond", **DARK, **fields), scene.link("cloudbr1", "bridge")]
    more += [scene.link(above, "vlan", parent="bond1", vlan=5)] if above else []
    dead = (scene.member("eth7", is_up=False), scene.member("eth8", is_up=False))
    bonds = scene.bond() | scene.bond(*dead, name="bond1", is_up=False)
    values = scene.values_of(found(bonds, scene.bonded(*more)))
    assert values.get(("uplink_down", "kvm1", "bond1")) == value


def test_a_bond_that_a_label_names() -> None:
    """It carries machines as soon as a VLAN is made on it: a label may name an interface."""
    links = scene.links(scene.link("bond1", "bond"))
    dead = scene.bond(scene.member("eth7", is_up=False), name="bond1", is_up=False)
    heard = scene.links(scene.link("bond1", "bond", counters=Counters(rx_packets=1), **DARK))
    values: dict[Question[Any], Any] = {BONDS: dead, LINKS: heard, OVS_DATABASE: None}
    labelled = scene.judged(judge, values, scene.cloud({"Guest": "bond1"}))
    assert scene.problems(labelled) == {("uplink_down", "kvm1", "bond1"): 1}
    assert found(dead, links) == []


@pytest.mark.parametrize("above", [{"master": "cloudbr0"}, {}])
def test_a_bond_that_is_switched_off(above: dict[str, Any]) -> None:
    """Its guests are cut off, although the kernel keeps the last words of its members."""
    port = scene.link("bond0.7", "vlan", parent="bond0", vlan=7)
    links = scene.links(
        scene.link("bond0", "bond", is_up=False, **DARK, **above), port, scene.link("cloudbr0", "bridge")
    )
    samples = found(scene.bond(), links)
    assert scene.problems(samples) == {("uplink_down", "kvm1", "bond0"): 1}
    down = scene.only(samples, "uplink_down")
    assert (down.seen, down.remedy) == ("bond0 is switched off", SWITCH_ON)


@pytest.mark.parametrize(("carriers", "value"), [((True, True), 0), ((True, False), 0), ((False, False), 1)])
def test_a_team(carriers: tuple[bool, bool], value: int) -> None:
    """It is no bond of the kernel's; its ports are told by ip link."""
    ports = [
        scene.link(name, master="team0", has_carrier=has) for name, has in zip(("eth1", "eth2"), carriers, strict=True)
    ]
    team = scene.link("team0", "team", master="cloudbr0", has_carrier=any(carriers))
    samples = found({}, scene.links(*ports, team, scene.link("cloudbr0", "bridge")))
    assert scene.values_of(samples) == {
        ("uplink_down", "kvm1", "team0"): value,
        ("uplink_lacp_partner_missing", "kvm1", "team0"): 0,
    }


def test_nobody_answers_lacp() -> None:
    """The kernel then says zeros, for the bond and for each member; one of them still carries, so it is not down."""
    alone = [scene.member(name, partner_mac=NO_PARTNER) for name in ("eth1", "eth2")]
    samples = found(scene.bond(*alone, partner_mac=NO_PARTNER))
    assert scene.problems(samples) == {("uplink_lacp_partner_missing", "kvm1", "bond0"): 1}
    assert "one of them carries" in scene.only(samples, "uplink_lacp_partner_missing").seen


def test_one_member_with_a_partner_is_enough() -> None:
    """The other one is the business of the bond."""
    members = (scene.member("eth1"), scene.member("eth2", partner_mac=NO_PARTNER, aggregator=2))
    assert scene.problems(found(scene.bond(*members))) == {}


def test_partners_that_are_not_told_are_not_missing() -> None:
    """An account without privilege: nothing is said."""
    untold = [scene.member(name, partner_mac="") for name in ("eth1", "eth2")]
    assert scene.values_of(found(scene.bond(*untold, partner_mac=""))) == {("uplink_down", "kvm1", "bond0"): 0}


def test_a_bond_without_lacp_needs_no_partner() -> None:
    """Active-backup."""
    plain = [scene.member(name, partner_mac="", aggregator=None) for name in ("eth1", "eth2")]
    assert scene.problems(found(scene.bond(*plain, mode=1, partner_mac="", aggregator=None))) == {}


def test_a_single_nic_below_a_labelled_bridge() -> None:
    """Its link is judged; it needs no LACP partner."""
    assert scene.values_of(found({}, scene.plain())) == {("uplink_down", "kvm1", "eth1"): 0}
    assert scene.problems(found({}, scene.plain(**DARK))) == {("uplink_down", "kvm1", "eth1"): 1}


def test_the_nic_below_a_vlan_device() -> None:
    """The bridge's port is eth1.20, the cable is in eth1."""
    port = scene.link("eth1.20", "vlan", master="cloudbr0", parent="eth1", vlan=20)
    links = scene.links(scene.link("eth1", is_nic=True, has_carrier=False), port, scene.link("cloudbr0", "bridge"))
    assert scene.problems(found({}, links)) == {("uplink_down", "kvm1", "eth1"): 1}


def test_nics_that_carry_no_traffic_type_do_not_alarm() -> None:
    """A spare bridge, and a NIC that nothing uses."""
    spare = (scene.link("eth8", master="spare", **DARK), scene.link("spare", "bridge"), scene.link("eth9", **DARK))
    assert scene.problems(found({}, scene.plain("eth1", *spare))) == {}


def test_open_vswitch() -> None:
    """A single NIC is an uplink; the members of its own bonds are judged by the switch's words."""
    links = scene.links(
        scene.link("eth1", master="ovs-system", is_nic=True, **DARK), scene.link("cloudbr0", "openvswitch")
    )
    values: dict[Question[Any], Any] = {BONDS: {}, LINKS: links, AGENT: scene.openvswitch()}

    def of(*interfaces: str) -> dict[tuple[str, ...], float]:
        port = OvsPort(
            name=interfaces[0], bridge="cloudbr0", interfaces=tuple(OvsInterface(name=one) for one in interfaces)
        )
        ovs = OvsDatabase(bridges={"cloudbr0": OvsBridge(name="cloudbr0", ports=(port,))}, ports={port.name: port})
        return scene.problems(scene.judged(judge, values | {OVS_DATABASE: ovs}))

    assert of("eth1") == {("uplink_down", "kvm1", "eth1"): 1}
    assert of("bond1", "eth1", "eth2") == {}


def test_without_a_label_the_agent_says_the_bridge() -> None:
    """And without its word nothing is said."""
    cloud = scene.cloud({"Guest": ""})
    values: dict[Question[Any], Any] = {BONDS: {}, LINKS: scene.plain(**DARK)}
    assert scene.judged(judge, values, cloud) == []
    told = scene.judged(judge, values | {AGENT: scene.AGENT_OF_KVM}, cloud)
    assert scene.problems(told) == {("uplink_down", "kvm1", "eth1"): 1}


@pytest.mark.parametrize("fields", scene.HELD_BACK)
def test_hosts_that_are_held_back_do_not_alarm(fields: dict[str, Any]) -> None:
    """Somebody works on them."""
    dead = scene.bond(scene.member("eth1", is_up=False))
    lost = scene.bond(scene.member("eth3", partner_mac=NO_PARTNER), name="bond1", partner_mac=NO_PARTNER)
    links = scene.bonded(scene.link("bond1", "bond", master="cloudbr1"), scene.link("cloudbr1", "bridge"))
    assert scene.problems(found(dead | lost, links, **fields)) == {}
    assert len(scene.problems(found(dead | lost, links))) == 2
