"""Hosts of a cluster whose traffic types lie elsewhere than on most."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from exporter.checks.physical_networks.cluster_labels import judge
from exporter.cloud.networks import Network, StorageRange, VlanRange
from exporter.questions.hosts.agent import Agent
from exporter.questions.hosts.links import LINKS
from exporter.questions.hosts.ovs import OvsBridge, OvsDatabase, OvsInterface, OvsPort
from tests.checks.physical_networks import scene

TAGGED = (VlanRange(id="r", zone_id="z", vlan="vlan://50", is_public=True, physical_network_id="pn"),)
STORAGE = {"s": StorageRange("s", "z", "n", 40)}
BASIC: dict[str, Any] = {"networks": (scene.physical(vlan_ranges=()),), "of": scene.zone(network_type="Basic")}
USUAL = scene.seen(scene.bridged())
OTHER_UPLINK = scene.seen(scene.bridged(uplink="eth0"))


def network(vlan: str) -> Network:
    """Return a network whose VLAN was chosen by hand."""
    return Network(
        id=vlan, name=vlan, zone_id="z", type="L2", state="Setup", vlan=vlan, physical_network_id="pn",
        specifies_vlan=True,
    )  # fmt: skip


def odd(*of_hosts: Any, **fields: Any) -> dict[str, float]:
    """Return the number of differing traffic types by host."""
    hosts = tuple(scene.host(number + 1) for number in range(len(of_hosts)))
    cloud = scene.cloud(*fields.pop("hosts", hosts), **fields)
    return {sample.labels[2]: sample.value for sample in scene.on_cluster(judge, cloud, *of_hosts)}


def test_a_uniform_cluster() -> None:
    """Zero is said of every host."""
    assert odd(USUAL, USUAL, USUAL) == {"kvm1": 0, "kvm2": 0, "kvm3": 0}


def test_another_uplink_name() -> None:
    """VLAN bridges would be breth0-101 there, and brbond0-101 elsewhere; of management nobody makes such bridges."""
    hosts = tuple(scene.host(number) for number in (1, 2, 3))
    cloud = scene.cloud(*hosts, ranges=TAGGED, storage_ranges=STORAGE)
    found = scene.on_cluster(judge, cloud, USUAL, USUAL, OTHER_UPLINK)
    sample = next(one for one in found if one.labels[2] == "kvm3")
    assert sample.value == 3
    assert sample.seen == "Guest cloudbr0 on eth0, Public cloudbr0 on eth0, Storage cloudbr0 on eth0"
    assert sample.expected.startswith("as most: Guest cloudbr0 on bond0")
    assert [one.value for one in found if one.labels[2] != "kvm3"] == [0, 0]


@pytest.mark.parametrize(
    ("fields", "number"),
    [
        ({}, 1),
        ({"networks": (scene.physical(vlan_ranges=()),)}, 0),
        ({"networks": (scene.physical(isolation_methods=("VXLAN",), vlan_ranges=((5000, 9999),)),)}, 0),
        ({"networks": (scene.physical(isolation_methods=("VXLAN",), vlan_ranges=((100, 199),)),)}, 0),
        ({"ranges": TAGGED}, 2),
        ({"ranges": (replace(TAGGED[0], vlan="vlan://untagged"),)}, 1),
        ({"ranges": (replace(TAGGED[0], physical_network_id="other"),)}, 1),
        ({"storage_ranges": STORAGE}, 2),
        ({"storage_ranges": {"s": replace(STORAGE["s"], vlan=None)}}, 1),
        ({"storage_ranges": {"s": replace(STORAGE["s"], zone_id="other")}}, 1),
        (BASIC, 0),
        (BASIC | {"guests": (network("vlan://2000"),)}, 1),
        (BASIC | {"guests": (network("vlan://untagged"), network("vxlan://2000"))}, 0),
        (BASIC | {"ranges": (replace(TAGGED[0], vlan="vlan://300", is_public=False),)}, 1),
    ],
)
def test_names_of_uplinks_count_where_bridges_are_named_after_them(fields: dict[str, Any], number: int) -> None:
    """Where traffic comes tagged: nothing is named after the uplink of untagged traffic, or of VXLAN."""
    assert odd(USUAL, USUAL, OTHER_UPLINK, **fields) == {"kvm1": 0, "kvm2": 0, "kvm3": number}


def test_another_bridge_for_untagged_traffic() -> None:
    """Machines on it are on another wire, whatever its uplink is named."""
    types = tuple(scene.label(name, "") for name in scene.TYPES)
    bridges = (scene.link(name, "bridge") for name in ("cloudbr0", "cloudbr1"))
    ports = (scene.link("bond0", "bond", "cloudbr0"), scene.link("bond1", "bond", "cloudbr1"))
    both = scene.links(*bridges, *ports)
    usual, other = scene.seen(both), scene.seen(both, Agent(private="cloudbr0", guest="cloudbr1"))
    assert odd(usual, usual, other, types=types, **BASIC) == {"kvm1": 0, "kvm2": 0, "kvm3": 1}


def test_the_vlan_of_an_uplink_changes_no_name() -> None:
    """Bridges are named after the parent."""
    assert odd(USUAL, USUAL, scene.seen(scene.bridged(vlan=200))) == {"kvm1": 0, "kvm2": 0, "kvm3": 0}


def test_two_hosts_that_differ_have_no_majority() -> None:
    """Nor have two against two."""
    assert odd(USUAL, OTHER_UPLINK) == {"kvm1": 0, "kvm2": 0}
    assert set(odd(USUAL, USUAL, OTHER_UPLINK, OTHER_UPLINK).values()) == {0}


def test_agents_with_other_defaults() -> None:
    """Where there is no label each agent's own device counts."""
    types = tuple(scene.label(name, "") for name in scene.TYPES)
    both = scene.links(
        scene.link("cloudbr0", "bridge"),
        scene.link("bond0", "bond", "cloudbr0"),
        scene.link("cloudbr1", "bridge"),
        scene.link("bond1", "bond", "cloudbr1"),
    )
    usual, other = scene.seen(both), scene.seen(both, Agent(private="cloudbr1"))
    assert odd(usual, usual, other, types=types) == {"kvm1": 0, "kvm2": 0, "kvm3": 3}


def test_what_is_not_known_of_a_host_is_not_compared() -> None:
    """A missing label is another verdict; a host that did not answer is left out."""
    missing = scene.seen(scene.links(scene.link("lo")))
    assert odd(USUAL, USUAL, missing) == {"kvm1": 0, "kvm2": 0, "kvm3": 0}
    assert odd(USUAL, USUAL, {}) == {"kvm1": 0, "kvm2": 0}


def test_what_nobody_told_is_not_alike() -> None:
    """Without labels the agent's word counts; of a host without it nothing is said, unless something differs."""
    types = tuple(scene.label(name, "") for name in scene.TYPES)
    untold = scene.seen(scene.bridged(), None)
    assert odd(USUAL, USUAL, untold, types=types) == {"kvm1": 0, "kvm2": 0}
    some = (*(scene.label(name, "") for name in scene.TYPES if name != "Guest"), scene.label("Guest", "cloudbr0"))
    other = scene.seen(scene.bridged(uplink="eth0"), None)
    assert odd(USUAL, USUAL, other, types=some) == {"kvm1": 0, "kvm2": 0, "kvm3": 1}


def test_hosts_in_maintenance_are_neither_odd_nor_peers() -> None:
    """Of three, one in maintenance leaves no majority."""
    hosts = (scene.host(1), scene.host(2), scene.host(3, resource_state="Maintenance"))
    assert odd(USUAL, USUAL, OTHER_UPLINK, hosts=hosts) == {"kvm1": 0, "kvm2": 0, "kvm3": 0}
    assert odd(USUAL, OTHER_UPLINK, USUAL, hosts=hosts) == {"kvm1": 0, "kvm2": 0, "kvm3": 0}


def test_bridges_of_open_vswitch_have_no_names_of_uplinks() -> None:
    """Machines are plugged into the labelled bridge with a tag."""

    def switched(bond: str) -> Any:
        port = OvsPort(name=bond, bridge="cloudbr0", interfaces=(OvsInterface(name="a"), OvsInterface(name="b")))
        ovs = OvsDatabase(bridges={"cloudbr0": OvsBridge(name="cloudbr0", ports=(port,))}, ports={bond: port})
        return scene.seen(scene.links(scene.link("lo")), Agent(private="cloudbr0", bridge_type="openvswitch"), ovs=ovs)

    assert set(odd(switched("bond0"), switched("bond0"), switched("bond1")).values()) == {0}


def test_other_hypervisors_are_no_members() -> None:
    """A dom0 that answers is not compared."""
    hosts = tuple(scene.host(number, hypervisor="XenServer") for number in (1, 2, 3))
    assert odd(USUAL, USUAL, {LINKS: scene.bridged(uplink="eth9")}, hosts=hosts) == {}


def test_hosts_that_did_not_tell() -> None:
    """While they may lie elsewhere and be most, nothing is said to be alike."""
    hosts = tuple(scene.host(number) for number in range(1, 6))
    assert odd(USUAL, USUAL, hosts=hosts) == {}
    assert odd(USUAL, USUAL, USUAL, hosts=hosts) == {"kvm1": 0, "kvm2": 0, "kvm3": 0}
    assert odd(USUAL, USUAL, OTHER_UPLINK, hosts=(*hosts, scene.host(6), scene.host(7)))["kvm3"] == 1


def test_peers_whose_places_nobody_told() -> None:
    """Of a host without its agent's word the place of a traffic type without a label is not known: it may decide."""
    types = scene.labels(guest="")
    agent, blind = Agent(guest="cloudbr0"), scene.seen(scene.bridged(), None)
    usual, other = scene.seen(scene.bridged(), agent), scene.seen(scene.bridged(uplink="eth0"), agent)
    every: dict[str, Any] = {"types": types, "ranges": TAGGED, "storage_ranges": STORAGE}
    assert odd(usual, usual, other, **every) == {"kvm1": 0, "kvm2": 0, "kvm3": 3}
    assert odd(usual, blind, other, **every) == {"kvm3": 2}
