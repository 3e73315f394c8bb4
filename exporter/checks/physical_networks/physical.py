"""What the judgments of CloudStack's own words share: the physical networks of a zone and what they carry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from exporter.cloud.cloud import Cloud
from exporter.cloud.networks import PhysicalNetwork, TrafficType

BRIDGED = frozenset({"VLAN", "VXLAN"})
"""Isolation methods that need VLANs or VNIs of the physical network's own range."""


def physical_networks(cloud: Cloud, zone_id: str) -> tuple[PhysicalNetwork, ...]:
    """Return the physical networks of a zone."""
    return tuple(one for one in cloud.physical_networks.values() if one.zone_id == zone_id)


def traffic_types(cloud: Cloud, zone_id: str) -> tuple[TrafficType, ...]:
    """Return the traffic types of a zone, on whichever physical network."""
    ids = {one.id for one in physical_networks(cloud, zone_id)}
    return tuple(one for one in cloud.traffic_types.values() if one.physical_network_id in ids)


def guest_networks(cloud: Cloud, zone_id: str) -> tuple[PhysicalNetwork, ...]:
    """Return the physical networks of a zone that carry guest traffic."""
    ids = {one.physical_network_id for one in traffic_types(cloud, zone_id) if one.name == "Guest"}
    return tuple(one for one in physical_networks(cloud, zone_id) if one.id in ids)


def names_of(cloud: Cloud, zone_id: str) -> Mapping[str, str]:
    """Return the names of a zone's physical networks by id; CloudStack allows one name twice, so then with the id."""
    found = physical_networks(cloud, zone_id)
    times = Counter(one.name for one in found)
    return {one.id: one.name if times[one.name] == 1 else f"{one.name} ({one.id})" for one in found}


def is_judged(cloud: Cloud, zone_id: str) -> bool:
    """Return whether a fault in the configuration of a zone is one: a disabled zone is being built, or torn down."""
    zone = cloud.zones.get(zone_id)
    return zone is not None and zone.enabled


def is_bridged(network: PhysicalNetwork) -> bool:
    """Return whether guests are told apart by VLAN or VXLAN, not by a controller of their own."""
    return {method.upper() for method in network.isolation_methods} <= BRIDGED
