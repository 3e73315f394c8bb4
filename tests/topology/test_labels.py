"""What a traffic label leads to, as the agent of a KVM host would find it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from exporter.cloud.cloud import Cloud
from exporter.cloud.networks import TrafficType
from exporter.cloud.targets import HostTarget
from exporter.model import Answer, Answers, Failure, Reason
from exporter.questions.hosts.agent import Agent
from exporter.questions.hosts.links import Link, Links
from exporter.questions.hosts.ovs import OVS_DATABASE, OvsBridge, OvsDatabase, OvsInterface, OvsPort
from exporter.topology.labels import Place, is_tap, is_uplink, places, switch_uplinks, switches

NO_OVS = OvsDatabase()
NATIVE, SWITCHED = Agent(private="cloudbr0"), Agent(private="cloudbr0", bridge_type="openvswitch")


def links(*found: Link) -> Links:
    """Return the links with the ports of their masters."""
    ports: dict[str, tuple[str, ...]] = {}
    for link in found:
        if link.master:
            ports[link.master] = (*ports.get(link.master, ()), link.name)
    return Links({link.name: link for link in found}, ports)


def link(name: str, kind: str = "", master: str = "", **fields: Any) -> Link:
    """Return a link that is up."""
    return Link(name=name, index=1, kind=kind, master=master, is_up=True, has_carrier=True, **fields)


BRIDGE = link("cloudbr0", "bridge")


def guest(
    host: HostTarget,
    cloud: Cloud,
    found: Links,
    agent: Agent | None = NATIVE,
    ovs: OvsDatabase | None = NO_OVS,
    label: str = "cloudbr0",
) -> Place:
    """Return the place of guest traffic with this label."""
    kvm = {"kvm": label} if label else {}
    one = replace(cloud, traffic_types={"g": TrafficType("g", "pn", "Guest", kvm)})
    (place,) = places(host, one, found, agent, ovs)
    return place


def test_every_labelled_traffic_type_of_the_zone_has_a_place(host: HostTarget, cloud: Cloud) -> None:
    """Control has no label, and another zone's labels are not looked for here."""
    found = list(places(host, cloud, links(BRIDGE, link("bond0", "bond", "cloudbr0")), NATIVE, NO_OVS))
    assert [place.traffic for place in found] == ["Management", "Public", "Guest", "Storage"]
    assert {(place.device, place.kind, place.uplinks, place.pif, place.vlan) for place in found} == {
        ("cloudbr0", "bridge", ("bond0",), "bond0", None)
    }


def test_the_parent_of_a_vlan_uplink_is_the_pif(host: HostTarget, cloud: Cloud) -> None:
    """With the bridge on bond0.200 the VLANs of guests are made on bond0, not stacked."""
    uplink = link("bond0.200", "vlan", "cloudbr0", parent="bond0", vlan=200)
    place = guest(host, cloud, links(BRIDGE, link("bond0", "bond"), uplink))
    assert (place.uplinks, place.pif, place.vlan) == (("bond0.200",), "bond0", 200)


def test_the_peer_of_a_pair_of_interfaces_is_no_pif(host: HostTarget, cloud: Cloud) -> None:
    """What iproute2 calls the link of a veth or VXLAN device is no parent of a VLAN."""
    place = guest(host, cloud, links(BRIDGE, link("eth0", "veth", "cloudbr0", parent="veth9")))
    assert place.pif == "eth0"


def test_a_label_may_name_an_interface_of_any_name(host: HostTarget, cloud: Cloud) -> None:
    """The agent takes it as it is, without looking for a parent: VLANs of guests are stacked on it."""
    tagged = link("wan0.200", "vlan", parent="wan0", vlan=200)
    place = guest(host, cloud, links(link("wan0"), tagged), label="wan0.200")
    assert (place.kind, place.uplinks, place.pif, place.vlan) == ("interface", ("wan0.200",), "wan0.200", 200)


def test_ports_that_the_agent_takes_for_uplinks(host: HostTarget, cloud: Cloud) -> None:
    """Names decide; which of several is taken nobody knows, so there is no pif."""
    ports = [link(name, master="cloudbr0") for name in ("ib0", "vnet3", "eth0", "bond1")]
    place = guest(host, cloud, links(BRIDGE, *ports))
    assert (place.uplinks, place.others, place.pif) == (("eth0", "bond1"), ("ib0",), "")
    place = guest(host, cloud, links(BRIDGE, ports[0]))
    assert (place.uplinks, place.others, place.pif) == ((), ("ib0",), "")


@pytest.mark.parametrize(
    "name", ["eth0", "bond0", "vlan200", "vxlan5001", "em1", "ens1f0", "eno1", "enp3s0", "team0", "enx001122334455"]
)
def test_names_of_uplinks(name: str) -> None:
    """The beginnings that the agent knows."""
    assert is_uplink(name)


@pytest.mark.parametrize("name", ["p1p2", "dummy0", "lo", "vni7", "enccw0"])
def test_more_names_of_uplinks(name: str) -> None:
    """Names of other machines and eras."""
    assert is_uplink(name)


@pytest.mark.parametrize("name", ["ib0", "wan0", "mgmt0", "p4", "vnet1", "veth1", "br0", "cloudbr0"])
def test_names_of_no_uplinks(name: str) -> None:
    """Renamed NICs, taps and bridges."""
    assert not is_uplink(name)


def test_names_of_taps() -> None:
    """libvirt's, and those of other hypervisors."""
    assert [is_tap(name) for name in ("vnet12", "tap0", "vif3.0", "eth0", "veth0")] == [True, True, True, False, False]


def test_a_label_that_is_not_there(host: HostTarget, cloud: Cloud) -> None:
    """Neither a bridge nor an interface of that name."""
    assert guest(host, cloud, links(link("lo"))).kind == "missing"


def test_without_a_label_the_agent_says_the_device(host: HostTarget, cloud: Cloud) -> None:
    """cloudbr0 for the public network, the private bridge for the rest; unknown while the agent is not known."""
    agent = Agent(private="cloudbr1", guest="cloudbr2")
    bare = {name: TrafficType(name, "pn", name) for name in ("Management", "Public", "Guest", "Storage")}
    found = {
        place.traffic: place.device
        for place in places(host, replace(cloud, traffic_types=bare), links(BRIDGE), agent, NO_OVS)
    }
    assert found == {"Management": "cloudbr1", "Public": "cloudbr0", "Guest": "cloudbr2", "Storage": "cloudbr1"}
    assert guest(host, cloud, links(BRIDGE), Agent(private="cloudbr1"), label="").device == "cloudbr1"
    nobody = guest(host, cloud, links(BRIDGE), None, label="")
    assert (nobody.device, nobody.kind) == ("", "unknown")
    assert guest(host, cloud, links(BRIDGE), Agent(), label="").kind == "unknown"


def port(name: str, *kinds: str, tag: int | None = None) -> OvsPort:
    """Return a port of cloudbr0 with an interface of each kind."""
    interfaces = tuple(OvsInterface(name=f"{name}{number}", kind=kind) for number, kind in enumerate(kinds))
    return OvsPort(name=name, bridge="cloudbr0", tag=tag, interfaces=interfaces)


def switch(*ports: OvsPort) -> OvsDatabase:
    """Return a database of one bridge with these ports and its own."""
    every = (port("cloudbr0", "internal"), *ports)
    return OvsDatabase(
        bridges={"cloudbr0": OvsBridge(name="cloudbr0", ports=every)}, ports={one.name: one for one in every}
    )


INTERNAL = links(link("cloudbr0", "openvswitch"))


def test_a_bridge_of_open_vswitch(host: HostTarget, cloud: Cloud) -> None:
    """Bonds and NICs lead out, whatever their names; taps and internal ports do not."""
    ovs = switch(port("bond0", "", ""), port("vnet3", ""), port("vnet4", "", tag=101), port("tunnel", "gre"))
    place = guest(host, cloud, INTERNAL, SWITCHED, ovs)
    assert (place.kind, place.uplinks, place.others, place.pif) == ("openvswitch", ("bond0",), ("tunnel",), "bond0")
    assert guest(host, cloud, INTERNAL, SWITCHED, switch(port("ib0", ""))).uplinks == ("ib0",)
    assert guest(host, cloud, INTERNAL, SWITCHED, switch(port("dpdk-p0", "dpdk"))).uplinks == ("dpdk-p0",)
    assert guest(host, cloud, INTERNAL, SWITCHED, switch()).uplinks == ()


def test_a_patch_port_leads_to_another_bridge(host: HostTarget, cloud: Cloud) -> None:
    """Where no NIC is in the bridge itself."""
    assert guest(host, cloud, INTERNAL, SWITCHED, switch(port("to-ex", "patch"))).uplinks == ("to-ex",)
    assert guest(host, cloud, INTERNAL, SWITCHED, switch(port("to-x", "patch"), port("eth0", ""))).uplinks == ("eth0",)


def dead(name: str, *kinds: str) -> OvsPort:
    """Return a port of which nothing could be opened."""
    one = port(name, *kinds)
    return replace(one, interfaces=tuple(replace(part, ofport=-1) for part in one.interfaces))


def test_a_port_that_could_not_be_opened_is_no_uplink(host: HostTarget, cloud: Cloud) -> None:
    """The bridge has none then; a bond with one member that was opened is one, and so is the other NIC."""
    place = guest(host, cloud, INTERNAL, SWITCHED, switch(dead("eth0", "")))
    assert (place.kind, place.uplinks, place.others, place.pif) == ("openvswitch", (), (), "")
    assert guest(host, cloud, INTERNAL, SWITCHED, switch(dead("eth0", ""), port("to-x", "patch"))).uplinks == ()
    assert guest(host, cloud, INTERNAL, SWITCHED, switch(dead("eth0", ""), port("eth1", ""))).pif == "eth1"
    bond = port("bond0", "", "")
    half = replace(bond, interfaces=(replace(bond.interfaces[0], ofport=-1), bond.interfaces[1]))
    assert guest(host, cloud, INTERNAL, SWITCHED, switch(half)).uplinks == ("bond0",)


def test_ports_over_which_traffic_leaves_the_switch(host: HostTarget, cloud: Cloud) -> None:
    """Dead ones too; through patch ports those of the other bridges that have some; none of what is no switch."""

    def of(ovs: OvsDatabase, label: str = "cloudbr0") -> list[str]:
        place = guest(host, cloud, links(link("cloudbr0", "openvswitch"), link("eth9")), SWITCHED, ovs, label=label)
        return [one.name for one in switch_uplinks(place, ovs)]

    own = switch(port("bond0", "", ""), dead("eth0", ""), port("vnet0", ""), port("mgmt", "internal", tag=30))
    assert of(own) == of(own, "mgmt") == ["bond0", "eth0"]
    assert of(own, "eth9") == []
    patched = switch(port("to-ex", "patch"))
    ways = (replace(port("to-cloudbr0", "patch"), bridge="br-ex"), replace(port("bond1", "", ""), bridge="br-ex"))
    beside = (replace(port("bond2", "", ""), bridge="br-spare"),)
    bridges = {"br-ex": OvsBridge(name="br-ex", ports=ways), "br-spare": OvsBridge(name="br-spare", ports=beside)}
    assert of(replace(patched, bridges={**patched.bridges, **bridges})) == ["bond1"]
    assert of(replace(switch(), bridges={**switch().bridges, **bridges})) == []


def test_a_bridge_in_a_vlan_of_another(host: HostTarget, cloud: Cloud) -> None:
    """ovs-vsctl br-exists knows it, although it is only a port with a tag."""
    ovs = switch(port("bond0", "", ""), port("mgmt", "internal", tag=30))
    place = guest(host, cloud, INTERNAL, SWITCHED, ovs, label="mgmt")
    assert (place.kind, place.uplinks, place.vlan) == ("openvswitch", ("bond0",), 30)


def test_while_open_vswitch_does_not_answer(host: HostTarget, cloud: Cloud) -> None:
    """What may be one of its bridges is unknown, there or not; what cannot be is judged."""
    assert guest(host, cloud, links(link("lo")), SWITCHED, None).kind == "unknown"
    assert guest(host, cloud, links(BRIDGE), SWITCHED, None).kind == "unknown"
    assert guest(host, cloud, INTERNAL, None, None).kind == "unknown"
    assert guest(host, cloud, INTERNAL, NATIVE, None).kind == "unknown"
    assert guest(host, cloud, links(link("cloudbr0", "tun")), NATIVE, None).kind == "unknown"
    assert guest(host, cloud, links(link("lo")), None, None).kind == "unknown"
    assert guest(host, cloud, links(link("lo")), NATIVE, None).kind == "missing"
    assert guest(host, cloud, links(BRIDGE), NATIVE, None).kind == "bridge"
    assert guest(host, cloud, links(BRIDGE), None, None).kind == "bridge"


def test_an_agent_set_to_open_vswitch_knows_no_linux_bridge(host: HostTarget, cloud: Cloud) -> None:
    """It asks ovs-vsctl only."""
    assert guest(host, cloud, links(BRIDGE), SWITCHED, NO_OVS).kind == "missing"
    by_driver = Agent(vif_driver="com.cloud.hypervisor.kvm.resource.OvsVifDriver")
    assert guest(host, cloud, links(BRIDGE), by_driver, NO_OVS).kind == "missing"


def test_what_is_known_of_open_vswitch() -> None:
    """A host without it has an empty database; one that did not answer has none."""
    ovs = switch()
    assert switches(Answers(values={OVS_DATABASE: Answer(ovs, 0, 0, 1)})) is ovs
    assert switches(Answers(values={OVS_DATABASE: Answer(None, 0, 0, 1)})) == OvsDatabase()
    failed = {OVS_DATABASE: Failure(Reason.TIMEOUT)}
    assert switches(Answers(failures=failed)) is None
    assert switches(Answers(values={OVS_DATABASE: Answer(ovs, 0, 0, 1)}, failures=failed)) is ovs
    assert switches(Answers(values={OVS_DATABASE: Answer(None, 0, 0, 1)}, failures=failed)) is None


def test_labels_of_other_hypervisors_lead_nowhere_on_kvm(host: HostTarget, cloud: Cloud) -> None:
    """In a zone with VMware clusters too: without a KVM label the agent's default counts, never VMware's vSwitch."""
    types = {"Guest": TrafficType("Guest", "pn", "Guest", {"vmware": "vSwitch0,,vmwaredvs", "xen": "xenbr0"})}
    mixed = replace(cloud, traffic_types=types)
    (place,) = places(host, mixed, Links({}, {}), None, OvsDatabase())
    assert (place.label, place.device, place.kind) == ("", "", "unknown")
    (place,) = places(host, mixed, Links({}, {}), Agent(guest="cloudbr7"), OvsDatabase())
    assert (place.label, place.device, place.kind) == ("", "cloudbr7", "missing")
