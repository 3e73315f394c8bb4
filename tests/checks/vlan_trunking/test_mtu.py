"""Frames that are too long for a piece of their way."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from exporter.checks.vlan_trunking.mtu import judge, judge_cluster
from exporter.cloud.groups import ClusterGroup
from exporter.model import Sample
from exporter.questions.hosts.agent import AGENT, Agent
from exporter.questions.hosts.links import Link
from exporter.questions.hosts.lldp import LLDP, Neighbour
from exporter.questions.hosts.ovs import OVS_DATABASE, OvsBridge, OvsDatabase, OvsInterface, OvsPort
from tests.checks.vlan_trunking import vlan_scene as scene


def jumbo(nic: int = 9000, bond: int = 9000, bridge: int = 9000) -> tuple[Link, ...]:
    """Return an uplink for jumbo frames."""
    return (
        scene.link("eth0", master="bond0", mtu=nic),
        scene.link("bond0", "bond", "cloudbr1", mtu=bond),
        scene.link("cloudbr1", "bridge", mtu=bridge),
    )


def verdict(*found: Link, max_frame: int | None = None, heard: int = 1) -> Sample:
    """Return what is said of a host with these links."""
    neighbour = Neighbour(nic="eth0", chassis="", chassis_name="leaf1", port="Eth7", max_frame=max_frame)
    values = scene.answered(scene.links(*found), more={LLDP: {"eth0": (neighbour,) * heard} if max_frame else {}})
    return scene.only(scene.on_host(judge, scene.cloud(), values), "mtu_conflicts")


def test_a_switch_that_was_not_asked() -> None:
    """Long frames may be too long for it, so that none is wrong is not said; what else is found is."""
    values = scene.answered(scene.links(*jumbo()))
    assert scene.on_host(judge, scene.cloud(), values) == []
    assert (
        scene.only(
            scene.on_host(judge, scene.cloud(), scene.answered(scene.links(*scene.UPLINK))), "mtu_conflicts"
        ).value
        == 0
    )
    broken = scene.answered(scene.links(*jumbo(nic=1500)))
    assert scene.only(scene.on_host(judge, scene.cloud(), broken), "mtu_conflicts").value == 1


def test_a_switch_of_the_host_that_did_not_answer() -> None:
    """What long frames of a machine meet there is not known."""
    found = (scene.link("eth2", master="ovs-system"), scene.link("cloudbr1", "openvswitch"))
    for mtu, told in ((9000, 0), (1500, 1)):
        values = scene.answered(scene.links(*found, scene.link("vnet0", "tun", "ovs-system", mtu=mtu)), more={LLDP: {}})
        del values[OVS_DATABASE]
        assert len(scene.on_host(judge, scene.cloud(), values)) == told


def test_an_uplink_that_nobody_told() -> None:
    """Which NIC would have to be asked about is not known while the agent is not."""
    values = scene.answered(scene.links(*jumbo()), more={LLDP: {}})
    assert scene.on_host(judge, scene.cloud(labels=(scene.label(""),)), values) == []


HEALTHY: list[Any] = [
    (*scene.UPLINK, *scene.vlan_bridge(101, "vnet0")),
    (*jumbo(), *scene.vlan_bridge(101, "vnet0")),
    jumbo(bridge=1500),
    (*jumbo(), scene.link("vxlan7", "vxlan", "brvx-7", parent="bond0", mtu=8950), scene.link("brvx-7", "bridge")),
    (*jumbo(), scene.link("vxlan7", "vxlan", parent="bond0", mtu=8930, is_over_ipv6=True)),
    (*jumbo(), scene.link("vxlan7", "vxlan", mtu=8950, vni=7)),
    (*scene.UPLINK, scene.link("eth9", mtu=9000), scene.link("vxlan7", "vxlan", vni=7)),
    (*scene.UPLINK, scene.link("vxlan7", "vxlan", parent="elsewhere", vni=7)),
    (scene.link("lo", mtu=65536), scene.link("eth0", has_carrier=False), scene.link("vxlan7", "vxlan", vni=7)),
    (*scene.UPLINK, scene.link("vxlan_sys_4789", "vxlan", mtu=65000, vni=0)),
    (*scene.UPLINK, scene.link("docker0", "bridge", mtu=9000), scene.link("veth1", "veth", "docker0")),
    (*scene.UPLINK, scene.link("bond9", "bond", mtu=9000, is_up=False), scene.link("eth9", master="bond9")),
]


@pytest.mark.parametrize("links", HEALTHY)
def test_ways_that_are_wide_enough(links: tuple[Link, ...]) -> None:
    """What is below is never smaller; bridges of others and what is switched off do not matter."""
    assert verdict(*links).value == 0


BROKEN: dict[str, Any] = {
    "bond0 has 9000, eth0 has 1500": jumbo(nic=1500),
    "cloudbr1 has 9000, bond0 has 1500": jumbo(nic=1500, bond=1500),
    "bond0.101 has 9000, bond0 has 1500": (*scene.UPLINK, *scene.vlan_bridge(101, mtu=9000)),
    "vnet0 has 9000, bond0.101 has 1500": (
        *scene.UPLINK, *scene.vlan_bridge(101), scene.link("vnet0", "tun", "brbond0-101", mtu=9000)
    ),
    "vxlan7 needs 1550, bond0 has 1500": (*scene.UPLINK, scene.link("vxlan7", "vxlan", parent="bond0")),
    "vxlan7 needs 1550, eth0 has 1500": (
        *scene.UPLINK, scene.link("eth9", mtu=9000, has_carrier=False), scene.link("vxlan7", "vxlan", vni=7)
    ),
    "vxlan7 needs 1570, eth0 has 1500": (*scene.UPLINK, scene.link("vxlan7", "vxlan", is_over_ipv6=True, vni=7)),
    "vxlan7 needs 9001, bond0 has 9000": (*jumbo(), scene.link("vxlan7", "vxlan", parent="bond0", mtu=8951)),
    "vxlan7 needs 9001, bond0 has 9000 ": (
        *jumbo(), scene.link("vxlan7", "vxlan", parent="bond0", mtu=8931, is_over_ipv6=True)
    ),
}  # fmt: skip


@pytest.mark.parametrize("words", BROKEN)
def test_each_narrow_place(words: str) -> None:
    """The finding names both interfaces."""
    found = verdict(*BROKEN[words])
    assert (found.value, found.seen) == (1, words.strip())


@pytest.mark.parametrize(("max_frame", "wrong"), [(9216, 0), (9022, 0), (9021, 1), (1522, 1), (None, 0)])
def test_jumbo_frames_at_the_switch(max_frame: int | None, wrong: int) -> None:
    """The switch counts header, tag and checksum."""
    found = verdict(*jumbo(), max_frame=max_frame)
    assert found.value == wrong
    assert not wrong or found.seen == f"eth0 has 9000, leaf1 Eth7 takes frames of {max_frame}"


@pytest.mark.parametrize("max_frame", [1500, 1514, 1518, 1522])
def test_every_port_takes_the_standard(max_frame: int) -> None:
    """Switches tell the same limit in four ways."""
    assert verdict(*scene.UPLINK, max_frame=max_frame).value == 0


def test_a_nic_that_hears_two_ports() -> None:
    """Nobody can tell which one it is plugged into."""
    assert verdict(*jumbo(), max_frame=1522, heard=2).value == 0


def nic(name: str, **columns: Any) -> OvsPort:
    """Return a port of Open vSwitch with one NIC."""
    return OvsPort(name=name, bridge="cloudbr1", interfaces=(OvsInterface(name=name),), **columns)


def switched(*ports: OvsPort, uplink: int = 1500, tap: int = 1500, **bridge: Any) -> Sample:
    """Return what is said of a host with Open vSwitch: bond1 of eth2 and eth3, vnet0 in VLAN 101, and more."""
    bond = scene.switch().ports["bond1"]
    every = (bond, nic("vnet0", tag=101), *ports)
    ovs = OvsDatabase(
        bridges={"cloudbr1": OvsBridge(name="cloudbr1", ports=every, **bridge)},
        ports={one.name: one for one in every},
    )
    links = [scene.link(name, master="ovs-system", mtu=uplink) for name in ("eth2", "eth3")]
    links += [scene.link("vnet0", "tun", "ovs-system", mtu=tap), scene.link("eth8", master="ovs-system", mtu=9000)]
    links += [scene.link("ovs-system", "openvswitch", is_up=False), scene.link("cloudbr1", "openvswitch")]
    values = scene.answered(scene.links(*links), ovs=ovs, more={LLDP: {}})
    return scene.only(scene.on_host(judge, scene.cloud(), values), "mtu_conflicts")


def test_a_tap_in_open_vswitch() -> None:
    """Its frames end at the bond below its bridge."""
    assert switched().value == 0
    assert switched(uplink=9000).value == 0
    assert switched(uplink=9000, tap=9000).value == 0
    found = switched(tap=9000)
    assert (found.value, found.seen) == (1, "vnet0 has 9000, bond1 has 1500")


@pytest.mark.parametrize(
    ("ports", "bridge", "wrong"),
    [
        ((nic("eth8"),), {}, 0),
        ((nic("eth8", trunks=(101,)),), {}, 0),
        ((nic("eth8", trunks=(200,)),), {}, 1),
        ((nic("eth8", tag=30),), {}, 1),
        ((replace(nic("to-ex"), interfaces=(OvsInterface(name="to-ex", kind="patch"),)),), {}, 0),
        ((replace(nic("gre1"), interfaces=(OvsInterface(name="gre1", kind="gre"),)),), {}, 0),
        ((), {"controllers": {"tcp:192.0.2.9:6653": True}}, 0),
    ],
)
def test_other_ways_out_of_open_vswitch(ports: tuple[OvsPort, ...], bridge: dict[str, Any], wrong: int) -> None:
    """Jumbo frames may leave by another uplink, if it lets their VLAN through, or in a way that nobody knows."""
    assert switched(*ports, tap=9000, **bridge).value == wrong


def test_machines_on_dpdk() -> None:
    """Neither they nor their NICs are in the kernel; the switch tells their MTU."""

    def of(kind: str, name: str, mtu: int | None) -> OvsPort:
        return replace(nic(name), interfaces=(OvsInterface(name=name, kind=kind, mtu=mtu),))

    socket = of("dpdkvhostuserclient", "csdpdk-1", 9000)
    assert switched(of("dpdk", "p0", 9000), socket).value == 0
    assert switched(of("dpdk", "p0", 1500), socket).seen == "csdpdk-1 has 9000, p0 has 1500"
    assert switched(of("dpdk", "p0", None), socket).value == 0
    assert switched(of("dpdk", "p0", 1500), of("dpdkvhostuserclient", "csdpdk-1", None)).value == 0


def test_hosts_in_maintenance() -> None:
    """They have no fault, and that is said: an alert of before ends."""
    seen_by = scene.cloud(hosts=(scene.host(resource_state="Maintenance"),))
    found = scene.on_host(judge, seen_by, scene.answered(scene.links(*jumbo(nic=1500))))
    assert scene.only(found, "mtu_conflicts").value == 0


def cluster(*hosts: tuple[Link, ...], more: tuple[Any, ...] = ()) -> dict[str, float]:
    """Return by host whether it differs."""
    seen_by = scene.cloud(hosts=more or tuple(scene.host(number + 1) for number in range(len(hosts))))
    members = {
        scene.target(host): scene.answered(scene.links(*links))
        for host, links in zip(seen_by.hosts.values(), hosts, strict=False)
    }
    found = scene.on_group(judge_cluster, ClusterGroup("zone1", seen_by.clusters["c"]), seen_by, members)
    assert all(sample.labels[-1] == "physical-pn" for sample in found)
    return {sample.labels[2]: sample.value for sample in found}


def test_a_host_unlike_its_peers() -> None:
    """Most uplinks are the same, one is not."""
    assert cluster(scene.UPLINK, jumbo(), scene.UPLINK) == {"kvm1": 0, "kvm2": 1, "kvm3": 0}


def test_no_majority_and_hosts_that_are_held_back() -> None:
    """Two that differ are no problem; a host in maintenance has no vote."""
    assert cluster(scene.UPLINK, jumbo()) == {"kvm1": 0, "kvm2": 0}
    hosts = (scene.host(1), scene.host(2, resource_state="Maintenance"), scene.host(3))
    assert cluster(scene.UPLINK, jumbo(), scene.UPLINK, more=hosts) == {"kvm1": 0, "kvm2": 0, "kvm3": 0}


def test_hosts_that_did_not_tell() -> None:
    """While they may make another MTU that of most, nothing is said; what differs from most of the others is."""
    two = tuple(scene.host(number) for number in (1, 2, 3))
    assert cluster(scene.UPLINK, jumbo(), more=two) == {}
    assert cluster(scene.UPLINK, scene.UPLINK, more=two) == {"kvm1": 0, "kvm2": 0}
    seven = tuple(scene.host(number) for number in range(1, 8))
    assert cluster(scene.UPLINK, jumbo(), scene.UPLINK, more=seven) == {"kvm2": 1}


def test_hosts_whose_uplink_nobody_told() -> None:
    """Where guest traffic lies there is not known, so they count as hosts that did not tell."""
    seen_by = scene.cloud(labels=(scene.label(""),))
    agents = [{AGENT: Agent(guest="cloudbr1")}, {AGENT: Agent(guest="cloudbr1")}, {}]
    members = {
        scene.target(host): scene.answered(scene.links(*links), more=more)
        for host, links, more in zip(seen_by.hosts.values(), (scene.UPLINK, jumbo(), jumbo()), agents, strict=True)
    }
    assert scene.on_group(judge_cluster, ClusterGroup("zone1", seen_by.clusters["c"]), seen_by, members) == []


def test_each_uplink_has_its_own_peers() -> None:
    """Public traffic on another uplink with another MTU is no difference; a guest uplink unlike the others' is."""
    public = (scene.link("cloudbr0", "bridge"), scene.link("eth8", master="cloudbr0"))
    seen_by = scene.cloud(labels=(scene.label("cloudbr0", traffic="Public"), scene.label()))
    uplinks = (jumbo(), jumbo(), scene.UPLINK)
    members = {
        scene.target(host): scene.answered(scene.links(*public, *links))
        for host, links in zip(seen_by.hosts.values(), uplinks, strict=True)
    }
    found = scene.on_group(judge_cluster, ClusterGroup("zone1", seen_by.clusters["c"]), seen_by, members)
    assert [sample.value for sample in found] == [0, 0, 1]
    assert found[2].seen == "bond0 has MTU 1500, most have 9000"
