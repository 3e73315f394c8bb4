"""What a host's answers say of its wiring: where each physical network lies, and which NICs carry it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Metric, Samples
from exporter.questions.hosts.agent import AGENT, Agent
from exporter.questions.hosts.links import LINKS, Links
from exporter.questions.hosts.ovs import OVS_DATABASE, OvsDatabase
from exporter.topology.hosts import names
from exporter.topology.labels import Place, places, switches
from exporter.topology.vlans import Segment
from exporter.topology.zones import physical_name

SEES = (AGENT, OVS_DATABASE)
"""Questions that make the picture whole: devices of traffic types without a label, ports of Open vSwitch."""
READS = (
    "listNetworks",
    "listVirtualMachines",
    "listRouters",
    "listVlanIpRanges",
    "listPhysicalNetworks",
    "listTrafficTypes",
)
"""API commands that say which VLANs the machines of a host need, and where they lie."""
KINDS = ("vlan", "vxlan")
CARRIED = ("Guest", "Public")
"""Traffic types whose NICs CloudStack plugs into VLANs."""
UNUSABLE = (0, 4095)
"""VLAN ids of which the agent makes no bridge."""


@dataclass(frozen=True, slots=True)
class Wiring:
    """The wiring of one host.

    Attributes:
        places: by physical network id and traffic type.
        ovs: empty on a host without Open vSwitch, None while it does not tell.
        own: traffic type -> the bridge into which the agent plugs its untagged NICs, whatever the label says: public
            ones, and with Open vSwitch guest ones; not while it does not tell.
    """

    links: Links
    places: Mapping[tuple[str, str], Place]
    ovs: OvsDatabase | None
    own: Mapping[str, str] = field(default_factory=dict)

    def place(self, physical_network_id: str, traffic: str) -> Place | None:
        """Return where a traffic type lies, or None where its label leads to nothing that is known."""
        place = self.places.get((physical_network_id, traffic))
        return None if place is None or place.kind in ("missing", "unknown") else place

    def unknown(self) -> frozenset[str]:
        """Return the ids of the physical networks of which nobody told where guest or public traffic lies.

        What is not found there may be there all the same, so none of them is said to be well.
        """
        return frozenset(
            network
            for (network, traffic), place in self.places.items()
            if traffic in CARRIED and place.kind == "unknown"
        )

    def found(self) -> Mapping[str, tuple[Place, ...]]:
        """Return the places of guest and public traffic that are there, by physical network id."""
        here: dict[str, tuple[Place, ...]] = {}
        for (network, traffic), place in self.places.items():
            if traffic in CARRIED and place.kind not in ("missing", "unknown"):
                here[network] = (*here.get(network, ()), place)
        return here

    def nics(self, device: str) -> tuple[str, ...]:
        """Return the NICs below a device: the members of a bond, the interfaces of a port, or itself.

        An interface of a port may be a bond of the kernel; one of DPDK is not in the kernel at all.
        """
        port = self.ovs.ports.get(device) if self.ovs else None
        if port is not None and port.interfaces:
            return tuple(sorted({nic for one in port.interfaces for nic in self._members(one.name)}))
        return tuple(sorted(self._members(device))) if device in self.links.by_name else ()

    def _members(self, device: str) -> tuple[str, ...]:
        """Return the members of a bond or team of the kernel; of anything else itself."""
        link = self.links.by_name.get(device)
        is_bond = link is not None and link.kind in ("bond", "team")
        return self.links.ports.get(device, ()) if is_bond else (device,)

    def carried(self) -> Mapping[str, frozenset[str]]:
        """Return the ids of the physical networks with guest or public traffic by NIC that carries them."""
        carried: dict[str, frozenset[str]] = {}
        for network, found in self.found().items():
            for nic in sorted({nic for place in found if place.pif for nic in self.nics(place.pif)}):
                carried[nic] = carried.get(nic, frozenset()) | {network}
        return carried


def wiring(target: HostTarget, answers: Answers, cloud: Cloud) -> Wiring:
    """Return the wiring; LINKS must be there, the rest makes it whole."""
    links, ovs, agent = answers[LINKS], switches(answers), answers.get(AGENT)
    found = {(place.physical_network_id, place.traffic): place for place in places(target, cloud, links, agent, ovs)}
    return Wiring(links, found, ovs, _own(agent) if agent else {})


def _own(agent: Agent) -> Mapping[str, str]:
    """Return the agent's own bridges. Source: BridgeVifDriver, OvsVifDriver."""
    guest = {"Guest": agent.guest or agent.private} if agent.is_openvswitch else {}
    return {"Public": agent.public, **guest}


def held_back(metric: Metric, target: HostTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield 0 for each physical network with guest or public traffic, wherever that lies on the host.

    Of a host that is held back on purpose nothing is a fault. That is said, or an alert of before would wait for it.
    """
    places = wiring(target, answers, cloud).places
    for network in dict.fromkeys(network for network, traffic in places if traffic in CARRIED):
        yield metric.sample(*names(target, cloud), network_name(cloud, network), value=0)


def is_bridged(segment: Segment) -> bool:
    """Return whether the agent plugs NICs of this segment into a bridge by its rules for VLANs or VXLANs."""
    return segment.scheme in KINDS and segment.number not in UNUSABLE


def vlan_label(segment: Segment) -> str:
    """Return 123, untagged or vxlan-5001."""
    if segment.number is None:
        return "untagged"
    return str(segment.number) if segment.is_vlan else f"{segment.scheme}-{segment.number}"


def network_name(cloud: Cloud, physical_network_id: str) -> str:
    """Return what identifies a physical network in its zone."""
    return physical_name(cloud, physical_network_id)


def names_of(cloud: Cloud, ids: Iterator[str] | frozenset[str]) -> str:
    """Return the names of physical networks in one line."""
    return ", ".join(sorted(network_name(cloud, one) for one in ids))
