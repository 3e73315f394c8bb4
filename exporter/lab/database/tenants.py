"""Rows of CloudStack's tables about networks, machines, their NICs and addresses, from the lab's world."""

from __future__ import annotations

from collections.abc import Iterator

from exporter.lab.api import rows_guests, rows_network
from exporter.lab.database.places import ADMIN, DAY, SYSTEM, Numbers, Row, Tables, when
from exporter.lab.world.hypervisor_firewall import MachineRules
from exporter.lab.world.world import Instance, Nic, Router, SystemVm, World, Zone, identity

KINDS = {"consoleproxy": "ConsoleProxy", "secondarystoragevm": "SecondaryStorageVm"}
SYSTEM_NETWORKS = ("Public", "Management", "Control", "Storage")
FREE = (2, 3)
"""Public addresses of each zone that nobody has; routers begin with 4."""


def networks(world: World, number: Numbers) -> Tables:
    """Return the networks of tenants, those of the system, and the ranges of public addresses."""
    created = when(world.start - 60 * DAY)
    rows = [
        _network(number, zone, kind, identity(kind.lower(), zone.name), created)
        for zone in world.zones
        for kind in SYSTEM_NETWORKS
    ]
    rows += [
        {
            "id": number(row["id"]),
            "name": row["name"],
            "uuid": row["id"],
            "traffic_type": "Guest",
            "broadcast_domain_type": row["broadcastdomaintype"],
            "broadcast_uri": row["broadcasturi"],
            "network_offering_id": number(row["networkofferingid"]),
            "physical_network_id": number(row["physicalnetworkid"]),
            "data_center_id": number(row["zoneid"]),
            "state": row["state"],
            "related": number(row["id"]),
            "account_id": ADMIN,
            "guest_type": row["type"],
            "vpc_id": number(row["vpcid"]) if "vpcid" in row else None,
            "created": created,
        }
        for row in rows_guests.networks(world)
    ]
    return {"networks": rows, "vlan": [_range(row, number) for row in rows_network.vlan_ranges(world)]}


def _network(number: Numbers, zone: Zone, kind: str, uuid: str, created: str) -> Row:
    return {
        "id": number(uuid),
        "name": None,
        "uuid": uuid,
        "traffic_type": kind,
        "broadcast_domain_type": {"Public": "Vlan", "Control": "LinkLocal"}.get(kind, "Native"),
        "broadcast_uri": None,
        "network_offering_id": 1,
        "physical_network_id": number(identity("physical", zone.name)),
        "data_center_id": number(zone.id),
        "state": "Setup",
        "related": number(uuid),
        "account_id": SYSTEM,
        "guest_type": None,
        "vpc_id": None,
        "created": created,
    }


def _range(row: Row, number: Numbers) -> Row:
    return {
        "id": number(row["id"]),
        "uuid": row["id"],
        "vlan_id": row["vlan"],
        "vlan_gateway": row["gateway"],
        "vlan_netmask": row["netmask"],
        "ip4_range": f"{row['startip']}-{row['endip']}",
        "vlan_type": "VirtualNetwork",
        "data_center_id": number(row["zoneid"]),
        "network_id": number(row["networkid"]),
        "physical_network_id": number(row["physicalnetworkid"]),
    }


def machines(world: World, number: Numbers) -> Tables:
    """Return instances, routers and system VMs; what they did long ago has come to its end."""
    every: list[tuple[Instance | Router | SystemVm, str, str, Zone, int]] = [
        *((one, one.domain, "User", one.network.zone, ADMIN) for one in world.instances),
        *((one, one.name, "DomainRouter", one.zone, ADMIN) for one in world.routers),
        *((one, one.name, KINDS[one.kind], one.zone, SYSTEM) for one in world.system_vms),
    ]
    rows = [
        {
            "id": number(one.id),
            "name": one.name,
            "uuid": one.id,
            "instance_name": inner,
            "state": one.state,
            "pod_id": number(identity("pod", zone.name)),
            "data_center_id": number(zone.id),
            "host_id": number(one.host.id) if one.state == "Running" else None,
            "update_time": when(world.start - DAY),
            "created": when(one.created),
            "type": kind,
            "vm_type": kind,
            "account_id": account,
            "hypervisor_type": one.host.kind,
        }
        for one, inner, kind, zone, account in every
    ]
    work = {"instance_id": rows[0]["id"], "vm_type": "User", "step": "Done"}
    long_ago = round(world.start - 5 * DAY)
    return {
        "vm_instance": rows,
        "op_ha_work": [work | {"type": "HA", "state": "Running", "created": when(long_ago), "tried": 1}],
        "op_it_work": [
            work | {"id": "done", "type": "Start", "created_at": long_ago, "updated_at": long_ago + 9},
        ],
        "op_vm_ruleset_log": [
            {"instance_id": number(one.id), "created": when(long_ago), "logsequence": MachineRules(one.domain).sequence}
            for one in world.instances
            if one.network.security_groups
        ],
        "op_lock": [],
        "account_vnet_map": [],
    }


def nics(world: World, number: Numbers) -> Tables:
    """Return every NIC, and the public, management and control addresses, taken by them or free."""
    cards = [card for one in world.instances for card in _cards(number, one.id, "User", [one.nic], one.network.zone)]
    for router in world.routers:
        cards += _cards(number, router.id, "DomainRouter", router.nics, router.zone)
    for vm in world.system_vms:
        cards += _cards(number, vm.id, KINDS[vm.kind], list(_system_nics(vm)), vm.zone, "untagged")
    created = when(world.start - 30 * DAY)
    rows = [card | {"state": "Reserved", "strategy": "Start", "created": created} for card in cards]
    pools = {
        table: [
            {
                "ip_address": nic.address,
                "data_center_id": number(zone.id),
                "pod_id": number(identity("pod", zone.name)),
                "nic_id": number(f"{owner}/{nic.mac}"),
                "taken": created,
            }
            for owner, zone, nic in _plugged(world)
            if nic.kind == kind
        ]
        for table, kind in (
            ("op_dc_ip_address_alloc", "Management"),
            ("op_dc_link_local_ip_address_alloc", "Control"),
        )
    }
    return {"nics": rows, "user_ip_address": [*_taken(world, number), *_free(world, number)], **pools}


def _plugged(world: World) -> Iterator[tuple[str, Zone, Nic]]:
    """Yield the NICs of routers and system VMs, with their owner."""
    for router in world.routers:
        for nic in router.nics:
            yield router.id, router.zone, nic
    for vm in world.system_vms:
        for nic in _system_nics(vm):
            yield vm.id, vm.zone, nic


def _system_nics(vm: SystemVm) -> Iterator[Nic]:
    addresses = {
        "Control": vm.control,
        "Management": vm.private,
        "Public": vm.public,
        "Storage": f"127.4.0.{vm.number}",
    }
    for kind, mac in vm.macs.items():
        yield Nic(kind, addresses[kind], mac)


def _cards(number: Numbers, owner: str, kind: str, found: list[Nic], zone: Zone, public: str = "") -> Iterator[Row]:
    for nic in found:
        tag = {"Guest": str(nic.network.vlan) if nic.network else "", "Public": public or str(zone.public_vlan)}
        yield {
            "id": number(f"{owner}/{nic.mac}"),
            "uuid": identity("nic", owner, nic.mac),
            "instance_id": number(owner),
            "mac_address": nic.mac,
            "ip4_address": nic.address or None,
            "broadcast_uri": f"vlan://{tag[nic.kind]}" if nic.kind in tag else None,
            "network_id": number(nic.network.id if nic.network else identity(nic.kind.lower(), zone.name)),
            "vm_type": kind,
        }


def _taken(world: World, number: Numbers) -> Iterator[Row]:
    """Yield the public addresses of routers, which are their networks', and of system VMs, which are nobody's."""
    created = when(world.start - 30 * DAY)
    routers: dict[str, Router] = {router.id: router for router in world.routers}
    for owner, zone, nic in _plugged(world):
        if nic.kind == "Public":
            router = routers.get(owner)
            yield _address(number, zone, nic.address, is_system=router is None) | {
                "account_id": ADMIN if router else SYSTEM,
                "state": "Allocated",
                "allocated": created,
                "network_id": number(router.networks[0].id) if router and not router.vpc else None,
                "vpc_id": number(identity("vpc", router.vpc)) if router and router.vpc else None,
                "source_nat": int(router is not None),
            }


def _free(world: World, number: Numbers) -> Iterator[Row]:
    for zone in world.zones:
        for last in FREE:
            yield _address(number, zone, f"100.64.0.{last}", is_system=False) | {
                "account_id": None,
                "state": "Free",
                "allocated": None,
                "network_id": None,
                "vpc_id": None,
                "source_nat": 0,
            }


def _address(number: Numbers, zone: Zone, address: str, *, is_system: bool) -> Row:
    uuid = identity("address", zone.name, address)
    return {
        "id": number(uuid),
        "uuid": uuid,
        "public_ip_address": address,
        "data_center_id": number(zone.id),
        "vlan_db_id": number(identity("range", zone.name, is_system)),
        "source_network_id": number(identity("public", zone.name)),
        "physical_network_id": number(identity("physical", zone.name)),
        "is_system": 0,
        "forsystemvms": int(is_system),
    }
