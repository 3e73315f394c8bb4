"""Rows about who reaches whom (issue 5): management servers, their agents and their database."""

from __future__ import annotations

from dashboards.src.board import Row
from dashboards.src.metrics import metrics_of
from dashboards.src.panels import ZONES, Column, graph, judged, objects, seen, selector, stat, table, total, totals
from dashboards.src.style import CRITICAL, OK, UNKNOWN, WARNING, steps
from exporter.model import Issue

BOARD = "csnet-connectivity"
metric = metrics_of(Issue.HOST_CONNECTIVITY)
SERVER = ("management_server",)
API = ("job", "instance")
ISSUE = f'issue="{Issue.HOST_CONNECTIVITY.value}"'


def _seen(name: str, *extra: str) -> str:
    return seen(metric(name), *extra)


def _of_api(name: str) -> str:
    """Return the rate of a counter about requests, by command."""
    counter = selector(f"cloudstack_network_exporter_{name}", by=API)
    return f"sum by (command) (rate({counter}[$__rate_interval]))"


def _starts(name: str) -> str:
    """Return how often a time of start changed within an hour."""
    return f"max by (management_server) (changes({_seen(name)}[1h]))"


NOW = Row(
    title="Management servers now",
    panels=(
        stat(
            "Alive",
            "Management servers that write their heartbeat. 0: runbook CloudStackNetManagementDown. Grey: no database.",
            f"min({_seen('management_servers_alive')})",
            thresholds=steps((1, OK), base=CRITICAL),
        ),
        stat(
            "Stopped or missed",
            "Stopped within a day, or Down and still needed. If orange: runbook CloudStackNetManagementServerLost.",
            totals(_seen("management_server_down"), _seen("management_server_lost")),
            thresholds=steps((1, WARNING)),
        ),
        stat(
            "Agent ports closed",
            "Servers that are Up and take no agents. If orange: runbook CloudStackNetAgentPortClosed.",
            total(_seen("management_server_agent_port_closed")),
            thresholds=steps((1, WARNING)),
        ),
        stat(
            "Agents",
            "Hosts and system VMs that are Up and belong to some management server, by listHosts.",
            total(_seen("management_server_agents")),
        ),
        stat(
            "Not judged",
            "Objects of this issue without a verdict, those of no zone included. Unknown is not healthy.",
            objects("unknown", ISSUE, ZONES, by=API),
            thresholds=steps((1, UNKNOWN)),
        ),
        stat(
            "API without passwords",
            "Whether integration.api.port is set. If orange: runbook CloudStackNetUnauthenticatedApi.",
            f"max({_seen('integration_api_enabled')})",
            thresholds=steps((1, WARNING)),
        ),
        stat(
            "Upgrades open",
            "Upgrades that are not Complete. If orange: runbook CloudStackNetSchemaUpgradeIncomplete.",
            f"max({_seen('schema_upgrades_incomplete')})",
            thresholds=steps((1, WARNING)),
        ),
    ),
)

SERVERS = Row(
    title="Management servers",
    panels=(
        table(
            "Each management server",
            "What CloudStack, the database and the server itself say of it. Agents and connections should be near.",
            (
                Column(
                    heading="Seen",
                    expr=f"max by (management_server, version, address) ({_seen('management_server_info')})",
                ),
                judged("Missed", metric("management_server_down"), *SERVER),
                judged("Stopped", metric("management_server_lost"), *SERVER),
                judged("Heartbeat", metric("management_server_heartbeat_age_seconds"), *SERVER, unit="s"),
                judged("Service runs", metric("management_server_service_up"), *SERVER),
                judged("Agent port closed", metric("management_server_agent_port_closed"), *SERVER),
                judged("Agents", metric("management_server_agents"), *SERVER),
                judged("Agents connected", metric("management_server_agent_connections"), *SERVER),
                judged("Database connections", metric("management_server_database_connections"), *SERVER),
                judged("None to the database", metric("management_server_database_unconnected"), *SERVER),
            ),
            hide=("Value #A",),
        ),
        table(
            "Among each other",
            "Do they reach each other, hold living ones for dead, agree in version, schema and clock, and is the open"
            " port reached?",
            (
                judged("Not reached", metric("management_server_peers_unreachable"), *SERVER),
                judged("Held for dead", metric("management_server_peers_down"), *SERVER),
                judged("Connected", metric("management_server_peers_connected"), *SERVER),
                judged("Other version", metric("management_server_version_differs"), *SERVER),
                judged("Other schema", metric("management_server_schema_differs"), *SERVER),
                judged("Clock apart", metric("management_server_clock_apart_seconds"), *SERVER, unit="s"),
                judged("Open API port", metric("management_server_integration_port_open"), *SERVER),
            ),
            size=(16, 8),
        ),
        table(
            "States",
            "What does listManagementServers say? A server that was taken out of service is Down for ever.",
            (
                Column(
                    heading="Seen",
                    expr=f"max by (management_server, state) ({_seen('management_server_state')}) == 1",
                ),
            ),
            hide=("Value",),
            size=(8, 8),
        ),
    ),
)

WAYS = Row(
    title="Ways to them",
    panels=(
        table(
            "Where agents look",
            "Does an address of the setting host lead agents to themselves? If so: CloudStackNetAgentsAddressUnusable.",
            (judged("Unusable", metric("agents_address_unusable"), "setting", "address"),),
            size=(8, 8),
        ),
        graph(
            "Agents per management server",
            "A step: a server went or came. Far apart for hours: see indirect.agent.lb.algorithm.",
            {"{{management_server}}": f"max by (management_server) ({_seen('management_server_agents')})"},
            unit="short",
            size=(8, 8),
        ),
        graph(
            "Seconds per request to the API",
            "Rising: the management server or its database has too much to do. Runbook CloudStackNetApiSlow.",
            {"{{command}}": f"{_of_api('api_request_seconds_total')} / {_of_api('api_requests_total')}"},
            unit="s",
            size=(8, 8),
        ),
        table(
            "Hosts without a management server",
            "Which agents run and have no connection to any? Runbook CloudStackNetAgentDisconnected.",
            (judged("Disconnected", metric("agent_disconnected"), "zone", "cluster", "host"),),
            size=(8, 8),
        ),
        graph(
            "Agents per address, as hosts see them",
            "Always 0: not reached, or only the second choice of all. Compare with the setting host.",
            {"{{zone}} {{address}}": f"max by (zone, address) ({_seen('agents_connected')})"},
            unit="short",
            size=(16, 8),
        ),
        graph(
            "Heartbeats shown are old",
            "1: the database that is read is late or clocks are apart. Runbook CloudStackNetHeartbeatsBehind.",
            {"{{database}}": f"max by (database) ({_seen('management_heartbeats_behind')})"},
            unit="short",
            size=(12, 6),
        ),
        graph(
            "Starts of management servers in an hour",
            "More than two: it dies and comes back. Runbook CloudStackNetManagementServerRestarts.",
            {
                "{{management_server}} by the database": _starts("management_server_run_started_timestamp_seconds"),
                "{{management_server}} by systemd": _starts("management_server_service_started_seconds"),
            },
            unit="short",
            size=(12, 6),
        ),
    ),
)

ROWS = (NOW, SERVERS, WAYS)
