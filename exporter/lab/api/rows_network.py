"""API rows of physical networks: traffic types, providers, ranges, offerings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from exporter.lab.world.places import STORAGE_VLAN, PhysicalNetwork
from exporter.lab.world.world import World, Zone, identity

Row = dict[str, Any]


def _physical(world: World) -> Iterator[tuple[Zone, PhysicalNetwork, str]]:
    """Yield every physical network with its zone and its id."""
    for zone in world.zones:
        for one in zone.physical:
            yield zone, one, identity("physical", one.name)


def physical_networks(world: World) -> list[Row]:
    """Return listPhysicalNetworks."""
    return [
        {
            "id": number,
            "name": f"{one.name}-physical",
            "zoneid": zone.id,
            "state": one.state,
            "vlan": one.vlan,
            "isolationmethods": one.isolation,
            "broadcastdomainrange": "ZONE",
            "tags": one.tags,
        }
        for zone, one, number in _physical(world)
    ]


def traffic_types(world: World) -> list[Row]:
    """Return listTrafficTypes of every physical network; the API server selects one. A label may be missing."""
    with_xen = {host.zone.id for host in world.xen_hosts}
    return [
        {"id": identity("traffic", number, kind, place), "traffictype": kind, "physicalnetworkid": number}
        | ({"kvmnetworklabel": label} if label else {})
        | ({"xennetworklabel": kind.lower()} if zone.id in with_xen else {})
        for zone, one, number in _physical(world)
        for place, (kind, label) in enumerate(one.traffic)
    ]


def providers(world: World) -> list[Row]:
    """Return listNetworkServiceProviders."""
    return [
        {"id": identity("provider", number, name), "name": name, "physicalnetworkid": number, "state": state}
        for _, one, number in _physical(world)
        for name, state in one.providers.items()
    ]


def nvp_devices(world: World) -> list[Row]:
    """Return listNiciraNvpDevices: those that a fault brings along."""
    return [
        {
            "nvpdeviceid": identity("nvp", one.address),
            "physicalnetworkid": identity("physical", one.zone.physical[0].name),
            "provider": "NiciraNvp",
            "niciradevicename": "NiciraNvp",
            "hostname": one.address,
        }
        for one in world.nvp
    ]


def offerings(world: World) -> list[Row]:
    """Return listNetworkOfferings."""
    return [
        {
            "id": identity("offering", one.name),
            "name": one.name,
            "state": one.state,
            "traffictype": "Guest",
            "guestiptype": one.kind,
            "specifyvlan": one.kind != "Isolated",
            "service": [{"name": name} for name in one.services],
        }
        | ({"tags": one.tags} if one.tags else {})
        for one in world.offerings
    ]


def storage_ranges(world: World) -> list[Row]:
    """Return listStorageNetworkIpRange: one, tagged, in each zone with storage traffic."""
    return [
        {
            "id": identity("storage range", zone.name),
            "zoneid": zone.id,
            "podid": identity("pod", zone.name),
            "networkid": identity("storage", zone.name),
            "vlan": STORAGE_VLAN,
            "startip": "127.4.0.10",
            "endip": "127.4.0.99",
            "gateway": "127.4.0.1",
            "netmask": "255.255.255.0",
        }
        for zone in world.zones
        if any(kind == "Storage" for one in zone.physical for kind, _ in one.traffic)
    ]


def dedicated_ranges(world: World) -> list[Row]:
    """Return listDedicatedGuestVlanRanges of every physical network; the API server selects one."""
    return [
        {
            "id": identity("dedicated", number, vlans),
            "account": "admin",
            "guestvlanrange": vlans,
            "physicalnetworkid": number,
            "zoneid": zone.id,
        }
        for zone, one, number in _physical(world)
        for vlans in one.dedicated
    ]


def vlan_ranges(world: World) -> list[Row]:
    """Return listVlanIpRanges: per zone the public range of system VMs, and one for routers."""
    found: list[Row] = []
    for zone in world.zones:
        both = ((zone.public_prefix, True, "10", "19"), ("100.64.0.", False, "2", "254"))
        for prefix, system, first, last in both:
            row = {
                "id": identity("range", zone.name, system),
                "zoneid": zone.id,
                "vlan": "vlan://untagged" if system else f"vlan://{zone.public_vlan}",
                "forvirtualnetwork": True,
                "physicalnetworkid": identity("physical", zone.name),
                "networkid": identity("public", zone.name),
                "gateway": f"{prefix}1",
                "netmask": "255.255.255.0",
                "startip": prefix + first,
                "endip": prefix + last,
                "forsystemvms": system,
            }
            found.append(row)
    return found
