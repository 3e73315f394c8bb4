"""Faults of management servers, of settings about them, and of the ways of agents to them."""

from __future__ import annotations

from exporter.lab.faults.fault import fault
from exporter.lab.world.hypervisor import Hypervisor
from exporter.lab.world.management import AGENTS, INTEGRATION, ManagementServer
from exporter.lab.world.world import World
from exporter.model import Issue
from exporter.thresholds import CLOCKS_APART_SECONDS

CONNECTIVITY = Issue.HOST_CONNECTIVITY
OLD = 30 * 86400.0


def _second(world: World) -> ManagementServer:
    """Return the management server that is struck, where one is enough."""
    return world.management_server(2)


def _host(world: World, name: str) -> Hypervisor:
    return next(host.hypervisor for host in world.hosts if host.name == name)


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
    """The clocks of all management servers are an hour behind that of the database: heartbeats are old and go on."""
    for server in world.management_servers:
        server.heartbeat = 3600.0


@fault(CONNECTIVITY, "management_server_clock_apart_seconds")
def management_clocks_apart(world: World) -> None:
    """The clock of mgmt-2 is ahead of that of mgmt-1; its heartbeats are of the future."""
    server = _second(world)
    server.clock = CLOCKS_APART_SECONDS + 60
    server.heartbeat -= server.clock


@fault(
    CONNECTIVITY,
    "management_servers_alive",
    "management_server_lost",
    "management_server_service_up",
    "agent_disconnected",
    after=700,
)
def management_servers_dead(world: World) -> None:
    """Both management servers have died: no heartbeat, no API, and no agent has a connection."""
    for server in world.management_servers:
        server.service, server.heartbeat = "failed", 400.0
    for host in world.hosts:
        host.hypervisor.agent_connected = False
    for vm in world.system_vms:
        vm.session = False
    world.api_is_down = True


@fault(
    CONNECTIVITY,
    "management_server_database_unconnected",
    "management_server_lost",
    "hypervisor_links:database_inconsistencies",
)
def management_database_cut(world: World) -> None:
    """mgmt-2 no longer reaches the database: it runs, and its heartbeat has just become too old."""
    server = _second(world)
    server.database, server.heartbeat, server.writes = 0, 400.0, False


@fault(CONNECTIVITY, "agent_disconnected", "host_state_disagreement", "host_management_unreachable")
def host_agent_unreachable(world: World) -> None:
    """A firewall closes the port of agents to kvm-2: its agent runs and is connected to no management server."""
    _host(world, "kvm-2").agent_connected = False


@fault(CONNECTIVITY)
def host_sockets_refused(world: World) -> None:
    """The account may not look at the sockets of kvm-1."""
    _host(world, "kvm-1").refused.add("ss")


@fault(CONNECTIVITY, "management_server_agent_port_closed")
def management_agent_port_closed(world: World) -> None:
    """mgmt-2 runs, and nobody listens for agents there."""
    _second(world).ports.discard(AGENTS)


@fault(CONNECTIVITY, "management_server_peers_unreachable")
def management_peers_lost(world: World) -> None:
    """A firewall drops what mgmt-1 sends to the port of the cluster of mgmt-2: CloudStack calls both Up."""
    _second(world).cluster = "dropped"


@fault(CONNECTIVITY, "management_server_peers_unreachable")
def management_peers_refused(world: World) -> None:
    """mgmt-2 has cluster.node.IP=127.0.0.1: on its own address nobody listens for the others."""
    _second(world).cluster = "refused"


@fault(CONNECTIVITY, "management_server_peers_down")
def management_peers_held_for_dead(world: World) -> None:
    """Each management server still holds the other for dead after a pause of both; they would reach each other."""
    for server in world.management_servers:
        server.talks = False
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
