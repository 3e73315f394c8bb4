"""Rows of CloudStack's tables about the infrastructure, from the rows that the lab's API tells: one story for both."""

from __future__ import annotations

import time
from typing import Any

from exporter.lab.api import rows_network, rows_zone
from exporter.lab.world.management import VERSION
from exporter.lab.world.world import World, identity

Row = dict[str, Any]
Tables = dict[str, list[Row]]
DAY = 86400.0
POOL = "op_dc_vnet_alloc"
SYSTEM, ADMIN = 1, 2
"""Accounts."""


class Numbers:
    """The numbers that rows have where the API has uuids; the same for one uuid as long as the lab runs."""

    def __init__(self) -> None:
        self._given: dict[str, int] = {}

    def __call__(self, uuid: str) -> int:
        """Return the number of the object with this uuid."""
        return self._given.setdefault(uuid, 100 + len(self._given))


def when(unix: float) -> str:
    """Return a time as the database has it: UTC, without saying so."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(unix))


def management(world: World, number: Numbers) -> Tables:
    """Return management servers and the agents that belong to them."""
    owners = {server.id: server.msid for server in world.management_servers}
    servers = [
        {
            "id": number(server.id),
            "msid": server.msid,
            "runid": round(1000 * (world.start - server.uptime)),
            "name": server.name,
            "uuid": server.id,
            "state": server.state,
            "version": server.version,
            "service_ip": server.address,
            "last_update": when(world.start),
        }
        for server in world.management_servers
    ]
    peers = [
        {
            "owner_mshost": one["id"],
            "peer_mshost": other["id"],
            "peer_runid": other["runid"],
            "peer_state": other["state"],
            "last_update": one["last_update"],
        }
        for one in servers
        for other in servers
        if one is not other
    ]
    return {
        "mshost": servers,
        "mshost_peer": peers,
        "host": [_host(world, row, owners, number) for row in rows_zone.hosts(world)],
    }


def _host(world: World, row: Row, owners: dict[str, int], number: Numbers) -> Row:
    is_hypervisor = row["type"] == "Routing"
    return {
        "id": number(row["id"]),
        "name": row["name"],
        "uuid": row["id"],
        "status": row["state"],
        "type": row["type"],
        "private_ip_address": row["ipaddress"],
        "cluster_id": number(row["clusterid"]) if is_hypervisor else None,
        "data_center_id": number(row["zoneid"]),
        "pod_id": number(row["podid"]),
        "hypervisor_type": row.get("hypervisor"),
        "version": row["version"],
        "mgmt_server_id": owners.get(row.get("managementserverid", "")),
        "resource_state": row["resourcestate"],
        "created": when(world.start - 90 * DAY),
    }


def places(world: World, number: Numbers) -> Tables:
    """Return everything that seldom changes: schema version, zones, pods, clusters, accounts, settings."""
    long_ago = when(world.start - 100 * DAY)
    versions = ["4.0.0", "4.19.3.0", VERSION]
    return {
        "version": [
            {"id": place, "version": one, "updated": long_ago, "step": "Complete"}
            for place, one in enumerate(versions, 1)
        ],
        "account": [
            {"id": place, "account_name": name, "uuid": identity("account", name), "type": 1, "state": "enabled"}
            for place, name in ((SYSTEM, "system"), (ADMIN, "admin"))
        ],
        "data_center": [
            _named(row, number)
            | {"networktype": row["networktype"], "is_security_group_enabled": row["securitygroupsenabled"]}
            for row in rows_zone.zones(world)
        ],
        "host_pod_ref": [_pod(row, number) for row in rows_zone.pods(world)],
        "cluster": [
            _named(row, number)
            | {
                "pod_id": number(row["podid"]),
                "data_center_id": number(row["zoneid"]),
                "hypervisor_type": row["hypervisortype"],
            }
            for row in rows_zone.clusters(world)
        ],
        "configuration": [
            {"instance": "DEFAULT", "name": name, "value": value}
            for name, value in (world.settings | {"unmanage.vm.preserve.nics": "false"}).items()
        ],
    }


def _pod(row: Row, number: Numbers) -> Row:
    spans = zip(row["startip"], row["endip"], row["vlanid"], strict=True)
    return _named(row, number) | {
        "data_center_id": number(row["zoneid"]),
        "gateway": row["gateway"],
        "cidr_address": row["startip"][0],
        "cidr_size": 24,
        "description": ",".join(f"{first}-{last}-0-{vlan.rpartition('/')[2]}" for first, last, vlan in spans),
    }


def _named(row: Row, number: Numbers) -> Row:
    return {"id": number(row["id"]), "name": row["name"], "uuid": row["id"]}


def physical_networks(world: World, number: Numbers) -> Tables:
    """Return physical networks, their traffic types and network offerings; their pools are ``pool``."""
    rows, long_ago = rows_network.physical_networks(world), when(world.start - 100 * DAY)
    offerings = [
        _named(row, number)
        | {
            "traffic_type": row["traffictype"],
            "specify_vlan": row["specifyvlan"],
            "guest_type": row["guestiptype"],
            "state": row["state"],
            "created": long_ago,
        }
        for row in rows_network.offerings(world)
    ]
    system = offerings[0] | {"id": 1, "name": "System", "uuid": identity("offering", "System"), "guest_type": None}
    return {
        "physical_network": [
            _named(row, number) | {"data_center_id": number(row["zoneid"]), "vnet": row["vlan"], "state": row["state"]}
            for row in rows
        ],
        "physical_network_isolation_methods": [
            {"physical_network_id": number(row["id"]), "isolation_method": row["isolationmethods"]} for row in rows
        ],
        "physical_network_traffic_types": [
            {
                "id": number(row["id"]),
                "uuid": row["id"],
                "physical_network_id": number(row["physicalnetworkid"]),
                "traffic_type": row["traffictype"],
                "kvm_network_label": row.get("kvmnetworklabel"),
                "xenserver_network_label": row.get("xennetworklabel"),
            }
            for row in rows_network.traffic_types(world)
        ],
        "network_offerings": [system, *offerings],
    }


def pool(world: World, number: Numbers) -> list[str]:
    """Return the statements that fill the pool: every VLAN of every range, those of networks taken."""
    statements = []
    for zone in world.zones:
        for one in zone.physical:
            physical = number(identity("physical", one.name))
            for part in filter(None, one.vlan.split(",")):
                first, _, last = part.partition("-")
                statements.append(
                    f"INSERT INTO {POOL} (vnet, physical_network_id, data_center_id)"  # noqa: S608 - numbers
                    f" SELECT seq, {physical}, {number(zone.id)} FROM seq_{first}_to_{last or first}"
                )
        physical = number(identity("physical", zone.name))
        taken = ", ".join(f"'{made.vlan}'" for made in world.networks if made.zone is zone and made.kind == "Isolated")
        if taken:
            statements.append(
                f"UPDATE {POOL} SET taken = '{when(world.start - 30 * DAY)}', account_id = {ADMIN}"  # noqa: S608 - same
                f" WHERE physical_network_id = {physical} AND vnet IN ({taken})"
            )
    return statements
