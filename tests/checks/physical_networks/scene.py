"""A zone with one cluster of KVM hosts, and judges run over it as the schedule does: visit, refresh, visit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ClusterGroup, ZoneGroup
from exporter.cloud.networks import Network, NetworkOffering, PhysicalNetwork, ServiceProvider, TrafficType, VlanRange
from exporter.cloud.objects import Cluster, Host, Pod, Zone
from exporter.cloud.targets import HostTarget, Machine
from exporter.memory import Scope
from exporter.model import Answer, Answers, Question, Sample
from exporter.questions.hosts.agent import AGENT, Agent
from exporter.questions.hosts.links import LINKS, Link, Links
from exporter.questions.hosts.ovs import OVS_DATABASE

NOW = 1_800_000_000.0
DAY = 86400.0
TYPES = ("Management", "Public", "Guest", "Storage")
PREFIX = "cloudstack_network_physical_networks_"
AGENT_NATIVE = Agent(private="cloudbr0")

Values = Mapping[Question[Any], Any]


def host(number: int = 1, **fields: Any) -> Host:
    """Return an enabled KVM host that was added long ago."""
    given: dict[str, Any] = {"state": "Up", "resource_state": "Enabled", "hypervisor": "KVM", "created": NOW - 30 * DAY}
    given |= {"type": "Routing", "zone_id": "z", "pod_id": "p", "cluster_id": "c", "address": f"192.0.2.{number}"}
    return Host(id=f"h{number}", name=f"kvm{number}", **(given | fields))


def target(of: Host) -> HostTarget:
    """Return the target of a host."""
    return HostTarget(of, "zone1", Machine(of.name, of.address))


def label(name: str, kvm: str = "cloudbr0", network: str = "pn") -> TrafficType:
    """Return a traffic type with a KVM label; an empty one is not set."""
    return TrafficType(f"{network}-{name}", network, name, {"kvm": kvm} if kvm else {})


def labels(**changed: str) -> tuple[TrafficType, ...]:
    """Return the four traffic types on cloudbr0 but for those that are named."""
    return tuple(label(name, changed.get(name.lower(), "cloudbr0")) for name in TYPES)


def physical(network_id: str = "pn", **fields: Any) -> PhysicalNetwork:
    """Return an enabled physical network with a VLAN range."""
    given: dict[str, Any] = {"enabled": True, "isolation_methods": ("VLAN",), "vlan_ranges": ((100, 199),)}
    return PhysicalNetwork(network_id, fields.pop("name", f"physical-{network_id}"), "z", **(given | fields))


def zone(**fields: Any) -> Zone:
    """Return an enabled advanced zone without security groups."""
    given: dict[str, Any] = {"network_type": "Advanced", "security_groups": False, "enabled": True, "type": "Core"}
    return Zone("z", "zone1", **(given | fields))


def by_id(*things: Any) -> dict[str, Any]:
    """Return the things by their ids."""
    return {thing.id: thing for thing in things}


def cloud(
    *hosts: Host,
    types: tuple[TrafficType, ...] = labels(),
    networks: tuple[PhysicalNetwork, ...] = (physical(),),
    of: Zone | None = None,
    vlan_ids: tuple[str, ...] = (),
    offerings: tuple[NetworkOffering, ...] = (),
    guests: tuple[Network, ...] = (),
    providers: tuple[ServiceProvider, ...] = (),
    ranges: tuple[VlanRange, ...] = (),
    **fields: Any,
) -> Cloud:
    """Return a Cloud of one zone, one pod and one KVM cluster."""
    return Cloud(
        zones={"z": of or zone()},
        pods={"p": Pod("p", "pod1", "z", vlan_ids=vlan_ids)},
        clusters=fields.pop("clusters", {"c": Cluster("c", "cluster1", "z", "p", "KVM", enabled=True, managed=True)}),
        hosts=by_id(*(hosts or (host(),))),
        physical_networks=by_id(*networks),
        traffic_types=by_id(*types),
        offerings=by_id(*offerings),
        networks=by_id(*guests),
        providers=by_id(*providers),
        vlan_ranges=by_id(*ranges),
        at=NOW,
        expires=1e12,
        **fields,
    )


def link(name: str, kind: str = "", master: str = "", **fields: Any) -> Link:
    """Return a link that is up."""
    given: dict[str, Any] = {"is_up": True, "has_carrier": True}
    return Link(name=name, index=1, kind=kind, master=master, **(given | fields))


def links(*found: Link) -> Links:
    """Return the links with the ports of their masters."""
    ports: dict[str, tuple[str, ...]] = {}
    for one in found:
        if one.master:
            ports[one.master] = (*ports.get(one.master, ()), one.name)
    return Links({one.name: one for one in found}, ports)


def bridged(device: str = "cloudbr0", uplink: str = "bond0", vlan: int | None = None) -> Links:
    """Return a host whose bridge has one uplink, a bond or a VLAN of it."""
    bond = link(uplink, "bond", "" if vlan else device)
    tagged = (link(f"{uplink}.{vlan}", "vlan", device, parent=uplink, vlan=vlan),) if vlan else ()
    return links(link(device, "bridge"), bond, *tagged, link("vnet0", "tun", device))


@dataclass
class Watch:
    """Judges again and again, and remembers as the schedule does."""

    judge: Callable[..., Any]
    looks: int = 0
    scopes: dict[str, Scope] = field(default_factory=dict)

    def answers(self, name: str, values: Values) -> Answers:
        """Return the answers of a host at the present look."""
        asked = 100.0 * self.looks
        given = {question: Answer(value, asked, NOW, 1e12) for question, value in values.items()}
        scope = self.scopes.setdefault(name, Scope())
        return Answers(now=NOW, asked=asked, values=given, memory=scope.held)

    def look(self, about: Any, seen_by: Cloud, given: Any) -> list[Sample]:
        """Refresh the Cloud, visit, and judge."""
        self.looks += 1
        known = replace(seen_by, asked=100.0 * self.looks - 50, finished=100.0 * self.looks - 40, generation=self.looks)
        for scope in self.scopes.values():
            scope.begin()
        found = list(self.judge(about, given(), known))
        for scope in self.scopes.values():
            scope.end()
        return found


def on_host(
    judge: Callable[..., Any], seen_by: Cloud, values: Values, looks: int = 2, number: int = 1
) -> dict[tuple[str, ...], float]:
    """Return what the last of some visits of one host brought."""
    return values_of(samples_on_host(judge, seen_by, values, looks, number))


def samples_on_host(
    judge: Callable[..., Any], seen_by: Cloud, values: Values, looks: int = 2, number: int = 1
) -> list[Sample]:
    """Return the samples of the last of some visits of one host."""
    watch = Watch(judge)
    of = target(seen_by.hosts[f"h{number}"])
    found: list[Sample] = []
    for _ in range(looks):
        found = watch.look(of, seen_by, lambda: watch.answers(of.name, values))
    return found


def on_cluster(judge: Callable[..., Any], seen_by: Cloud, *of_hosts: Values) -> list[Sample]:
    """Return what is said of a cluster whose hosts have answered so, the first host first."""
    watch = Watch(judge)
    group = ClusterGroup("zone1", next(iter(seen_by.clusters.values())))
    members = [target(seen_by.hosts[f"h{number}"]) for number in range(1, len(of_hosts) + 1)]

    def given() -> dict[HostTarget, Answers]:
        return {one: watch.answers(one.name, values) for one, values in zip(members, of_hosts, strict=True)}

    watch.look(group, seen_by, given)
    return watch.look(group, seen_by, given)


def on_zone(judge: Callable[..., Any], seen_by: Cloud) -> list[Sample]:
    """Return what is said of the zone."""
    return list(judge(ZoneGroup("z", "zone1"), {}, seen_by))


def seen(found: Links, agent: Agent | None = AGENT_NATIVE, **more: Any) -> dict[Question[Any], Any]:
    """Return the answers of a host without Open vSwitch."""
    values: dict[Question[Any], Any] = {LINKS: found, OVS_DATABASE: more.get("ovs")}
    return values | ({AGENT: agent} if agent else {})


def values_of(samples: list[Sample]) -> dict[tuple[str, ...], float]:
    """Return the values by short metric name and the labels behind zone, cluster and host."""
    return {(short(sample), *_own(sample)): sample.value for sample in samples}


def only(samples: list[Sample], metric: str) -> Sample:
    """Return the one sample of a metric, named without the common prefix."""
    (found,) = [sample for sample in samples if short(sample) == metric]
    return found


def short(sample: Sample) -> str:
    """Return the metric's name without the common prefix."""
    return sample.metric.name.removeprefix(PREFIX)


def _own(sample: Sample) -> tuple[str, ...]:
    common = 3 if sample.metric.labels[:3] == ("zone", "cluster", "host") else 1
    return sample.labels[common:]
