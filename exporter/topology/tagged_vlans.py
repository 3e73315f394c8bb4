"""Which tagged VLANs CloudStack puts on a physical network, by traffic type: of its range, or chosen by hand."""

from __future__ import annotations

from collections.abc import Iterable

from exporter.cloud.cloud import Cloud
from exporter.cloud.networks import Network, PhysicalNetwork, PrivateGateway, VlanRange
from exporter.topology.vlans import is_untagged, segment

VLAN_LAST = 4095


def tagged_vlans(cloud: Cloud, physical_network_id: str, traffic: str) -> frozenset[int]:
    """Return the VLANs of one traffic type of a physical network, which must be known; none of management traffic.

    On Linux bridges each has a VLAN device and a bridge named after the interface below. VNIs have names of their own,
    and what is untagged has neither. Storage VLANs are those of the zone: CloudStack does not say on which network.
    """
    network = cloud.physical_networks[physical_network_id]
    if traffic == "Guest":
        return given(network) | _ranges(cloud, network.id, is_public=False) | _networks(cloud, network.id)
    if traffic == "Public":
        return _ranges(cloud, network.id, is_public=True)
    ranges = cloud.storage_ranges.values() if traffic == "Storage" else ()
    return frozenset(one.vlan for one in ranges if one.zone_id == network.zone_id and one.vlan)


def has_untagged_guests(cloud: Cloud, physical_network_id: str) -> bool:
    """Return whether a guest network of a physical network is untagged; L2 networks have no address range."""
    ranges = (one for one in cloud.vlan_ranges.values() if not one.is_public)
    every: tuple[VlanRange | Network, ...] = (*ranges, *cloud.networks.values())
    return any(one.physical_network_id == physical_network_id and is_untagged(one.vlan) for one in every)


def given(network: PhysicalNetwork) -> frozenset[int]:
    """Return the VLANs that CloudStack itself gives to guest networks; VNIs are none, and are millions."""
    methods = {method.upper() for method in network.isolation_methods} or {"VLAN"}
    ranges = network.vlan_ranges if "VLAN" in methods else ()
    return frozenset(vlan for first, last in ranges for vlan in range(max(first, 1), min(last, VLAN_LAST) + 1))


def _ranges(cloud: Cloud, physical_network_id: str, *, is_public: bool) -> frozenset[int]:
    """Return the VLANs of address ranges: public ones, or those of shared networks."""
    ranges = (one for one in cloud.vlan_ranges.values() if one.physical_network_id == physical_network_id)
    return _numbers(one.vlan for one in ranges if one.is_public == is_public)


def _networks(cloud: Cloud, physical_network_id: str) -> frozenset[int]:
    """Return the VLANs that were chosen by hand for guest networks and private gateways; L2 networks have no range."""
    chosen = (one for one in cloud.networks.values() if one.specifies_vlan)
    every: tuple[Network | PrivateGateway, ...] = (*chosen, *cloud.private_gateways.values())
    return _numbers(one.vlan for one in every if one.physical_network_id == physical_network_id)


def _numbers(uris: Iterable[str]) -> frozenset[int]:
    found = (segment(uri) for uri in uris)
    return frozenset(one.number for one in found if one is not None and one.is_vlan and one.number)
