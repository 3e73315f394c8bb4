"""Which VLAN a NIC of a machine belongs to, by CloudStack, and how that looks on a host."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from exporter.cloud.cloud import Cloud
from exporter.cloud.objects import Nic
from exporter.cloud.placement import Placed

URI = re.compile(r"(?:(?P<scheme>[a-z]+)://)?(?P<value>[A-Za-z0-9.-]+)")


@dataclass(frozen=True, slots=True)
class Segment:
    """What a broadcast URI names.

    Attributes:
        scheme: vlan | vxlan | pvlan | ... ; a bare number is a vlan.
        number: VLAN id, VNI, or the primary VLAN of a private VLAN; None for untagged.
    """

    scheme: str
    number: int | None

    @property
    def is_vlan(self) -> bool:
        """Return whether it is a plain VLAN or untagged, which CloudStack bridges on hosts."""
        return self.scheme == "vlan"


def segment(uri: str) -> Segment | None:
    """Return what ``vlan://123``, ``vlan://untagged``, ``vxlan://5001``, ``pvlan://100-i200`` or ``123`` names.

    None for what is no single segment (trunk lists like 100-110, unknown words).
    """
    found = URI.fullmatch(uri.strip().lower())
    if not found:
        return None
    scheme, value = found["scheme"] or "vlan", found["value"]
    if value == "untagged":
        return Segment(scheme, None)
    if scheme == "pvlan":
        value = value.partition("-")[0]
    return Segment(scheme, int(value)) if value.isdecimal() else None


def is_untagged(uri: str) -> bool:
    """Return whether this names what is in no VLAN; nothing does not."""
    found = segment(uri)
    return found is not None and found.is_vlan and found.number is None


@dataclass(frozen=True, slots=True)
class ExpectedNic:
    """A NIC that should be plugged on a host, and into which segment of which physical network."""

    machine: Placed
    nic: Nic
    physical_network_id: str
    segment: Segment


def expected_nics(cloud: Cloud, host_id: str) -> Iterator[ExpectedNic]:
    """Yield the guest and public NICs of machines on a host whose segment and physical network CloudStack tells."""
    return (one for one in _nics(cloud, host_id) if one.physical_network_id)


def unplaced(cloud: Cloud, host_id: str) -> Iterator[ExpectedNic]:
    """Yield the guest NICs of routers into networks that CloudStack does not list, and of which nobody told where.

    They are in one of the zone's physical networks with guest traffic.
    """
    return (one for one in _nics(cloud, host_id) if not one.physical_network_id and _is_gateway(one.machine, one.nic))


def guest_networks(cloud: Cloud, zone_id: str) -> tuple[str, ...]:
    """Return the ids of a zone's physical networks with guest traffic."""
    guest = dict.fromkeys(one.physical_network_id for one in cloud.traffic_types.values() if one.name == "Guest")
    known = (cloud.physical_networks.get(one) for one in guest)
    return tuple(one.id for one in known if one is not None and one.zone_id == zone_id)


def _nics(cloud: Cloud, host_id: str) -> Iterator[ExpectedNic]:
    for machine in cloud.placed_by_host.get(host_id, ()):
        for nic in machine.nics:
            found = segment(nic.broadcast_uri) if nic.broadcast_uri else None
            if found is not None and nic.mac and nic.traffic_type in ("Guest", "Public"):
                yield ExpectedNic(machine, nic, _physical(machine, nic, found, cloud), found)


def _physical(machine: Placed, nic: Nic, own: Segment, cloud: Cloud) -> str:
    """Return the id of a NIC's physical network, empty while nobody told it.

    Networks of private gateways are system networks, which listNetworks leaves out, and have no ranges of addresses.
    listPrivateGateways does not name them: VPC and VLAN do.
    """
    network = cloud.networks.get(nic.network_id)
    if network is not None:
        return network.physical_network_id
    known = cloud.physical_by_network.get(nic.network_id, "")
    if known or not _is_gateway(machine, nic):
        return known
    router = cloud.routers.get(machine.id)
    ways = [one for one in cloud.private_gateways.values() if router and router.vpc_id and one.vpc_id == router.vpc_id]
    told = {one.physical_network_id for one in ways if segment(one.vlan) == own} - {""}
    guest = guest_networks(cloud, router.zone_id) if router else ()
    return told.pop() if len(told) == 1 else guest[0] if len(guest) == 1 else ""


def _is_gateway(machine: Placed, nic: Nic) -> bool:
    """Return whether a NIC may be a router's into a private gateway. Source: PrivateNetworkGuru, traffic type Guest."""
    return machine.kind == "router" and nic.traffic_type == "Guest"
