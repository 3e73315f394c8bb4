"""A small cloud around hosts with Open vSwitch, and judges run over it: refresh, visit, refresh, visit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from exporter.cloud.cloud import Cloud
from exporter.cloud.networks import Network, PhysicalNetwork, TrafficType
from exporter.cloud.objects import Cluster, Host, Instance, Nic, Pod, Zone
from exporter.cloud.placement import placed
from exporter.cloud.targets import HostTarget, Machine
from exporter.memory import Scope
from exporter.model import Answer, Answers, Question, Sample
from exporter.questions.hosts.agent import AGENT, Agent
from exporter.questions.hosts.ovs import OVS_DATABASE, OvsBridge, OvsDatabase, OvsInterface, OvsPort
from exporter.questions.hosts.ovs_runtime import OVS_RUNTIME, Daemon, OvsRuntime, State

NOW = 1_800_000_000.0
PREFIX = "cloudstack_network_open_vswitch_"
EVERY = 100.0
"""Seconds from one visit to the next."""
UUID_MAC = "02:00:5c:3a:00:07"


def host(number: int = 1, **fields: Any) -> Host:
    """Return a KVM host that CloudStack uses."""
    given: dict[str, Any] = {"type": "Routing", "state": "Up", "resource_state": "Enabled", "hypervisor": "KVM"}
    given |= {"zone_id": "z", "pod_id": "p", "cluster_id": "c", "address": f"192.0.2.{number}"}
    return Host(id=f"h{number}", name=f"kvm{number}", **(given | fields))


def target(of: Host) -> HostTarget:
    """Return the target of a host."""
    return HostTarget(of, "zone1", Machine(of.name, of.address))


def instance(vlan: str = "vlan://100", mac: str = UUID_MAC, **fields: Any) -> Instance:
    """Return a running instance on the first host with one NIC."""
    nic = Nic(network_id="net", traffic_type="Guest", mac=mac, broadcast_uri=vlan)
    given: dict[str, Any] = {"name": "web01", "state": "Running", "host_id": "h1", "nics": (nic,)}
    return Instance(id="vm1", zone_id="z", instance_name="i-2-7-VM", **(given | fields))


def cloud(*instances: Instance, label: str = "cloudbr1", hosts: tuple[Host, ...] = (), **fields: Any) -> Cloud:
    """Return a Cloud whose guest traffic has a label."""
    labels = {"kvm": label} if label else {}
    given: dict[str, Any] = {
        "zones": {"z": Zone("z", "zone1", "Advanced", security_groups=False, enabled=True)},
        "pods": {"p": Pod("p", "pod1", "z")},
        "clusters": {"c": Cluster("c", "cluster1", "z", "p", "KVM", enabled=True, managed=True)},
        "hosts": {one.id: one for one in hosts or (host(),)},
        "physical_networks": {"pn": PhysicalNetwork("pn", "physical", "z", enabled=True)},
        "traffic_types": {"t": TrafficType("t", "pn", "Guest", labels)},
        "networks": {
            "net": Network(
                id="net", name="net1", zone_id="z", type="Isolated", state="Implemented", physical_network_id="pn"
            )
        },
        "instances": {one.id: one for one in instances},
        "placed_by_host": placed(instances, (), ()),
    }
    return Cloud(at=NOW, expires=1e12, **(given | fields))


def port(name: str, bridge: str = "cloudbr1", tag: int | None = None, **fields: Any) -> OvsPort:
    """Return a port of one interface; ``fields`` are the interface's."""
    return OvsPort(name=name, bridge=bridge, tag=tag, interfaces=(OvsInterface(name=name, **({"ofport": 3} | fields)),))


def tap(tag: int | None = 100, mac: str = UUID_MAC, name: str = "vnet0", **fields: Any) -> OvsPort:
    """Return the port of a machine, as libvirt plugs it."""
    return port(name, tag=tag, attached_mac=mac, **fields)


def database(*ports: OvsPort, version: str = "3.1.0", **bridge: Any) -> OvsDatabase:
    """Return a database with the bridge cloudbr1."""
    made = OvsBridge(name="cloudbr1", ports=ports, **bridge)
    return OvsDatabase(version=version, bridges={"cloudbr1": made}, ports={one.name: one for one in ports})


def runtime(**fields: Any) -> OvsRuntime:
    """Return the answer of healthy daemons without bonds."""
    given: dict[str, Any] = {
        "database": Daemon(name="ovsdb-server", state=State.UP, started=10.5, version="3.1.0"),
        "switch": Daemon(name="ovs-vswitchd", state=State.UP, started=11.5),
        "datapaths": {},
        "bonds": {},
        "polls": (),
    }
    return OvsRuntime(**(given | fields))


Values = Mapping[Question[Any], Any]
HEALTHY: Values = {OVS_DATABASE: database(tap()), OVS_RUNTIME: runtime(), AGENT: Agent(bridge_type="openvswitch")}


def answers(values: Values, asked: float, scope: Scope | None = None) -> Answers:
    """Return answers that were all asked at one time."""
    known = {question: Answer(value, asked, NOW + asked, asked + 1e6) for question, value in values.items()}
    return Answers(now=NOW + asked, asked=asked, values=known, memory=scope.held if scope else None)


def refreshed(seen_by: Cloud, look: int) -> Cloud:
    """Return the Cloud of a refresh just before that visit."""
    return replace(seen_by, asked=EVERY * look - 20, finished=EVERY * look - 10)


def judged(
    judge: Callable[[HostTarget, Answers, Cloud], Any],
    values: Values = HEALTHY,
    seen_by: Cloud | None = None,
    of: Host | None = None,
    looks: int = 2,
) -> list[Sample]:
    """Return what the last of ``looks`` visits brought."""
    scope = Scope()
    found: list[Sample] = []
    for look in range(1, looks + 1):
        scope.begin()
        found = list(
            judge(target(of or host()), answers(values, EVERY * look, scope), refreshed(seen_by or cloud(), look))
        )
        scope.end()
    return found


def values_of(samples: list[Sample]) -> dict[tuple[str, ...], float]:
    """Return the values by short name and the labels behind zone, cluster and host."""
    assert all(sample.labels[:2] == ("zone1", "cluster1") for sample in samples)
    return {(sample.metric.name.removeprefix(PREFIX), *sample.labels[3:]): sample.value for sample in samples}


def problems(samples: list[Sample]) -> set[str]:
    """Return the short names of what is a problem."""
    return {
        sample.metric.name.removeprefix(PREFIX)
        for sample in samples
        if sample.metric.problem and sample.metric.problem.holds(sample.value, NOW)
    }
