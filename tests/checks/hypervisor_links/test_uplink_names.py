"""The verdict on names of interfaces."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from exporter.checks.hypervisor_links.uplink_names import judge
from exporter.cloud.cloud import Cloud
from exporter.cloud.networks import Network, StorageRange
from exporter.model import Question, Sample
from exporter.questions.hosts.agent import AGENT
from exporter.questions.hosts.links import LINKS, Links
from exporter.questions.hosts.ovs import OVS_DATABASE, OvsBridge, OvsDatabase, OvsInterface, OvsPort
from tests.checks.hypervisor_links import links_scene as scene

WIDE = scene.cloud(vlans=((998, 1001),))
LONG = "enp175s0f1"


def found(links: Links, cloud: Cloud | None = None, **fields: Any) -> list[Sample]:
    """Return what is said of a host."""
    return scene.judged(judge, {LINKS: links}, cloud, **fields)


def test_a_healthy_host() -> None:
    """Zero is said of each physical network."""
    assert scene.values_of(found(scene.bonded())) == {
        ("uplink_name_too_long_vlans", "kvm1", "physical1"): 0,
        ("uplink_names_refused", "kvm1", "physical1"): 0,
    }


@pytest.mark.parametrize(
    ("uplink", "affected"),
    [("bond0", 0), ("enp3s0f1", 0), ("enp59s0f1", 2), (LONG, 4)],
)
def test_a_name_that_leaves_no_room_for_the_vlan(uplink: str, affected: int) -> None:
    """Of the VLANs 998 to 1001: fifteen characters for br<uplink>-<VLAN>."""
    samples = found(scene.plain(uplink), WIDE)
    assert scene.values_of(samples)["uplink_name_too_long_vlans", "kvm1", "physical1"] == affected


def test_the_sign_on_the_host_is_shown() -> None:
    """The VLAN device was made, its bridge could not be."""
    left = scene.link(f"{LONG}.1000", "vlan", parent=LONG, vlan=1000)
    sample = scene.only(found(scene.plain(LONG, left), WIDE), "uplink_name_too_long_vlans")
    assert sample.seen == "brenp175s0f1-1001 has 17 characters; enp175s0f1.1000 without a bridge"


def test_public_vlans_count_where_public_traffic_lies() -> None:
    """Untagged ones need no device, other physical networks are no business of this one."""
    cloud = scene.cloud({"Public": "cloudbr0"}, vlans=((4000, 4094),), public=("vlan://1234", "vlan://untagged", "77"))
    samples = found(scene.plain("enp59s0f1"), cloud)
    assert scene.values_of(samples)["uplink_name_too_long_vlans", "kvm1", "physical1"] == 1


def test_storage_vlans_count_where_storage_traffic_lies() -> None:
    """The agent makes a bridge for them too. Untagged ranges need none, nor has a host those of other zones."""
    ranges = {
        str(vlan): StorageRange(str(vlan), zone, "", vlan) for vlan, zone in ((1234, "z"), (99, "z"), (1235, "y"))
    }
    cloud = replace(
        scene.cloud({"Storage": "cloudbr0"}), storage_ranges=ranges | {"0": StorageRange("0", "z", "", None)}
    )
    samples = found(scene.plain("enp59s0f1"), cloud)
    assert scene.values_of(samples)["uplink_name_too_long_vlans", "kvm1", "physical1"] == 1


def test_management_alone_makes_no_vlans() -> None:
    """Only guest and public traffic is put on VLANs on demand."""
    assert scene.problems(found(scene.plain(LONG), scene.cloud({"Management": "cloudbr0"}, vlans=((1, 4094),)))) == {}


def test_vnis_have_names_of_their_own() -> None:
    """brvx-<VNI> does not hold the uplink's name."""
    assert scene.problems(found(scene.plain(LONG), scene.cloud(vlans=((5000, 9999),)))) == {}


@pytest.mark.parametrize("vlans", [(1000, 4000), (1, 16_777_215)])
def test_a_physical_network_of_vxlan_gives_no_vlans(vlans: tuple[int, int]) -> None:
    """Small VNIs are no VLANs either, and sixteen million numbers are not walked through for each host."""
    cloud = scene.cloud(vlans=(vlans,))
    vxlan = replace(cloud.physical_networks["pn"], isolation_methods=("VXLAN",))
    assert scene.problems(found(scene.plain(LONG), replace(cloud, physical_networks={"pn": vxlan}))) == {}


def test_vlans_of_shared_networks_count_where_guests_lie() -> None:
    """They are chosen by hand outside the range, and are no public ones."""
    cloud = scene.cloud({"Guest": "cloudbr0", "Public": "cloudbr1"}, public=("vlan://1234",))
    shared = {"r": replace(next(iter(cloud.vlan_ranges.values())), is_public=False)}
    other = (scene.link(LONG, master="cloudbr1"), scene.link("cloudbr1", "bridge"))
    assert scene.problems(found(scene.plain("eth1", *other), replace(cloud, vlan_ranges=shared))) == {}
    other = (scene.link("eth2", master="cloudbr1"), scene.link("cloudbr1", "bridge"))
    samples = found(scene.plain("enp59s0f1", *other), replace(cloud, vlan_ranges=shared))
    assert scene.problems(samples) == {("uplink_name_too_long_vlans", "kvm1", "physical1"): 1}


@pytest.mark.parametrize(
    ("fields", "number"),
    [
        ({}, 1),
        ({"vlan": "2000"}, 1),
        ({"vlan": "vlan://99"}, 0),
        ({"vlan": "vlan://untagged"}, 0),
        ({"vlan": "vxlan://20000"}, 0),
        ({"vlan": ""}, 0),
        ({"physical_network_id": "other"}, 0),
    ],
)
def test_vlans_of_networks_that_were_chosen_by_hand(fields: dict[str, Any], number: int) -> None:
    """An L2 network has a VLAN outside the range, and no range of addresses."""
    given: dict[str, Any] = {"vlan": "vlan://2000", "physical_network_id": "pn", "specifies_vlan": True}
    network = Network(id="n", name="l2", zone_id="z", type="L2", state="Setup", **(given | fields))
    samples = found(scene.plain("enp175s0f"), replace(scene.cloud(vlans=((10, 99),)), networks={"n": network}))
    assert scene.values_of(samples)["uplink_name_too_long_vlans", "kvm1", "physical1"] == number


def test_the_parent_of_a_vlan_device_counts() -> None:
    """With cloudbr0 on bond0.200 guest VLANs lie on bond0."""
    port = scene.link("bond0.200", "vlan", master="cloudbr0", parent="bond0", vlan=200)
    links = scene.links(scene.link("bond0", "bond"), port, scene.link("cloudbr0", "bridge"))
    assert scene.problems(found(links, WIDE)) == {}


@pytest.mark.parametrize("name", ["ib0", "wan0", "mgmt0", "lan1"])
def test_a_name_that_the_agent_does_not_take(name: str) -> None:
    """The bridge has a cable, and the agent finds none."""
    sample = scene.only(found(scene.plain(name)), "uplink_names_refused")
    assert (sample.value, sample.seen) == (1, name)


@pytest.mark.parametrize("kind", ["bond", "vlan", "team"])
def test_other_interfaces_that_could_be_uplinks(kind: str) -> None:
    """Also where nobody tells which interfaces are NICs."""
    links = scene.links(scene.link("lag0", kind, master="cloudbr0"), scene.link("cloudbr0", "bridge"))
    assert scene.problems(found(links)) == {("uplink_names_refused", "kvm1", "physical1"): 1}


@pytest.mark.parametrize(
    "ports",
    [
        (),
        (scene.link("vnet3", "tun", master="cloudbr0"),),
        (scene.link("cni-x", "veth", master="cloudbr0"),),
        (scene.link("eth1", master="cloudbr0", is_nic=True), scene.link("ib0", master="cloudbr0", is_nic=True)),
    ],
)
def test_ports_that_are_no_fault_of_a_name(ports: tuple[Any, ...]) -> None:
    """No port at all, machines, other software, and a second NIC beside one that the agent takes."""
    assert scene.problems(found(scene.links(scene.link("cloudbr0", "bridge"), *ports))) == {}


def test_open_vswitch_makes_no_bridges_for_vlans() -> None:
    """It tags ports."""
    port = OvsPort(name=LONG, bridge="cloudbr0", interfaces=(OvsInterface(name=LONG),))
    ovs = OvsDatabase(bridges={"cloudbr0": OvsBridge(name="cloudbr0", ports=(port,))}, ports={LONG: port})
    links = scene.links(scene.link(LONG, master="ovs-system"), scene.link("cloudbr0", "openvswitch"))
    assert scene.judged(judge, {LINKS: links, OVS_DATABASE: ovs}, WIDE) == []


def test_without_label_and_agent_nothing_is_said() -> None:
    """Nobody told which bridge is meant."""
    cloud = scene.cloud({"Guest": ""}, vlans=((1000, 1001),))
    values: dict[Question[Any], Any] = {LINKS: scene.plain(LONG)}
    assert scene.judged(judge, values, cloud) == []
    told = scene.judged(judge, values | {AGENT: scene.AGENT_OF_KVM}, cloud)
    assert scene.problems(told) == {("uplink_name_too_long_vlans", "kvm1", "physical1"): 2}


@pytest.mark.parametrize("fields", scene.HELD_BACK)
def test_hosts_that_are_held_back_do_not_alarm(fields: dict[str, Any]) -> None:
    """A freshly added host may be renamed yet."""
    assert scene.problems(found(scene.plain(LONG), WIDE, **fields)) == {}
    assert scene.problems(found(scene.plain("ib0"), **fields)) == {}


def test_a_place_that_nobody_told() -> None:
    """Without label and agent nobody knows where public traffic lies: only what is wrong is said."""
    cloud = scene.cloud({"Guest": "cloudbr0", "Public": ""}, vlans=((998, 1001),))
    assert scene.values_of(found(scene.plain(LONG), cloud)) == {("uplink_name_too_long_vlans", "kvm1", "physical1"): 4}
    assert found(scene.plain("bond0"), cloud) == []
