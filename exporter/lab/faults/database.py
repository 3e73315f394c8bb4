"""Faults of the database: what people type into its tables by hand, and a server that does not answer.

They change tables of the database, and what the API tells of networks; what the machines tell stays as it was, as it
does in life until something is stopped and started again.
"""

from __future__ import annotations

from exporter.lab.faults.fault import fault
from exporter.lab.world import tenants
from exporter.lab.world.management import VERSION
from exporter.lab.world.world import World, identity
from exporter.model import Issue

LINKS = Issue.HYPERVISOR_LINKS
CONNECTIVITY = Issue.HOST_CONNECTIVITY
HOUR = 3600.0


def _edit(world: World, statement: str, *values: object) -> None:
    world.database.edits.append((statement, values))


def _prefix(world: World, name: str) -> str:
    """Return the address prefix of a network."""
    return next(made.prefix for made in world.networks if made.name == name)


def _second_network(world: World, name: str, uuid: str) -> None:
    """Add a network with the VLAN of another one."""
    columns = (
        "name, traffic_type, broadcast_domain_type, broadcast_uri, network_offering_id, physical_network_id,"
        " data_center_id, state, account_id, guest_type, created"
    )
    statement = "INSERT INTO networks (COLUMNS, uuid, related) SELECT COLUMNS, %s, 9999 FROM networks WHERE name = %s"
    _edit(world, statement.replace("COLUMNS", columns), uuid, name)


@fault(LINKS, "database_inconsistencies")
def database_vlan_leaked(world: World) -> None:
    """VLAN 3000 of zone east is taken in the pool, and no network has it."""
    _edit(
        world,
        "UPDATE op_dc_vnet_alloc SET taken = UTC_TIMESTAMP() - INTERVAL 2 HOUR"
        " WHERE vnet = '3000' AND data_center_id = (SELECT id FROM data_center WHERE name = 'east')",
    )


@fault(LINKS, "vlan_trunking:released_vlans", after=60)
def database_vlan_released(world: World) -> None:
    """The network research was put down, and its VLAN freed, while its machines run."""
    made = next(made for made in world.networks if made.name == "research")
    made.is_released = True
    _edit(world, "UPDATE networks SET state = 'Allocated', broadcast_uri = NULL WHERE name = 'research'")
    _edit(
        world,
        "UPDATE op_dc_vnet_alloc SET taken = NULL, account_id = NULL"
        " WHERE vnet = %s AND data_center_id = (SELECT id FROM data_center WHERE name = 'east')",
        str(made.vlan),
    )


@fault(LINKS, "vlan_trunking:released_vlans", "database_inconsistencies", after=60)
def database_vlan_freed_and_given_away(world: World) -> None:
    """Only the pool's row of the network research was freed; the new network annexe got its VLAN, and both have it."""
    made = next(made for made in world.networks if made.name == "research")
    annexe = tenants.network(world, "annexe", made.zone)
    annexe.vlan = made.vlan
    _second_network(world, made.name, annexe.id)
    _edit(
        world,
        "UPDATE op_dc_vnet_alloc SET taken = UTC_TIMESTAMP()"
        " WHERE vnet = %s AND data_center_id = (SELECT id FROM data_center WHERE name = 'east')",
        str(made.vlan),
    )


@fault(LINKS, "security_groups:rules_behind", after=310)
def database_rules_newer(world: World) -> None:
    """The rules of i-2-38-VM were changed in the database, and its host was never sent them."""
    _edit(
        world,
        "UPDATE op_vm_ruleset_log SET logsequence = logsequence + 5"
        " WHERE instance_id = (SELECT id FROM vm_instance WHERE instance_name = 'i-2-38-VM')",
    )


@fault(LINKS, "database_inconsistencies")
def database_vlan_range_edited(world: World) -> None:
    """Somebody wrote another VLAN range into the row of a physical network, and left its pool alone."""
    _edit(world, "UPDATE physical_network SET vnet = '100-3899' WHERE name = 'north-physical'")


@fault(LINKS, "database_inconsistencies")
def database_vlan_of_two_networks(world: World) -> None:
    """Somebody made a second isolated network with the VLAN of the network frontend."""
    _second_network(world, "frontend", identity("network", "typed by hand"))


@fault(LINKS, "database_inconsistencies")
def database_address_twice(world: World) -> None:
    """Two instances of the network backend have one address in the database."""
    prefix = _prefix(world, "backend")
    _edit(world, "UPDATE nics SET ip4_address = %s WHERE ip4_address = %s", f"{prefix}10", f"{prefix}11")


@fault(LINKS, "database_inconsistencies")
def database_address_of_nobody(world: World) -> None:
    """A public address of zone east is allocated to no network, VPC or machine."""
    _edit(
        world,
        "UPDATE user_ip_address SET state = 'Allocated', allocated = UTC_TIMESTAMP() - INTERVAL 2 HOUR, account_id = 2"
        " WHERE state = 'Free' AND data_center_id = (SELECT id FROM data_center WHERE name = 'east') LIMIT 1",
    )


@fault(LINKS, "database_inconsistencies")
def database_cluster_removed(world: World) -> None:
    """The cluster of kvm-4 is marked as removed, and the host is not."""
    _edit(world, "UPDATE cluster SET removed = UTC_TIMESTAMP() - INTERVAL 2 HOUR WHERE name = 'west-cluster-1'")


@fault(LINKS, "database_inconsistencies")
def database_lock_stale(world: World) -> None:
    """A management server that is no more left a lock behind."""
    _edit(world, "INSERT INTO op_lock (`key`, mac, ip, thread) VALUES ('networks204', '7777', 'API-Job-1', '4f2e')")


@fault(LINKS, "database_inconsistencies")
def database_work_stuck(world: World) -> None:
    """Work of high availability was tried four times, and has not come to an end for two hours."""
    _edit(
        world,
        "UPDATE op_ha_work SET step = 'Investigating', created = UTC_TIMESTAMP() - INTERVAL 2 HOUR, tried = 4",
    )


@fault(LINKS, "database_leftovers")
def database_agent_without_vm(world: World) -> None:
    """The agent of a console proxy that was destroyed long ago was left behind, and sits in Alert."""
    _edit(
        world,
        "INSERT INTO host (name, uuid, status, type, private_ip_address, data_center_id, version, created)"
        " SELECT 'v-999-VM', UUID(), 'Alert', 'ConsoleProxy', '127.3.0.98', id, %s,"
        " UTC_TIMESTAMP() - INTERVAL 90 DAY FROM data_center WHERE name = 'east'",
        VERSION,
    )


@fault(LINKS, "database_leftovers", "database_leaked_addresses_ratio")
def database_addresses_leaked(world: World) -> None:
    """Half of the management addresses are held by NICs that are no more."""
    _edit(
        world,
        "INSERT INTO op_dc_ip_address_alloc (ip_address, data_center_id, pod_id, nic_id, taken)"
        " SELECT CONCAT('127.3.9.', ROW_NUMBER() OVER (ORDER BY id)), data_center_id, pod_id, 4000000000,"
        " UTC_TIMESTAMP() - INTERVAL 2 HOUR FROM op_dc_ip_address_alloc",
    )


@fault(CONNECTIVITY, "schema_upgrades_incomplete")
def database_upgrade_unfinished(world: World) -> None:
    """The upgrade of the database schema was never finished: nothing else in it is judged."""
    _edit(world, "UPDATE version SET step = 'Upgrade' ORDER BY id DESC LIMIT 1")


@fault(LINKS)
def database_replica_behind(world: World) -> None:
    """The database is a replica that lags two minutes: nothing in it is judged."""
    world.database.behind = 120.0


@fault(LINKS)
def database_password_changed(world: World) -> None:
    """The password of the account that reads the database was changed."""
    world.database.refuses = True


@fault(LINKS)
def database_down(world: World) -> None:
    """The database server is stopped."""
    world.database.is_down = True


@fault(
    CONNECTIVITY,
    "management_server_lost",
    "management_server_service_up",
    "hypervisor_links:database_inconsistencies",
)
def management_server_died_ahead(world: World) -> None:
    """mgmt-2 has died, and its clock was three hours ahead: its last heartbeat is of the future."""
    server = world.management_server(2)
    server.service, server.heartbeat = "failed", -3 * HOUR


@fault(CONNECTIVITY, "management_heartbeats_behind", "management_server_clock_apart_seconds")
def management_clock_hours_ahead(world: World) -> None:
    """The clock of mgmt-2 is three hours ahead, and it runs: its heartbeats are of the future and go on."""
    server = world.management_server(2)
    server.clock, server.heartbeat = int(3 * HOUR), -3 * HOUR
