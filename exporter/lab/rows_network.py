"""API rows of physical networks: traffic types, providers, ranges, offerings."""

from __future__ import annotations

from typing import Any

from exporter.lab.world import World, identity

Row = dict[str, Any]


def providers(world: World) -> list[Row]:
    """Return listNetworkServiceProviders."""
    return [
        {
            "id": identity("provider", zone.name, name),
            "name": name,
            "physicalnetworkid": identity("physical", zone.name),
            "state": "Enabled",
        }
        for zone in world.zones
        for name in ("VirtualRouter", "VpcVirtualRouter", "ConfigDrive")
    ]


def offerings(world: World) -> list[Row]:
    """Return listNetworkOfferings: the one that every guest network is made from."""
    del world
    return [
        {
            "id": identity("offering", "isolated"),
            "name": "DefaultIsolatedNetworkOfferingWithSourceNatService",
            "state": "Enabled",
            "traffictype": "Guest",
            "guestiptype": "Isolated",
            "specifyvlan": False,
            "service": [{"name": name} for name in ("Dhcp", "Dns", "UserData", "SourceNat", "Firewall")],
        }
    ]


def storage_ranges(world: World) -> list[Row]:
    """Return listStorageNetworkIpRange: storage traffic has no network of its own here."""
    del world
    return []
