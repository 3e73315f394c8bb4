"""What the traffic labels of a zone lead to on one host: bridge or interface, uplink, physical NICs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import HostTarget
from exporter.questions.host_agent import Agent
from exporter.questions.host_links import Links
from exporter.questions.host_ovs import OvsDatabase

UPLINK = re.compile(r"eth|bond|vlan|vx|em|ens|eno|enp|team|enx|dummy|lo|p\d+p\d+|vni|enc")
"""Beginnings of names that the agent takes for a bridge's uplink. Source: LibvirtComputingResource.ifNamePatterns."""
LABELLED = ("Management", "Public", "Guest", "Storage")
"""Traffic types that have a label; Control is the link-local bridge cloud0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where one traffic type of one physical network lies on a host.

    Attributes:
        label: as set in CloudStack; empty when not set, and then ``device`` is the agent's default.
        device: the bridge or interface that is meant; empty when neither label nor agent says.
        kind: bridge | openvswitch | interface | missing | unknown (nobody told the device).
        uplinks: ports of the bridge that the agent would take for its uplink.
        others: ports of the bridge that are neither uplinks nor taps of machines.
        pif: the interface below which VLAN devices are made: the only uplink, or its parent when that is a VLAN
            device; empty when there is none.
        vlan: the tag of the uplink when it is a VLAN device.
    """

    physical_network_id: str
    traffic: str
    label: str
    device: str
    kind: str
    uplinks: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    pif: str = ""
    vlan: int | None = None


def places(
    target: HostTarget, cloud: Cloud, links: Links, agent: Agent | None, ovs: OvsDatabase | None
) -> Iterator[Place]:
    """Yield the place of every labelled traffic type of the host's zone."""
    for traffic_type in cloud.traffic_types.values():
        network = cloud.physical_networks.get(traffic_type.physical_network_id)
        if network is None or network.zone_id != target.host.zone_id or traffic_type.name not in LABELLED:
            continue
        label = traffic_type.labels.get("kvm", "")
        yield _place(network.id, traffic_type.name, label, label or _default(traffic_type.name, agent), links, ovs)


def _default(traffic: str, agent: Agent | None) -> str:
    """Return the device that the agent uses for a traffic type without a label; empty when it was not told."""
    if agent is None:
        return ""
    return {"Public": agent.public, "Guest": agent.guest or agent.private}.get(traffic, agent.private)


def _place(network: str, traffic: str, label: str, device: str, links: Links, ovs: OvsDatabase | None) -> Place:
    bridge = ovs.bridges.get(device) if ovs else None
    if not device:
        return Place(physical_network_id=network, traffic=traffic, label=label, device="", kind="unknown")
    if bridge is not None:
        names = [port.name for port in bridge.ports]
        bonds = {port.name for port in bridge.ports if len(port.interfaces) > 1}
        quiet = {
            port.name for port in bridge.ports if any(one.kind in ("internal", "patch") for one in port.interfaces)
        }
        uplinks = tuple(name for name in names if name in bonds or (name not in quiet and is_uplink(name)))
        others = tuple(name for name in names if name not in uplinks and name not in quiet and not is_tap(name))
        kind, pif = "openvswitch", uplinks[0] if len(uplinks) == 1 else ""
        return Place(
            physical_network_id=network, traffic=traffic, label=label, device=device, kind=kind,
            uplinks=uplinks, others=others, pif=pif,
        )  # fmt: skip
    link = links.by_name.get(device)
    if link is None:
        return Place(physical_network_id=network, traffic=traffic, label=label, device=device, kind="missing")
    ports = links.ports.get(device, ()) if link.kind == "bridge" else (device,)
    uplinks = tuple(name for name in ports if is_uplink(name))
    others = tuple(name for name in ports if not is_uplink(name) and not is_tap(name))
    below = links.by_name.get(uplinks[0]) if len(uplinks) == 1 else None
    return Place(
        physical_network_id=network,
        traffic=traffic,
        label=label,
        device=device,
        kind="bridge" if link.kind == "bridge" else "interface",
        uplinks=uplinks,
        others=others,
        pif=(below.parent or below.name) if below else "",
        vlan=below.vlan if below else None,
    )


def is_uplink(name: str) -> bool:
    """Return whether the agent would take a port of this name for an uplink."""
    return UPLINK.match(name) is not None


def is_tap(name: str) -> bool:
    """Return whether a port of this name belongs to a machine."""
    return name.startswith(("vnet", "tap", "vif"))
