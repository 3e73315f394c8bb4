"""Rows about who reaches whom: ports of hosts, ways between hosts, to stores and screens (issue 5)."""

from __future__ import annotations

from dashboards.src.board import Row
from dashboards.src.metrics import metrics_of
from dashboards.src.panels import Column, above, failing, judged, selector, stat, table, total
from dashboards.src.style import WARNING, steps
from exporter.model import Issue

BOARD = "csnet-connectivity"
metric = metrics_of(Issue.HOST_CONNECTIVITY)
HOST = ("zone", "cluster", "host")
PROXY = ("zone", "console_proxy")
ENDS = "agent_certificate_not_after_timestamp_seconds"


def _seen(name: str, *extra: str) -> str:
    return selector(metric(name).name, *extra)


NOW = Row(
    title="Who reaches whom",
    panels=(
        stat(
            "Host ports closed",
            "Hosts with a port that nobody of management reaches. If orange: runbook CloudStackNetHostPortClosed.",
            total(_seen("cluster_host_ports_closed")),
            thresholds=steps((1, WARNING)),
        ),
        stat(
            "Clusters half secured",
            "Clusters that mix hosts with and without TLS. If orange: runbook CloudStackNetClusterHalfSecured.",
            above(_seen("cluster_hosts_secured_unlike")),
            thresholds=steps((1, WARNING)),
        ),
        stat(
            "Hosts cut off from neighbours",
            "Hosts that machines cannot be moved from. If orange: runbook CloudStackNetHostNeighboursUnreachable.",
            above(_seen("host_neighbours_unreachable")),
            thresholds=steps((1, WARNING)),
        ),
        stat(
            "Hosts cut off from stores",
            "Hosts that get no new templates. If orange: runbook CloudStackNetHostStoresUnreachable.",
            above(_seen("host_stores_unreachable")),
            thresholds=steps((1, WARNING)),
        ),
        stat(
            "Stores nobody dials",
            "Image stores that no verdict speaks of: they are too many, or their URLs name nobody who can be dialled.",
            f"max({_seen('zone_image_stores_not_dialled')})",
        ),
        stat(
            "Hosts cut off from management",
            "Hosts whose agent finds nobody. If orange: runbook CloudStackNetHostManagementUnreachable.",
            above(_seen("host_management_unreachable")),
            thresholds=steps((1, WARNING)),
        ),
        stat(
            "Hosts without link-local",
            "Hosts whose own system VMs cannot be commanded. If orange: runbook CloudStackNetHostLinkLocalDown.",
            failing(_seen("host_link_local_up")),
            thresholds=steps((1, WARNING)),
        ),
        stat(
            "Screens out of reach",
            "Hosts that console proxies miss. If orange: runbook CloudStackNetConsoleProxyHostsUnreachable.",
            total(_seen("console_proxy_hosts_unreachable")),
            thresholds=steps((1, WARNING)),
        ),
    ),
)

PORTS = Row(
    title="Ports and certificates of hosts",
    collapsed=True,
    panels=(
        table(
            "Ports of hosts",
            "Which port of which host does not take connections from the management side?",
            (judged("Reachable", metric("host_port_reachable"), *HOST, "port", worst="min"),),
            size=(12, 9),
        ),
        table(
            "Certificates of agents",
            "When do they end, is renewal overdue, and which hosts have none? Hosts of a cluster should agree.",
            (
                judged("Overdue", metric("agent_certificate_overdue"), *HOST),
                Column(
                    heading="Ends in",
                    expr=f"min by ({', '.join(HOST)}) ({_seen(ENDS)}) - time()",
                    settings={"unit": "s"},
                ),
                judged("Secured", metric("host_secured"), *HOST, worst="min"),
            ),
            size=(12, 9),
        ),
    ),
)

WAYS = Row(
    title="Ways from hosts and console proxies",
    collapsed=True,
    panels=(
        table(
            "Ways from hosts",
            "What does each host not reach, seen from itself?",
            (
                judged("Neighbours missed", metric("host_neighbours_unreachable"), *HOST),
                judged("Stores missed", metric("host_stores_unreachable"), *HOST),
                judged("No management server", metric("host_management_unreachable"), *HOST),
                judged("Link-local", metric("host_link_local_up"), *HOST),
            ),
            size=(14, 9),
        ),
        table(
            "Ways from console proxies",
            "What does each console proxy not reach, seen from inside?",
            (
                judged("Hosts missed", metric("console_proxy_hosts_unreachable"), *PROXY),
                judged("Not dialled", metric("console_proxy_hosts_not_dialled"), *PROXY),
                judged("No management server", metric("console_proxy_management_unreachable"), *PROXY),
                judged("Names unknown", metric("console_proxy_names_unknown"), *PROXY),
            ),
            size=(10, 9),
        ),
        table(
            "Neighbours by name",
            "Between which hosts is which port closed?",
            (Column(heading="Closed", expr=_seen("host_neighbour_unreachable")),),
            hide=("job", "Value"),
            size=(8, 8),
        ),
        table(
            "Stores by name",
            "Which image store does which host miss? One store of all hosts: look there.",
            (Column(heading="Closed", expr=_seen("host_store_unreachable")),),
            hide=("job", "Value"),
            size=(8, 8),
        ),
        table(
            "Screens by host",
            "Of which hosts are consoles black?",
            (Column(heading="Closed", expr=_seen("console_proxy_host_unreachable")),),
            hide=("job", "Value"),
            size=(8, 8),
        ),
    ),
)

ROWS = (NOW, PORTS, WAYS)
