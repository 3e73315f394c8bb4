"""Native VLANs of switch ports against tagged ones, and against the peers'."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.checks.vlan_trunking.native_vlan import judge, judge_cluster
from exporter.cloud.groups import ClusterGroup
from exporter.model import Sample
from exporter.questions.hosts.agent import AGENT, Agent
from exporter.questions.hosts.links import LINKS
from exporter.questions.hosts.lldp import LLDP, Neighbour
from exporter.questions.hosts.ovs import OvsBridge, OvsDatabase, OvsInterface, OvsPort
from tests.checks.vlan_trunking import vlan_scene as scene

NICS = ("eth0", "eth1")
LINKED = scene.links(*scene.UPLINK, *scene.vlan_bridge(101, "vnet0"))


def port(nic: str, pvid: int | None, **fields: Any) -> Neighbour:
    """Return what a switch says at a NIC."""
    return Neighbour(nic=nic, chassis="00:1c:73:00:00:01", chassis_name="leaf1", port="Ethernet7", pvid=pvid, **fields)


def values(*pvids: int | None) -> scene.Values:
    """Return the answers of a host whose NICs eth0, eth1 hear these native VLANs."""
    heard = {f"eth{place}": (port(f"eth{place}", pvid),) for place, pvid in enumerate(pvids)}
    return scene.answered(LINKED, scene.domain(5), more={LLDP: heard})


def verdict(*pvids: int | None, **fields: Any) -> list[Sample]:
    """Return what is said of one host."""
    return scene.on_host(judge, scene.cloud(scene.instance(5), **fields), values(*pvids))


def test_a_native_vlan_that_is_used_with_a_tag() -> None:
    """Its frames come without the tag that the machines' bridge waits for."""
    found = verdict(1, 101)
    assert [sample.value for sample in found] == [0, 1]
    assert found[1].labels == ("zone1", "cluster1", "kvm1", "eth1")
    assert found[1].seen == "leaf1 Ethernet7 gives VLAN 101 without a tag, physical-pn uses it with one"


@pytest.mark.parametrize("pvid", [1, 102, 4094])
def test_native_vlans_that_nobody_uses(pvid: int) -> None:
    """Also one inside the range: what CloudStack does not send tagged here may be native."""
    assert [sample.value for sample in verdict(pvid, pvid)] == [0, 0]


def test_no_lldp_is_no_problem() -> None:
    """Ports without a native VLAN, NICs that hear nobody or several, and NICs that carry nothing: nothing is said."""
    assert verdict(None, None) == []
    assert verdict() == []
    heard = {"eth0": (port("eth0", 101), port("eth0", 101)), "eth5": (port("eth5", 101),)}
    answers = scene.answered(LINKED, scene.domain(5), more={LLDP: heard})
    assert scene.on_host(judge, scene.cloud(scene.instance(5)), answers) == []


def test_an_untagged_network_may_be_native() -> None:
    """An access port for a physical network without tags is as it should be."""
    seen_by = scene.cloud(scene.instance(5, 1, scene.nic(5, "vlan://untagged")))
    assert [sample.value for sample in scene.on_host(judge, seen_by, values(101, 101))] == [0, 0]


def test_hosts_in_maintenance() -> None:
    """Their ports are said to be well, so that an alert of before ends."""
    found = verdict(101, 101, hosts=(scene.host(resource_state="Maintenance"),))
    assert [sample.value for sample in found] == [0, 0]


def cluster(*pvids: tuple[int | None, ...], missing: bool = False, **fields: Any) -> dict[tuple[str, ...], float]:
    """Return the values for the hosts of a cluster."""
    seen_by = scene.cloud(scene.instance(5), **fields)
    seen_by = seen_by if missing else scene.with_hosts(seen_by, len(pvids))
    members = {scene.target(one): values(*told) for one, told in zip(seen_by.hosts.values(), pvids, strict=False)}
    found = scene.on_group(judge_cluster, ClusterGroup("zone1", seen_by.clusters["c"]), seen_by, members)
    return {sample.labels[2:]: sample.value for sample in found}


def test_the_odd_port_of_a_cluster() -> None:
    """Most ports have VLAN 1, one has 20."""
    found = cluster((1, 1), (1, 20), (1, 1))
    assert [place for place, value in found.items() if value] == [("kvm2", "eth1")]
    assert len(found) == 6


def test_two_hosts_that_differ() -> None:
    """Nobody can say which of them is wrong."""
    assert set(cluster((1, 1), (20, 20)).values()) == {0}
    assert set(cluster((1, 1), (20, None)).values()) == {0}  # two NICs of one host are one voice
    assert [place for place, value in cluster((1, 1), (1, 20)).items() if value] == [("kvm2", "eth1")]


def test_a_host_with_many_nics_is_one_voice() -> None:
    """Two hosts outvote the eight NICs of a third."""
    many = scene.links(*scene.UPLINK, *(scene.link(f"eth{number}", master="bond0") for number in range(2, 8)))
    seen_by = scene.cloud(scene.instance(5))
    pvids = {"h1": (1,) * 8, "h2": (20,), "h3": (20,)}
    heard = {
        host.id: {f"eth{place}": (port(f"eth{place}", pvid),) for place, pvid in enumerate(pvids[host.id])}
        for host in seen_by.hosts.values()
    }
    members = {scene.target(one): scene.answered(many, more={LLDP: heard[one.id]}) for one in seen_by.hosts.values()}
    found = scene.on_group(judge_cluster, ClusterGroup("zone1", seen_by.clusters["c"]), seen_by, members)
    assert {(sample.labels[2], sample.value) for sample in found} == {("kvm1", 1), ("kvm2", 0), ("kvm3", 0)}


def test_hosts_that_did_not_tell() -> None:
    """While they may make another VLAN that of most, it is not said that a port has the usual one."""
    assert cluster((1, 1), (20, 20), missing=True) == {}
    assert cluster((1, 1), (1, 1), missing=True) == {(host, nic): 0 for host in ("kvm1", "kvm2") for nic in NICS}


def test_hosts_that_are_held_back_have_no_vote() -> None:
    """A host in maintenance neither differs nor makes the others differ."""
    hosts = (scene.host(1), scene.host(2, resource_state="Maintenance"))
    assert cluster((1, 1), (20, 20), hosts=hosts) == {(host, nic): 0 for host in ("kvm1", "kvm2") for nic in NICS}


def test_ports_that_carry_something_else_are_no_peers() -> None:
    """The port of another physical network may have another native VLAN."""
    seen_by = scene.cloud(
        labels=(scene.label(), scene.label("cloudbr9", "far")), physicals=(scene.physical(), scene.physical("far"))
    )
    links = scene.links(*scene.UPLINK, scene.link("cloudbr9", "bridge"), scene.link("eth9", master="cloudbr9"))
    heard = {nic: (port(nic, 20 if nic == "eth9" else 1),) for nic in ("eth0", "eth1", "eth9")}
    members = {scene.target(one): scene.answered(links, more={LLDP: heard}) for one in seen_by.hosts.values()}
    found = scene.on_group(judge_cluster, ClusterGroup("zone1", seen_by.clusters["c"]), seen_by, members)
    assert [sample.value for sample in found] == [0] * 9


def test_members_that_did_not_tell() -> None:
    """A host without an answer to LLDP is left out."""
    seen_by = scene.cloud()
    members: dict[Any, scene.Values] = {scene.target(scene.host(1)): {LINKS: LINKED}}
    assert scene.on_group(judge_cluster, ClusterGroup("zone1", seen_by.clusters["c"]), seen_by, members) == []


def test_uplinks_that_nobody_told() -> None:
    """The NIC may carry another network too: what is found stands, what may be there is not denied."""
    labels, physicals = (scene.label(), scene.label("", "far")), (scene.physical(), scene.physical("far"))
    far = scene.network("102", "far", physical_network_id="far")
    machines = (scene.instance(5), scene.instance(6, 1, scene.nic(6, "vlan://102", "far")))
    seen_by = scene.cloud(*machines, labels=labels, physicals=physicals, networks=(scene.network(), far))
    assert [sample.value for sample in scene.on_host(judge, seen_by, values(101, 103))] == [1, 0]
    assert scene.on_host(judge, seen_by, values(102, 102)) == []
    told = values(102, 102) | {AGENT: Agent(guest="cloudbr1")}
    assert [sample.value for sample in scene.on_host(judge, seen_by, told)] == [1, 1]
    members = {scene.target(one): values(1, 20) for one in seen_by.hosts.values()}
    assert scene.on_group(judge_cluster, ClusterGroup("zone1", seen_by.clusters["c"]), seen_by, members) == []


def test_a_bond_of_the_kernel_in_open_vswitch() -> None:
    """The switch speaks to its members."""
    links = scene.links(
        scene.link("eth0", master="bond0"),
        scene.link("eth1", master="bond0"),
        scene.link("bond0", "bond", "ovs-system"),
        scene.link("cloudbr1", "openvswitch"),
    )
    bond = OvsPort(name="bond0", bridge="cloudbr1", interfaces=(OvsInterface(name="bond0"),))
    database = OvsDatabase(bridges={"cloudbr1": OvsBridge(name="cloudbr1", ports=(bond,))}, ports={"bond0": bond})
    heard = {LLDP: {"eth0": (port("eth0", 1),), "eth1": (port("eth1", 101),)}}
    answers = scene.answered(links, scene.domain(5), ovs=database, more=heard)
    found = scene.on_host(judge, scene.cloud(scene.instance(5)), answers)
    assert [(sample.labels[-1], sample.value) for sample in found] == [("eth0", 0), ("eth1", 1)]
