"""A zone of KVM hosts with a network on VLAN 101, and judges run as the schedule does: refresh, visit, judge."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from exporter.cloud.cloud import Cloud
from exporter.cloud.networks import Network, PhysicalNetwork, TrafficType
from exporter.cloud.objects import Cluster, Host, Instance, Nic, Pod, Router, Zone
from exporter.cloud.placement import placed
from exporter.cloud.targets import HostTarget, Machine, RouterTarget
from exporter.memory import Scope
from exporter.model import Answer, Answers, Question, Sample
from exporter.questions.hosts.domains import DOMAINS, Domain, Interface
from exporter.questions.hosts.links import LINKS, Counters, Link, Links
from exporter.questions.hosts.ovs import OVS_DATABASE, OvsBridge, OvsDatabase, OvsInterface, OvsPort

NOW = 1_800_000_000.0
DAY = 86400.0
PREFIX = "cloudstack_network_vlan_trunking_"
Values = dict[Question[Any], Any]


def by_id(*things: Any) -> dict[str, Any]:
    """Return the things by their ids."""
    return {thing.id: thing for thing in things}


def host(number: int = 1, **fields: Any) -> Host:
    """Return an enabled KVM host that was added long ago."""
    given: dict[str, Any] = {"state": "Up", "resource_state": "Enabled", "hypervisor": "KVM", "created": NOW - 30 * DAY}
    given |= {"type": "Routing", "zone_id": "z", "pod_id": "p", "cluster_id": "c", "address": f"192.0.2.{number}"}
    return Host(id=f"h{number}", name=f"kvm{number}", **(given | fields))


def target(of: Host) -> HostTarget:
    """Return the target of a host."""
    return HostTarget(of, "zone1", Machine(of.name, of.address))


def network(vlan: str = "101", network_id: str = "net", **fields: Any) -> Network:
    """Return an isolated network."""
    given: dict[str, Any] = {"type": "Isolated", "state": "Implemented", "physical_network_id": "pn", "vlan": vlan}
    return Network(id=network_id, name=f"{network_id}work", zone_id="z", **(given | fields))


def nic(number: int, uri: str = "vlan://101", network_id: str = "net", **fields: Any) -> Nic:
    """Return a default guest NIC; its MAC and address follow from the number."""
    given: dict[str, Any] = {"traffic_type": "Guest", "is_default": True, "mac": mac(number)}
    given |= {"address": f"10.1.1.{number}", "broadcast_uri": uri}
    return Nic(network_id=network_id, **(given | fields))


def mac(number: int) -> str:
    """Return the MAC of a machine."""
    return f"02:00:00:00:00:{number:02x}"


def instance(number: int, on: int = 1, *nics: Nic, **fields: Any) -> Instance:
    """Return a running instance on a host."""
    given: dict[str, Any] = {"state": "Running", "host_id": f"h{on}", "created": NOW - DAY}
    given |= {"instance_name": f"i-2-{number}-VM", "nics": nics or (nic(number),)}
    return Instance(id=f"vm{number}", name=f"vm{number}", zone_id="z", **(given | fields))


def router(number: int = 4, on: int = 1, **fields: Any) -> Router:
    """Return a running router of the network."""
    given: dict[str, Any] = {"state": "Running", "host_id": f"h{on}", "network_id": "net"}
    given |= {"nics": (nic(200 + number, address="10.1.1.1"),)}
    return Router(id=f"r{number}", name=f"r-{number}-VM", zone_id="z", **(given | fields))


def router_target(of: Router) -> RouterTarget:
    """Return the target of a router."""
    return RouterTarget(of, "zone1", Machine("kvm1", "192.0.2.1"))


def physical(network_id: str = "pn", **fields: Any) -> PhysicalNetwork:
    """Return a physical network with a VLAN range."""
    given: dict[str, Any] = {"enabled": True, "isolation_methods": ("VLAN",), "vlan_ranges": ((100, 199),)}
    given |= {"name": f"physical-{network_id}", "zone_id": "z"}
    return PhysicalNetwork(network_id, **(given | fields))


def label(kvm: str = "cloudbr1", network_id: str = "pn", traffic: str = "Guest") -> TrafficType:
    """Return a traffic type with its KVM label."""
    return TrafficType(f"{network_id}-{traffic}", network_id, traffic, {"kvm": kvm} if kvm else {})


def cloud(
    *machines: Instance | Router,
    hosts: tuple[Host, ...] = (host(1), host(2), host(3)),
    networks: tuple[Network, ...] = (network(),),
    physicals: tuple[PhysicalNetwork, ...] = (physical(),),
    labels: tuple[TrafficType, ...] = (label(),),
    **fields: Any,
) -> Cloud:
    """Return a Cloud of one zone and one KVM cluster with these machines."""
    instances = [one for one in machines if isinstance(one, Instance)]
    routers = [one for one in machines if isinstance(one, Router)]
    given: dict[str, Any] = {
        "zones": {"z": Zone("z", "zone1", "Advanced", security_groups=False, enabled=True)},
        "pods": {"p": Pod("p", "pod1", "z")},
        "clusters": {"c": Cluster("c", "cluster1", "z", "p", "KVM", enabled=True, managed=True)},
    }
    return Cloud(
        **(given | fields),
        hosts=by_id(*hosts),
        physical_networks=by_id(*physicals),
        traffic_types=by_id(*labels),
        networks=by_id(*networks),
        instances=by_id(*instances),
        routers=by_id(*routers),
        instances_by_network={
            one.id: tuple(vm for vm in instances if one.id in {card.network_id for card in vm.nics}) for one in networks
        },
        placed_by_host=placed(instances, routers, ()),
        at=NOW,
        expires=1e12,
    )


def with_hosts(seen_by: Cloud, number: int) -> Cloud:
    """Return the Cloud with only the first hosts, so that nobody is missing when these have told."""
    return replace(seen_by, hosts=dict(list(seen_by.hosts.items())[:number]))


def link(name: str, kind: str = "", master: str = "", **fields: Any) -> Link:
    """Return a link that is up."""
    given: dict[str, Any] = {"is_up": True, "has_carrier": True, "mtu": 1500}
    return Link(name=name, index=1, kind=kind, master=master, **(given | fields))


def links(*found: Link) -> Links:
    """Return the links with the ports of their masters."""
    ports: dict[str, tuple[str, ...]] = {}
    for one in found:
        if one.master:
            ports[one.master] = (*ports.get(one.master, ()), one.name)
    return Links({one.name: one for one in found}, ports)


UPLINK = (
    link("eth0", master="bond0"),
    link("eth1", master="bond0"),
    link("bond0", "bond", "cloudbr1"),
    link("cloudbr1", "bridge"),
)
"""The uplink of the guest label."""


def vlan_bridge(vlan: int = 101, *taps: str, **device: Any) -> tuple[Link, ...]:
    """Return VLAN device and bridge of a VLAN with some taps, as the agent makes them."""
    name = f"brbond0-{vlan}"
    fields: dict[str, Any] = {"master": name, "parent": "bond0", "vlan": vlan} | device
    return (
        link(name, "bridge"),
        link(f"bond0.{vlan}", "vlan", **fields),
        *(link(tap, "tun", name) for tap in taps),
    )


def counted(vlan: int = 101, *, rx: int, tx: int, index: int = 1) -> tuple[Link, ...]:
    """Return a VLAN bridge whose device has counted so much."""
    bridge, device, *taps = vlan_bridge(vlan, "vnet0")
    return (bridge, replace(device, index=index, counters=Counters(rx_packets=rx, tx_packets=tx)), *taps)


def vxlan(vni: int = 5001, *, rx: int = 0, tx: int = 0) -> tuple[Link, ...]:
    """Return VXLAN device and bridge of a VNI with a tap, as the agent makes them."""
    bridge, counters = f"brvx-{vni}", Counters(rx_packets=rx, tx_packets=tx)
    return (
        link(bridge, "bridge"),
        link(f"vxlan{vni}", "vxlan", bridge, parent="bond0", vni=vni, counters=counters),
        link("vnet0", "tun", bridge),
    )


def domain(number: int, tap: str = "vnet0", source: str = "brbond0-101", **fields: Any) -> Domain:
    """Return a running domain with one NIC."""
    given: dict[str, Any] = {"state": "running", "kind": "bridge", "mac": mac(number), "name": f"i-2-{number}-VM"}
    given |= fields
    interface = Interface(tap, given["kind"], source, given["mac"])
    return Domain(given["name"], number, given["state"], (interface,))


def domains(*found: Domain) -> Mapping[str, Domain]:
    """Return domains by name."""
    return {one.name: one for one in found}


def switch(*ports: OvsPort, uplink: str = "bond1") -> OvsDatabase:
    """Return an Open vSwitch with the bridge cloudbr1 and a bond as its uplink."""
    bond = OvsPort(name=uplink, bridge="cloudbr1", interfaces=(OvsInterface(name="eth2"), OvsInterface(name="eth3")))
    every = (bond, *ports)
    own = tuple(port for port in every if port.bridge == "cloudbr1")
    return OvsDatabase(
        bridges={"cloudbr1": OvsBridge(name="cloudbr1", ports=own)}, ports={one.name: one for one in every}
    )


def answered(found: Links, *running: Domain, ovs: OvsDatabase | None = None, **more: Any) -> Values:
    """Return the answers of a host."""
    values: Values = {LINKS: found, DOMAINS: domains(*running), OVS_DATABASE: ovs}
    values |= more.get("more", {})
    return values


@dataclass
class Watch:
    """Judges again and again, and remembers as the schedule does."""

    judge: Callable[..., Any]
    looks: int = 0
    scopes: dict[str, Scope] = field(default_factory=dict)
    last: dict[str, dict[Question[Any], Answer[Any]]] = field(default_factory=dict)

    def answers(self, name: str, values: Values) -> Answers:
        """Return what a target answers at the present look, and what it answered before."""
        asked = 100.0 * self.looks
        now = {question: Answer(value, asked, NOW, 1e12) for question, value in values.items()}
        before = self.last.get(name, {})
        self.last[name] = now
        scope = self.scopes.setdefault(name, Scope())
        return Answers(now=NOW, asked=asked, values=now, previous=before, memory=scope.held)

    def look(self, about: Any, seen_by: Cloud, given: Callable[[], Any]) -> list[Sample]:
        """Refresh the Cloud, visit, and judge."""
        self.looks += 1
        known = replace(seen_by, asked=100.0 * self.looks - 50, finished=100.0 * self.looks - 40, generation=self.looks)
        for scope in self.scopes.values():
            scope.begin()
        found = list(self.judge(about, given(), known))
        for scope in self.scopes.values():
            scope.end()
        return found


def on_host(judge: Callable[..., Any], seen_by: Cloud, *visits: Values, looks: int = 2) -> list[Sample]:
    """Return what the last visit of the first host brought; one answer stands for each of some visits."""
    watch, of = Watch(judge), target(seen_by.hosts["h1"])
    found: list[Sample] = []
    for values in visits if len(visits) > 1 else visits * looks:
        found = watch.look(of, seen_by, lambda values=values: watch.answers("kvm1", values))  # type: ignore[misc]
    return found


def on_group(
    judge: Callable[..., Any], group: Any, seen_by: Cloud, members: Mapping[Any, Values], looks: int = 2
) -> list[Sample]:
    """Return what is said of a group whose members have answered so at each of some looks."""
    watch = Watch(judge)
    found: list[Sample] = []
    for _ in range(looks):
        found = watch.look(
            group, seen_by, lambda: {one: watch.answers(one.name, values) for one, values in members.items()}
        )
    return found


def values_of(samples: list[Sample]) -> dict[tuple[str, ...], float]:
    """Return the values by short metric name and the labels behind the zone."""
    return {(sample.metric.name.removeprefix(PREFIX), *sample.labels[1:]): sample.value for sample in samples}


def only(samples: list[Sample], metric: str) -> Sample:
    """Return the one sample of a metric, named without the common prefix."""
    (found,) = [sample for sample in samples if sample.metric.name == PREFIX + metric]
    return found
