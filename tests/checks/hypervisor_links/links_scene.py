"""A small cluster of KVM hosts, and what their hosts answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ClusterGroup
from exporter.cloud.networks import PhysicalNetwork, StorageRange, TrafficType, VlanRange
from exporter.cloud.objects import Cluster, Host, Zone
from exporter.cloud.targets import HostTarget, Machine, XenHostTarget
from exporter.memory import Scope
from exporter.model import Answer, Answers, Question, Sample
from exporter.questions.hosts.agent import Agent
from exporter.questions.hosts.bonds import Bond, BondMember
from exporter.questions.hosts.links import Counters, Link, Links
from exporter.questions.hosts.nic_counters import NicCounters
from exporter.questions.hosts.nics import NicFacts

NOW = 1_800_000_000.0
DAY = 86400.0
PREFIX = "cloudstack_network_hypervisor_links_"
SWITCH = "0a:f6:b6:d3:8f:4a"
CLUSTER = Cluster("c", "cluster1", "z", "p", "KVM", enabled=True, managed=True)
GROUP = ClusterGroup("zone1", CLUSTER)
HELD_BACK = (
    {"resource_state": "Maintenance"},
    {"resource_state": "PrepareForMaintenance"},
    {"resource_state": "Disabled"},
    {"created": NOW - 60},
)
"""Hosts of which nothing alarms: in or before maintenance, disabled, just added."""


def host(number: int = 1, **fields: Any) -> Host:
    """Return a host that was added long ago."""
    given: dict[str, Any] = {"type": "Routing", "state": "Up", "resource_state": "Enabled", "created": NOW - 9 * DAY}
    given |= {"address": f"192.0.2.{number}", "zone_id": "z", "pod_id": "p", "cluster_id": "c", "hypervisor": "KVM"}
    return Host(id=f"h{number}", name=f"kvm{number}", **(given | fields))


def target(number: int = 1, **fields: Any) -> HostTarget:
    """Return the target of a host."""
    one = host(number, **fields)
    return HostTarget(one, "zone1", Machine(one.name, one.address))


def xen_target(number: int = 1, **fields: Any) -> XenHostTarget:
    """Return the target of a host of XenServer, xen<n>."""
    one = host(number, **({"hypervisor": "XenServer", "created": NOW - 9 * DAY} | fields))
    return XenHostTarget(replace(one, name=f"xen{number}"), "zone1", Machine(f"xen{number}", one.address))


def cloud(
    labels: Mapping[str, str] | None = None,
    vlans: tuple[tuple[int, int], ...] = ((100, 199),),
    public: tuple[str, ...] = (),
    *,
    storage: str = "",
) -> Cloud:
    """Return a Cloud of one zone and cluster; ``labels`` maps traffic types to KVM labels of its physical network.

    ``storage`` is the id of the zone that has addresses for storage traffic.
    """
    types = {"Guest": "cloudbr0", "Management": "cloudbr0"} if labels is None else labels
    ranges = [
        VlanRange(id=f"r{vlan}", zone_id="z", vlan=vlan, is_public=True, physical_network_id="pn") for vlan in public
    ]
    return Cloud(
        zones={"z": Zone("z", "zone1", "Advanced", security_groups=False, enabled=True)},
        clusters={"c": CLUSTER},
        physical_networks={"pn": PhysicalNetwork("pn", "physical1", "z", enabled=True, vlan_ranges=vlans)},
        traffic_types={
            name: TrafficType(name, "pn", name, {"kvm": label} if label else {}) for name, label in types.items()
        },
        vlan_ranges={one.id: one for one in ranges},
        storage_ranges={"s": StorageRange("s", storage, "n", None)} if storage else {},
        at=NOW,
        expires=1e12,
    )


def answers(values: Mapping[Question[Any], Any]) -> Answers:
    """Return answers to some questions."""
    given = {question: Answer(value, 100.0, NOW, 1e12) for question, value in values.items()}
    scope = Scope()
    return Answers(now=NOW, asked=100.0, values=given, memory=scope.held)


def judged(
    judge: Callable[[HostTarget, Answers, Cloud], Any],
    values: Mapping[Question[Any], Any],
    seen_by: Cloud | None = None,
    **fields: Any,
) -> list[Sample]:
    """Return what a judge says of one host; ``fields`` are the host's."""
    return list(judge(target(**fields), answers(values), seen_by or cloud()))


def compared(
    judge: Callable[..., Any], *hosts: Mapping[Question[Any], Any], silent: int = 0, **odd: Any
) -> list[Sample]:
    """Return what a judge says of a cluster with ``silent`` more hosts that told nothing; ``odd`` are of the last."""
    members = {
        target(number, **(odd if number == len(hosts) else {})): answers(values)
        for number, values in enumerate(hosts, 1)
    }
    everybody = [one.host for one in members] + [host(len(hosts) + number + 1) for number in range(silent)]
    return list(judge(GROUP, members, replace(cloud(), hosts={one.id: one for one in everybody})))


def values_of(samples: list[Sample], *, info: bool = False) -> dict[tuple[str, ...], float]:
    """Return the values by short metric name and the labels behind zone and cluster."""
    shown = [one for one in samples if info or not one.metric.name.endswith("_info")]
    assert all(one.labels[:2] == ("zone1", "cluster1") for one in shown)
    return {(one.metric.name.removeprefix(PREFIX), *one.labels[2:]): one.value for one in shown}


def problems(samples: list[Sample]) -> dict[tuple[str, ...], float]:
    """Return the values that are a problem."""
    return values_of([one for one in samples if one.metric.problem and one.metric.problem.holds(one.value, NOW)])


def only(samples: list[Sample], metric: str) -> Sample:
    """Return the one sample of a metric that is a problem, named without the common prefix."""
    (found,) = [one for one in samples if one.metric.name == PREFIX + metric and one.value]
    return found


def link(name: str, kind: str = "", **fields: Any) -> Link:
    """Return an interface that is up."""
    return Link(name=name, index=1, kind=kind, **({"is_up": True, "has_carrier": True, "mtu": 1500} | fields))


def links(*found: Link) -> Links:
    """Return interfaces with the ports of each."""
    ports: dict[str, tuple[str, ...]] = {}
    for one in found:
        if one.master:
            ports[one.master] = (*ports.get(one.master, ()), one.name)
    return Links({one.name: one for one in found}, ports)


def bonded(*more: Link, name: str = "bond0", nics: tuple[str, ...] = ("eth1", "eth2")) -> Links:
    """Return a host whose bond lies in cloudbr0 beside a tap."""
    return links(
        link("lo"),
        *(link(nic, master=name, is_nic=True, counters=Counters(rx_packets=1000, rx_multicast=7)) for nic in nics),
        link(name, "bond", master="cloudbr0", counters=Counters(rx_packets=2000)),
        link("cloudbr0", "bridge"),
        link("vnet0", "tun", master="cloudbr0"),
        *more,
    )


def plain(nic: str = "eth1", *more: Link, **fields: Any) -> Links:
    """Return a host with one NIC in cloudbr0."""
    return links(link("lo"), link(nic, master="cloudbr0", is_nic=True, **fields), link("cloudbr0", "bridge"), *more)


def nic(name: str = "eth1", **fields: Any) -> NicFacts:
    """Return a healthy NIC."""
    given: dict[str, Any] = {"driver": "i40e", "driver_version": "6.1", "firmware": "9.20", "pci_id": "8086:158b"}
    given |= {"bus": "0000:3b:00.0", "is_asked": True}
    return NicFacts(name=name, **(given | fields))


def counted(name: str = "eth1", **fields: Any) -> NicCounters:
    """Return what a healthy NIC counts."""
    given: dict[str, Any] = {"pci_id": "8086:158b", "speed": 25000, "duplex": "full", "carrier_changes": 2}
    return NicCounters(name=name, **(given | {"is_asked": True} | fields))


def nics(*found: NicFacts) -> dict[str, NicFacts]:
    """Return NICs by name."""
    return {one.name: one for one in found or (nic(),)}


def counters(*found: NicCounters) -> dict[str, NicCounters]:
    """Return what NICs count by name."""
    return {one.name: one for one in found or (counted(),)}


def member(name: str, **fields: Any) -> BondMember:
    """Return a healthy member of a bond with LACP."""
    given: dict[str, Any] = {"is_up": True, "speed": 25000, "duplex": "full", "aggregator": 1, "partner_mac": SWITCH}
    given |= {"actor_churn": "none", "partner_churn": "none", "actor_state": 63, "partner_state": 63}
    return BondMember(name=name, **(given | fields))


def bond(*members: BondMember, **fields: Any) -> dict[str, Bond]:
    """Return a bond with LACP, by name."""
    given: dict[str, Any] = {"name": "bond0", "mode": 4, "is_up": True, "aggregator": 1, "partner_mac": SWITCH}
    given |= {"lacp_rate": "fast", "is_watched": True, "members": members or (member("eth1"), member("eth2"))}
    one = Bond(**(given | fields))
    return {one.name: one}


AGENT_OF_KVM = Agent(zone="1", public="cloudbr0", private="cloudbr0", guest="cloudbr0", is_active=True)


def openvswitch(agent: Agent = AGENT_OF_KVM) -> Agent:
    """Return an agent that plugs NICs into Open vSwitch."""
    return replace(agent, bridge_type="openvswitch")
