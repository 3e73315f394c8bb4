"""The verdict on uplinks."""

from __future__ import annotations

from dataclasses import replace
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
    ("bridge", "label", "value"),
    [("", "cloudbr1", None), ("br-spare", "cloudbr1", None), ("cloudbr1", "cloudbr1", 1), ("br-spare", "br-spare", 1)],
)
@pytest.mark.parametrize("packets", [0, 1])
def test_a_bond_that_waits_for_its_cables(bridge: str, label: str, packets: int, value: int | None) -> None:
    """Where no label leads to it, it carries no machine, in whatever bridge it is. Else its cables are missed."""
    bond1 = scene.link("bond1", "bond", master=bridge, counters=Counters(rx_packets=packets), **DARK)
    links = scene.bonded(bond1, scene.link("cloudbr1", "bridge"), scene.link("br-spare", "bridge"))
    dead = (scene.member("eth7", is_up=False), scene.member("eth8", is_up=False))
    bonds = scene.bond() | scene.bond(*dead, name="bond1", is_up=False)
    values: dict[Question[Any], Any] = {BONDS: bonds, LINKS: links}
    said = scene.values_of(scene.judged(judge, values, scene.cloud({"Management": "cloudbr0", "Guest": label})))
    assert said.get(("uplink_down", "kvm1", "bond1")) == value
    assert said["uplink_down", "kvm1", "bond0"] == 0


@pytest.mark.parametrize(
    ("storage", "label", "said"),
    [
        ("", "cloudbr2", {}),
        ("other zone", "cloudbr2", {}),
        ("z", "cloudbr2", {"storage_uplink_down": 1}),
        ("z", "cloudbr0", {}),
    ],
)
def test_a_nic_for_storage_without_a_cable(storage: str, label: str, said: dict[str, int]) -> None:
    """Where the zone has storage addresses it is a ticket; else nothing uses it. No machine is cut off."""
    spare = (scene.link("eth9", master="cloudbr2", is_nic=True, **DARK), scene.link("cloudbr2", "bridge"))
    labels = {"Guest": "cloudbr0", "Management": "cloudbr0", "Storage": label}
    values: dict[Question[Any], Any] = {BONDS: {}, LINKS: scene.plain("eth1", *spare)}
    samples = scene.judged(judge, values, scene.cloud(labels, storage=storage))
    assert scene.problems(samples) == {(name, "kvm1", "eth9"): value for name, value in said.items()}
    assert scene.values_of(samples)["uplink_down", "kvm1", "eth1"] == 0


def test_storage_traffic_on_the_uplink_of_guests() -> None:
    """Whoever shares it, it is the machines' uplink."""
    cloud = scene.cloud({"Guest": "cloudbr0", "Storage": "cloudbr0"}, storage="z")
    values: dict[Question[Any], Any] = {BONDS: {}, LINKS: scene.plain(**DARK)}
    assert scene.problems(scene.judged(judge, values, cloud)) == {("uplink_down", "kvm1", "eth1"): 1}


def test_a_bond_for_storage() -> None:
    """Its loss is a ticket, and so is a switch without LACP."""
    bond1 = scene.link("bond1", "bond", master="cloudbr2", **DARK)
    links = scene.bonded(bond1, scene.link("cloudbr2", "bridge"))
    cloud = scene.cloud({"Guest": "cloudbr0", "Storage": "cloudbr2"}, storage="z")
    for member, metric in (
        (scene.member("eth7", is_up=False), "storage_uplink_down"),
        (scene.member("eth7", partner_mac=NO_PARTNER), "uplink_lacp_partner_missing"),
    ):
        bonds = scene.bond() | scene.bond(member, name="bond1", partner_mac=NO_PARTNER)
        samples = scene.judged(judge, {BONDS: bonds, LINKS: links}, cloud)
        assert scene.problems(samples) == {(metric, "kvm1", "bond1"): 1}


def test_two_uplinks_in_one_bridge() -> None:
    """A bond among them is judged; of NICs one may be spare, not all. Two VLANs of one NIC are one uplink."""
    bridge = scene.link("cloudbr0", "bridge")
    nics = [scene.link(name, master="cloudbr0", is_nic=True, **DARK) for name in ("eth1", "eth2")]
    lit = scene.link("eth3", master="cloudbr0", is_nic=True)
    every = {("uplink_down", "kvm1", name): 0 for name in ("eth1", "eth2", "eth3")}
    assert scene.values_of(found({}, scene.links(*nics, lit, bridge))) == every
    both = {("uplink_down", "kvm1", name): 1 for name in ("eth1", "eth2")}
    assert scene.problems(found({}, scene.links(*nics, bridge))) == both
    bond = scene.link("bond0", "bond", master="cloudbr0", **DARK)
    dead = scene.bond(scene.member("eth3", is_up=False))
    assert scene.problems(found(dead, scene.links(lit, bond, bridge))) == {("uplink_down", "kvm1", "bond0"): 1}
    vlans = [scene.link(f"eth1.{tag}", "vlan", parent="eth1", vlan=tag, master="cloudbr0") for tag in (20, 30)]
    dark = scene.links(scene.link("eth1", is_nic=True, **DARK), *vlans, bridge)
    assert scene.problems(found({}, dark)) == {("uplink_down", "kvm1", "eth1"): 1}


def test_a_bridge_on_a_vlan_of_a_bridge() -> None:
    """The bond two bridges below carries the label's traffic. Devices that lie on each other in a ring end."""
    upper = scene.link("br0.30", "vlan", parent="br0", vlan=30)
    rest = (scene.link("bond0", "bond", master="br0", **DARK), scene.link("br0", "bridge"))
    dead = scene.bond(scene.member("eth1", is_up=False))
    values: dict[Question[Any], Any] = {BONDS: dead, LINKS: scene.links(upper, *rest)}
    samples = scene.judged(judge, values, scene.cloud({"Guest": "br0.30"}))
    assert scene.problems(samples) == {("uplink_down", "kvm1", "bond0"): 1}
    ring = [scene.link(f"eth{one}", "vlan", parent=f"eth{1 - one}", vlan=3, master="cloudbr0") for one in (0, 1)]
    assert found({}, scene.links(*ring, scene.link("cloudbr0", "bridge"))) == []


def test_a_bond_that_a_label_names() -> None:
    """It carries machines as soon as a VLAN is made on it: a label may name an interface."""
    links = scene.links(scene.link("bond1", "bond"))
    dead = scene.bond(scene.member("eth7", is_up=False), name="bond1", is_up=False)
    heard = scene.links(scene.link("bond1", "bond", counters=Counters(rx_packets=1), **DARK))
    values: dict[Question[Any], Any] = {BONDS: dead, LINKS: heard, OVS_DATABASE: None}
    labelled = scene.judged(judge, values, scene.cloud({"Guest": "bond1"}))
    assert scene.problems(labelled) == {("uplink_down", "kvm1", "bond1"): 1}
    assert scene.problems(found(dead, links)) == {}


@pytest.mark.parametrize(("bond", "vlan"), [("cloudbr0", ""), ("", "cloudbr0")])
def test_a_bond_that_is_switched_off(bond: str, vlan: str) -> None:
    """Its guests are cut off, although the kernel keeps the last words of its members."""
    port = scene.link("bond0.7", "vlan", parent="bond0", vlan=7, master=vlan)
    links = scene.links(
        scene.link("bond0", "bond", is_up=False, master=bond, **DARK), port, scene.link("cloudbr0", "bridge")
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


def test_a_nic_beside_a_bond_of_open_vswitch() -> None:
    """The kernel knows nothing of the bond, which may carry: the NIC is spare for all it knows."""
    links = scene.links(scene.link("eth1", master="ovs-system", **DARK), scene.link("cloudbr0", "openvswitch"))
    bond = OvsPort(name="bond1", bridge="cloudbr0", interfaces=(OvsInterface(name="eth2"), OvsInterface(name="eth3")))
    spare = OvsPort(name="eth1", bridge="cloudbr0", interfaces=(OvsInterface(name="eth1"),))
    ovs = OvsDatabase(
        bridges={"cloudbr0": OvsBridge(name="cloudbr0", ports=(bond, spare))}, ports={"bond1": bond, "eth1": spare}
    )
    values: dict[Question[Any], Any] = {BONDS: {}, LINKS: links, AGENT: scene.openvswitch(), OVS_DATABASE: ovs}
    assert scene.judged(judge, values) == []


def test_a_bond_whose_members_are_all_gone() -> None:
    """A card with both ports died: the kernel knows neither, and keeps the bond."""
    empty = scene.link("bond0", "bond", master="cloudbr0", **DARK)
    links = scene.links(empty, scene.link("cloudbr0", "bridge"))
    gone = scene.bond(is_up=False, aggregator=None, partner_mac="", mode=4)
    gone = {"bond0": replace(gone["bond0"], members=())}
    samples = found(gone, links)
    assert scene.problems(samples) == {("uplink_down", "kvm1", "bond0"): 1}
    assert scene.only(samples, "uplink_down").seen == "no member is left"
    assert scene.problems(found(gone)) == {}  # ip link, asked at another moment, still shows them
    team = scene.link("bond0", "team", master="cloudbr0", **DARK)
    dead = found({}, scene.links(team, scene.link("cloudbr0", "bridge")))
    assert scene.problems(dead) == {("uplink_down", "kvm1", "bond0"): 1}


def test_the_empty_bond_that_the_kernel_makes() -> None:
    """No label leads to it."""
    links = scene.plain("eth1", scene.link("bond0", "bond", is_up=False, **DARK))
    gone = {"bond0": replace(scene.bond(is_up=False)["bond0"], members=())}
    assert scene.values_of(found(gone, links)) == {("uplink_down", "kvm1", "eth1"): 0}


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
    values: dict[Question[Any], Any] = {BONDS: dead | lost, LINKS: links}
    cloud = scene.cloud({"Guest": "cloudbr1", "Management": "cloudbr0"})
    assert scene.problems(scene.judged(judge, values, cloud, **fields)) == {}
    assert len(scene.problems(scene.judged(judge, values, cloud))) == 2
