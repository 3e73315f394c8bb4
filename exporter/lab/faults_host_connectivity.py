"""Faults of management servers: of the service, its ports, its peers, its versions, and of settings about them."""

from __future__ import annotations

from exporter.lab.fault import fault
from exporter.lab.management import AGENTS, INTEGRATION, ManagementServer
from exporter.lab.world import World
from exporter.model import Issue

CONNECTIVITY = Issue.HOST_CONNECTIVITY
OLD = 30 * 86400.0


def _second(world: World) -> ManagementServer:
    """Return the management server that is struck, where one is enough."""
    return world.management_server(2)


@fault(CONNECTIVITY, "management_server_down")
def management_server_down(world: World) -> None:
    """mgmt-2 has been Down for a month, and the setting host still sends agents to it."""
    server = _second(world)
    server.state, server.service, server.heartbeat = "Down", "inactive", OLD
    server.told = "192.0.2.12"
    world.settings["host"] += f",{server.told}"


@fault(CONNECTIVITY, "management_server_lost")
def management_server_lost(world: World) -> None:
    """mgmt-2 died an hour ago; the other one has taken over its agents."""
    server = _second(world)
    server.state, server.service, server.heartbeat = "Down", "failed", 3600.0


@fault(
    CONNECTIVITY,
    "management_server_lost",
    "management_server_service_up",
    "hypervisor_links:database_inconsistencies",
)
def management_server_just_died(world: World) -> None:
    """mgmt-2 has just died: it is still called Up, and hosts still belong to it."""
    server = _second(world)
    server.service, server.heartbeat = "failed", 400.0


@fault(CONNECTIVITY, "management_heartbeats_behind")
def management_heartbeats_old(world: World) -> None:
    """The database shows heartbeats of an hour ago only, while CloudStack answers."""
    for server in world.management_servers:
        server.heartbeat = 3600.0


@fault(CONNECTIVITY, "management_server_agent_port_closed")
def management_agent_port_closed(world: World) -> None:
    """mgmt-2 runs, and nobody listens for agents there."""
    _second(world).ports.discard(AGENTS)


@fault(CONNECTIVITY, "management_server_peers_down")
def management_peers_lost(world: World) -> None:
    """A firewall between the management servers: each holds the other for dead."""
    for server in world.management_servers:
        server.peers = False
    world.database.edits.append(("UPDATE mshost_peer SET peer_state = 'Down'", ()))


@fault(CONNECTIVITY, "management_server_version_differs", "management_server_schema_differs")
def management_versions_mixed(world: World) -> None:
    """mgmt-2 still runs the version of before the upgrade."""
    _second(world).version = "4.19.3.0"


@fault(CONNECTIVITY, "integration_api_enabled")
def management_integration_api(world: World) -> None:
    """The API without passwords is switched on."""
    world.settings["integration.api.port"] = str(INTEGRATION)
    for server in world.management_servers:
        server.ports.add(INTEGRATION)


@fault(CONNECTIVITY)
def management_sockets_refused(world: World) -> None:
    """The account may not look at the sockets of mgmt-2."""
    _second(world).refused = "ss"
