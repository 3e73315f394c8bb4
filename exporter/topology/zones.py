"""What judgments of a zone share: whether it is judged at all, and what its physical networks are called."""

from __future__ import annotations

from exporter.cloud.cloud import Cloud


def is_zone_judged(cloud: Cloud, zone_id: str) -> bool:
    """Return whether faults in a zone's configuration may alarm: one that is disabled is being built, or torn down."""
    zone = cloud.zones.get(zone_id)
    return zone is None or zone.enabled


def has_storage_network(cloud: Cloud, zone_id: str) -> bool:
    """Return whether storage traffic of a zone has addresses of its own; else it is management traffic."""
    return any(one.zone_id == zone_id for one in cloud.storage_ranges.values())


def physical_name(cloud: Cloud, physical_network_id: str) -> str:
    """Return what identifies a physical network in its zone: its name, with the id where another has the same.

    CloudStack allows one name twice. The id alone where the physical network is not known.
    """
    network = cloud.physical_networks.get(physical_network_id)
    if network is None:
        return physical_network_id
    same = (
        one for one in cloud.physical_networks.values() if (one.zone_id, one.name) == (network.zone_id, network.name)
    )
    return network.name if sum(1 for _ in same) == 1 else f"{network.name} ({network.id})"
