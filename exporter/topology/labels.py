"""What the traffic labels of a zone lead to on one host: bridge or interface, uplink, physical NICs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import HostTarget
from exporter.model import Answers
from exporter.questions.hosts.agent import Agent
from exporter.questions.hosts.links import Links
from exporter.questions.hosts.ovs import OVS_DATABASE, OvsBridge, OvsDatabase, OvsPort

UPLINK = re.compile(r"eth|bond|vlan|vx|em|ens|eno|enp|team|enx|dummy|lo|p\d+p\d+|vni|enc", re.ASCII)
"""Beginnings of names that the agent takes for a bridge's uplink. Source: LibvirtComputingResource.ifNamePatterns."""
VHOST_USER = ("dpdkvhostuser", "dpdkvhostuserclient")
"""Kinds of ports that the agent makes for machines on DPDK. Source: OvsVifDriver.addDpdkPort."""
LABELLED = ("Management", "Public", "Guest", "Storage")
"""Traffic types that have a label; Control is the link-local bridge cloud0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where one traffic type of one physical network lies on a host.

    Attributes:
        label: as set in CloudStack; empty when not set, and then ``device`` is the agent's default.
        device: the bridge or interface that is meant; empty when neither label nor agent says.
        kind: bridge | openvswitch | interface | missing | unknown (nobody told the device, or what it is).
        uplinks: ports of the bridge that the agent would take for its uplink; of an Open vSwitch bridge every bond
            and system port, whatever its name, else the patch ports that lead to another bridge; not those that
            Open vSwitch could not open.
        others: ports of the bridge that are neither uplinks nor taps of machines.
        pif: the interface below which VLAN devices are made: the only uplink of a bridge, or its parent when that is
            a VLAN device; a label that names an interface is itself meant. Empty when there is none, or several.
        vlan: the tag of the uplink when it is a VLAN device, of the interface, or of an Open vSwitch bridge in a VLAN.
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


@dataclass(frozen=True, slots=True)
class _Found:
    """What one device is on a host; the fields are those of Place."""

    kind: str
    uplinks: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    pif: str = ""
    vlan: int | None = None


def switches(answers: Answers) -> OvsDatabase | None:
    """Return what Open vSwitch told: an empty database on a host without it, None when that is not known.

    "Without it" is no longer known once the question fails: then the host has it, or is meant to have it, since.
    """
    database = answers.get(OVS_DATABASE)
    if database is None and OVS_DATABASE in answers.values and OVS_DATABASE not in answers.failures:
        return OvsDatabase()
    return database


def places(
    target: HostTarget, cloud: Cloud, links: Links, agent: Agent | None, ovs: OvsDatabase | None
) -> Iterator[Place]:
    """Yield the place of every labelled traffic type of the host's zone.

    ``ovs`` is of :func:`switches`: while it is None, what may be a bridge of Open vSwitch is of kind unknown.
    """
    for traffic_type in cloud.traffic_types.values():
        network = cloud.physical_networks.get(traffic_type.physical_network_id)
        if network is None or network.zone_id != target.host.zone_id or traffic_type.name not in LABELLED:
            continue
        label = traffic_type.labels.get("kvm", "")
        device = label or _default(traffic_type.name, agent)
        found = _found(device, links, agent, ovs) if device else _Found("unknown")
        yield Place(
            physical_network_id=network.id,
            traffic=traffic_type.name,
            label=label,
            device=device,
            kind=found.kind,
            uplinks=found.uplinks,
            others=found.others,
            pif=found.pif,
            vlan=found.vlan,
        )


def _default(traffic: str, agent: Agent | None) -> str:
    """Return the device that the agent uses for a traffic type without a label; empty when it was not told."""
    if agent is None:
        return ""
    return {"Public": agent.public, "Guest": agent.guest or agent.private}.get(traffic, agent.private)


def _found(device: str, links: Links, agent: Agent | None, ovs: OvsDatabase | None) -> _Found:
    """Return what a device is, as the agent looks for it.

    Source: LibvirtComputingResource.checkNetwork: with Open vSwitch ``ovs-vsctl br-exists``, which also knows bridges
    in a VLAN of another, so a Linux bridge is none; else a bridge's ports, or any interface of that name.
    """
    switched = _in_switch(device, ovs)
    if switched is not None:
        return switched
    link = links.by_name.get(device)
    by_switch = agent is not None and agent.is_openvswitch
    is_of_switch = link is not None and (link.kind in ("openvswitch", "tun") or link.master == "ovs-system")
    if by_switch or (ovs is None and (is_of_switch or (link is None and agent is None))):
        return _Found("unknown" if ovs is None else "missing")
    if link is None:
        return _Found("missing")
    return _bridge(device, links) if link.kind == "bridge" else _Found("interface", (device,), (), device, link.vlan)


def _bridge(device: str, links: Links) -> _Found:
    """Return what is below a Linux bridge."""
    ports = links.ports.get(device, ())
    uplinks = tuple(name for name in ports if is_uplink(name))
    others = tuple(name for name in ports if not is_uplink(name) and not is_tap(name))
    only = links.by_name.get(uplinks[0]) if len(uplinks) == 1 else None
    if only is None:
        return _Found("bridge", uplinks, others)
    pif = only.parent if only.kind == "vlan" and only.parent else only.name
    return _Found("bridge", uplinks, others, pif, only.vlan)


def _in_switch(device: str, ovs: OvsDatabase | None) -> _Found | None:
    """Return the bridge of Open vSwitch, or that of a bridge in a VLAN of it; None when the device is neither."""
    if ovs is None:
        return None
    bridge = _switched(device, ovs)
    if bridge is None:
        return None
    port = ovs.ports.get(device)
    tag = None if device in ovs.bridges or port is None else port.tag
    out = [port for port in bridge.ports if _leads_out(port)]
    ways = tuple(port.name for port in out if not is_dead(port))
    patches = tuple(port.name for port in bridge.ports if _has(port, "patch"))
    uplinks = ways or (() if out else patches)
    quiet = {*(port.name for port in out), *patches, *(port.name for port in bridge.ports if _has(port, "internal"))}
    others = tuple(port.name for port in bridge.ports if port.name not in quiet and not is_machines(port))
    return _Found("openvswitch", uplinks, others, uplinks[0] if len(uplinks) == 1 else "", tag)


def _switched(device: str, ovs: OvsDatabase) -> OvsBridge | None:
    """Return the bridge of Open vSwitch of that name, or the one in which it is an internal port."""
    port = ovs.ports.get(device)
    own = port.bridge if port and _has(port, "internal") else ""
    return ovs.bridges.get(device) or ovs.bridges.get(own)


def switch_uplinks(place: Place, ovs: OvsDatabase) -> tuple[OvsPort, ...]:
    """Return the ports over which the traffic of a place leaves Open vSwitch, dead or alive; none outside of it.

    Where only patch ports lead out of the bridge, those of all other bridges that have any: which is the peer of
    which is not asked.
    """
    bridge = _switched(place.device, ovs)
    if bridge is None:
        return ()
    own = tuple(port for port in bridge.ports if _leads_out(port))
    if own or not _is_patched(bridge):
        return own
    others = (one for one in ovs.bridges.values() if one.name != bridge.name and _is_patched(one))
    return tuple(port for one in others for port in one.ports if _leads_out(port))


def plain_uplinks(bridge: OvsBridge) -> tuple[OvsPort, ...]:
    """Return the ports that alone decide what leaves a bridge of Open vSwitch, by their columns, dead or alive.

    None where frames may go other ways: through patch ports and tunnels, or as a controller's flows say.
    """
    out = tuple(port for port in bridge.ports if _leads_out(port))
    is_plain = all(port in out or is_machines(port) or _has(port, "internal", "tap") for port in bridge.ports)
    return out if is_plain and not bridge.controllers else ()


def lets_through(port: OvsPort, vlan: int) -> bool:
    """Return whether a port of Open vSwitch takes part in a VLAN of its bridge; 0 is what has no tag there.

    Source: vlan_mode, tag and trunks of ovs-vswitchd.conf.db(5). A native VLAN is always let through, and nothing
    without a tag inside the bridge is beside it.
    """
    mode = port.vlan_mode or ("trunk" if port.tag is None else "access")
    if mode in ("access", "dot1q-tunnel"):
        return vlan == (port.tag or 0)
    if mode.startswith("native-") and port.tag and vlan in (0, port.tag):
        return vlan == port.tag
    return not port.trunks or vlan in port.trunks


def _is_patched(bridge: OvsBridge) -> bool:
    return any(_has(port, "patch") for port in bridge.ports)


def is_dead(port: OvsPort) -> bool:
    """Return whether Open vSwitch could open nothing of the port."""
    return bool(port.interfaces) and all(one.ofport == -1 for one in port.interfaces)


def _leads_out(port: OvsPort) -> bool:
    """Return whether a port of Open vSwitch is a bond, or a NIC that is no machine's."""
    return len(port.interfaces) > 1 or (not is_tap(port.name) and (_has(port, "", "system", "dpdk")))


def is_machines(port: OvsPort) -> bool:
    """Return whether a port of Open vSwitch is a machine's: a tap, or a socket of DPDK."""
    return is_tap(port.name) or _has(port, *VHOST_USER)


def _has(port: OvsPort, *kinds: str) -> bool:
    return any(interface.kind in kinds for interface in port.interfaces)


def is_uplink(name: str) -> bool:
    """Return whether the agent would take a port of this name for an uplink."""
    return UPLINK.match(name) is not None


def is_tap(name: str) -> bool:
    """Return whether a port of this name belongs to a machine."""
    return name.startswith(("vnet", "tap", "vif"))
