"""VLANs that a switch names at the peers' ports and not at one host's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from exporter.checks.vlan_trunking.named_vlans import judge_cluster
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ClusterGroup
from exporter.model import Sample
from exporter.questions.hosts.agent import AGENT, Agent
from exporter.questions.hosts.lldp import LLDP, Neighbour
from tests.checks.vlan_trunking import vlan_scene as scene

LINKED = scene.links(*scene.UPLINK)
CLOUD = scene.cloud(
    *(
        scene.instance(10 * on + vlan - 100, on, scene.nic(1, f"vlan://{vlan}"))
        for on in (1, 2, 3)
        for vlan in (101, 102)
    )
)


def verdict(*named: tuple[set[int], ...], pvid: int | None = 1, missing_host: bool = False) -> list[Sample]:
    """Return what is said of hosts whose NICs hear these VLANs."""
    members = {}
    seen_by = CLOUD if missing_host else scene.with_hosts(CLOUD, len(named))
    for host, ports in zip(CLOUD.hosts.values(), named, strict=False):
        heard = {
            f"eth{place}": (
                Neighbour(nic=f"eth{place}", chassis="c", port=f"p{place}", vlans=frozenset(vlans), pvid=pvid),
            )
            for place, vlans in enumerate(ports)
        }
        members[scene.target(host)] = scene.answered(LINKED, more={LLDP: heard})
    return scene.on_group(judge_cluster, ClusterGroup("zone1", CLOUD.clusters["c"]), seen_by, members)


BOTH = {101, 102}


def missing(*named: tuple[set[int], ...], pvid: int | None = 1) -> dict[str, float]:
    """Return the counts by host."""
    return {sample.labels[2]: sample.value for sample in verdict(*named, pvid=pvid)}


def test_a_vlan_that_one_port_lacks() -> None:
    """The other hosts' ports name it, and so does the other member of the bond."""
    found = verdict((BOTH, {101}), (BOTH, BOTH), (BOTH, BOTH))
    assert [sample.value for sample in found] == [1, 0, 0]
    assert found[0].seen == "VLAN 102 not at c p1 (eth1)"
    assert found[0].labels == ("zone1", "cluster1", "kvm1", "physical-pn")


def test_ports_that_name_nothing_of_it_say_nothing() -> None:
    """Many switches name only the native VLAN, or none."""
    assert missing((set(), set()), (BOTH, BOTH), (BOTH, BOTH)) == {"kvm2": 0, "kvm3": 0}
    assert missing(({1}, {1}), ({1}, {1}), ({1}, {1})) == {}


def test_one_peer_is_no_witness() -> None:
    """The absence means something only when most of several peers have it."""
    assert missing(({101}, {101}), (BOTH, BOTH)) == {"kvm1": 0, "kvm2": 0}
    assert missing(({101}, {101}), ({101}, {101}), (BOTH, BOTH)) == {"kvm1": 0, "kvm2": 0, "kvm3": 0}


def test_hosts_that_did_not_tell() -> None:
    """Their ports may name the VLAN: that none is missing is only said where they could change nothing."""
    found = verdict(({101}, {101}), (BOTH, BOTH), missing_host=True)
    assert [(sample.labels[2], sample.value) for sample in found] == [("kvm2", 0)]


def test_a_native_vlan_is_named_too() -> None:
    """That it comes without a tag is another finding."""
    assert missing(({101}, {101}), (BOTH, BOTH), (BOTH, BOTH), pvid=102) == {"kvm1": 0, "kvm2": 0, "kvm3": 0}


def test_members_that_did_not_tell() -> None:
    """A host without an answer to LLDP is left out."""
    members = {scene.target(scene.host(1)): scene.answered(LINKED)}
    assert scene.on_group(judge_cluster, ClusterGroup("zone1", CLOUD.clusters["c"]), CLOUD, members) == []


def test_hosts_whose_uplinks_nobody_told() -> None:
    """A fault that is found stands; a host that may have more ports is not well, and may be a peer that names more."""
    seen_by = replace(CLOUD, traffic_types=scene.by_id(scene.label(), scene.label("", traffic="Public")))
    heard = [({101}, {101}), (BOTH, BOTH), (BOTH, BOTH)]
    agents: list[Any] = [{}, {AGENT: Agent(public="cloudbr1")}, {AGENT: Agent(public="cloudbr1")}]
    assert _counts(seen_by, heard, agents) == {"kvm1": 1, "kvm2": 0, "kvm3": 0}
    assert _counts(seen_by, [(BOTH, BOTH)] * 3, agents) == {"kvm2": 0, "kvm3": 0}
    hidden = replace(CLOUD, traffic_types=scene.by_id(scene.label("")))
    agents = [{AGENT: Agent(guest="cloudbr1")}, {AGENT: Agent(guest="cloudbr1")}, {}]
    assert _counts(hidden, heard, agents) == {"kvm2": 0}


def test_hosts_in_maintenance() -> None:
    """They have no fault, and that is said: an alert of before ends. Nor are they peers."""
    hosts = scene.by_id(*(scene.host(n, resource_state="Maintenance" if n == 1 else "Enabled") for n in (1, 2, 3)))
    seen_by = replace(CLOUD, hosts=hosts)
    agents: list[Any] = [{}] * 3
    assert _counts(seen_by, [({101}, {101}), (BOTH, BOTH), (BOTH, BOTH)], agents) == dict.fromkeys(
        ("kvm1", "kvm2", "kvm3"), 0
    )
    assert _counts(seen_by, [(BOTH, BOTH), (BOTH, BOTH), ({101}, {101})], agents)["kvm3"] == 0


def _counts(seen_by: Cloud, named: list[Any], agents: list[Any]) -> dict[str, float]:
    """Return the counts by host where each agent has told so much."""
    members = {}
    for host, ports, agent in zip(seen_by.hosts.values(), named, agents, strict=True):
        heard = {
            f"eth{place}": (Neighbour(nic=f"eth{place}", chassis="c", port=f"p{place}", vlans=frozenset(vlans)),)
            for place, vlans in enumerate(ports)
        }
        members[scene.target(host)] = scene.answered(LINKED, more={LLDP: heard} | agent)
    found = scene.on_group(judge_cluster, ClusterGroup("zone1", seen_by.clusters["c"]), seen_by, members)
    return {sample.labels[2]: sample.value for sample in found}
