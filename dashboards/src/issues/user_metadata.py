"""Rows about user data, metadata and the routers that serve them (issue 10)."""

from __future__ import annotations

from dashboards.src.board import Row
from dashboards.src.metrics import metrics_of
from dashboards.src.panels import Column, failing, graph, judged, seen, selector, stat, table, total, totals
from dashboards.src.style import CRITICAL, WARNING, steps
from exporter.model import Issue

BOARD = "csnet-tenants"
metric = metrics_of(Issue.USER_METADATA)
ROUTER = ("zone", "router")
ADDRESS = ("zone", "router", "address")
PAIR = ("zone", "pair")


def _seen(name: str, *extra: str) -> str:
    return selector(metric(name).name, *extra)


def _logged(rated: str, name: str, window: str, label: str) -> str:
    """Return how much of each label's value management servers have logged within a window."""
    return total(f"{rated}({seen(metric(f'management_log_{name}_total'))}[{window}])", "management_server", label)


NOW = Row(
    title="Routers and metadata",
    panels=(
        stat(
            "Routers down",
            "Routers that should run for running machines and do not. If red: runbook CloudStackNetRouterDown.",
            totals(_seen("router_down"), _seen("networks_without_router")),
            thresholds=steps((1, CRITICAL)),
        ),
        stat(
            "Pairs without one primary",
            "Redundant pairs with no primary or two. If red: runbook CloudStackNetRouterPairBroken.",
            failing(_seen("router_pair_one_primary")),
            thresholds=steps((1, CRITICAL)),
        ),
        stat(
            "Addresses without metadata",
            "Guest addresses at which the metadata service fails. If orange: runbook CloudStackNetMetadataServiceDown.",
            failing(_seen("http_up")),
            thresholds=steps((1, WARNING)),
        ),
        stat(
            "Machines without data",
            "Running machines whose router holds no data for them. If orange: runbook CloudStackNetMetadataMissing.",
            total(_seen("instances_incomplete")),
            thresholds=steps((1, WARNING)),
        ),
        stat(
            "Machines shown foreign data",
            "Machines that are given the data of another one, or can be read by others. Security: look today.",
            totals(_seen("instances_stale"), _seen("directories_exposed")),
            thresholds=steps((1, WARNING)),
        ),
        stat(
            "Machines watched",
            "Running machines whose metadata was judged; 0 means that nobody looks.",
            total(_seen("instances")),
        ),
    ),
)

ROUTERS = Row(
    title="Routers",
    panels=(
        table(
            "Routers",
            "Which routers are there, where do they run, and does CloudStack command them?",
            (
                Column(
                    heading="Seen",
                    expr="max by (zone, router, network, vpc, host, version, state, redundant_state) "
                    f"({_seen('router_info')})",
                ),
                judged("Down", metric("router_down"), *ROUTER),
                judged("Needs upgrade", metric("router_requires_upgrade"), *ROUTER),
                judged("Failing health checks", metric("router_health_failed"), *ROUTER),
                judged("Role disagrees", metric("router_role_disagrees"), *ROUTER),
            ),
            hide=("Value #A",),
        ),
        table(
            "Redundant pairs",
            "Has each pair one primary, by CloudStack (api) and by its own word (router), and can it fail over?",
            (
                judged("One primary", metric("router_pair_one_primary"), *PAIR, "source"),
                judged("Routers at fault", metric("router_pair_faults"), *PAIR),
                judged("On one host", metric("router_pair_same_host"), *PAIR),
            ),
            size=(14, 8),
        ),
        table(
            "Networks without a router",
            "How many networks with running machines have no router at all?",
            (judged("Networks", metric("networks_without_router"), "zone"),),
            size=(10, 8),
        ),
    ),
)

HEALTH = Row(
    title="CloudStack's health checks",
    collapsed=True,
    panels=(
        table(
            "Failing checks",
            "Which of CloudStack's own checks fail? Known false alarms are left out.",
            (Column(heading="Failing", expr=_seen("router_health_check_failed")),),
            hide=("job", "instance", "Value"),
            size=(12, 8),
        ),
        table(
            "Results by router",
            "How old are CloudStack's results, and does its own summary hide a failure?",
            (
                judged("Failing", metric("router_health_failed"), *ROUTER),
                judged("Too old", metric("router_health_stale"), *ROUTER),
                judged("Age", metric("router_health_age_seconds"), *ROUTER, unit="s"),
                judged("Summary disagrees", metric("router_health_disagrees"), *ROUTER),
            ),
            size=(12, 8),
        ),
    ),
)

SERVICE = Row(
    title="Metadata service",
    collapsed=True,
    panels=(
        table(
            "Metadata service by address",
            "Does each address serve metadata? 404 from the router itself is healthy; 5xx is a broken configuration.",
            (
                judged("Serves", metric("http_up"), *ADDRESS),
                judged("HTTP status", metric("http_status"), *ADDRESS),
                judged("Virtual host", metric("vhost_up"), *ADDRESS),
                judged("data-server resolves", metric("data_server_resolves"), *ADDRESS),
            ),
            size=(14, 8),
        ),
        table(
            "Metadata service by router",
            "Does the web server run, does it have its rewrite rules, and whose data does it hold?",
            (
                judged("Web server", metric("web_server_up"), *ROUTER),
                judged("Rewrite rules", metric("rewrite_rules"), *ROUTER, worst="min"),
                judged("Machines", metric("instances"), *ROUTER),
                judged("Without data", metric("instances_incomplete"), *ROUTER),
                judged("Foreign data", metric("instances_stale"), *ROUTER),
                judged("Readable by others", metric("directories_exposed"), *ROUTER),
            ),
            size=(10, 8),
        ),
        table(
            "Machines without data by name",
            "Which machines? One: stop and start it. Many: stop and start the router.",
            (Column(heading="Missing", expr=_seen("instance_incomplete")),),
            hide=("job", "Value"),
            size=(12, 8),
        ),
        table(
            "Machines with foreign data by name",
            "Which machines are given the data of another one?",
            (Column(heading="Foreign", expr=_seen("instance_stale")),),
            hide=("job", "Value"),
            size=(12, 8),
        ),
        graph(
            "Machines without data over time",
            "Rising after a restart of routers: recreate them. A step of one: that machine.",
            {"{{zone}}": total(_seen("instances_incomplete"), "zone")},
            unit="short",
            size=(24, 7),
        ),
    ),
)

LOG = Row(
    title="management-server.log",
    collapsed=True,
    panels=(
        table(
            "Complaints now",
            "What do management servers repeat? The issue tells which findings to look at. Runbook"
            " CloudStackNetManagementServerComplains.",
            (
                judged(
                    "Too many in 15 min", metric("management_log_complaints"), "management_server", "issue", "signature"
                ),
            ),
            size=(12, 9),
        ),
        table(
            "Logs",
            "Is each log written, and does the exporter read all of it?",
            (
                judged("Silent", metric("management_log_silent_seconds"), "management_server", unit="s"),
                judged("Still to be read", metric("management_log_behind_bytes"), "management_server", unit="bytes"),
                judged("Parts lost", metric("management_log_losses_total"), "management_server"),
            ),
            size=(12, 9),
        ),
        graph(
            "Messages by kind",
            "Since when does it complain, and of what? Kinds that healthy clouds write now and then are here too.",
            {"{{management_server}} {{signature}}": _logged("increase", "messages", "15m", "signature") + " > 0"},
            unit="short",
        ),
        graph(
            "Warnings and errors",
            "A step up after a change of CloudStack or of the network is worth a look at the kinds beside.",
            {"{{management_server}} {{level}}": _logged("rate", "levels", "$__rate_interval", "level")},
            unit="cps",
        ),
        graph(
            "Errors of no known kind",
            "Which classes write errors that nothing above explains?",
            {"{{management_server}} {{logger}}": _logged("increase", "unknown", "15m", "logger") + " > 0"},
            unit="short",
            size=(24, 8),
        ),
    ),
)

ROWS = (NOW, ROUTERS, SERVICE, HEALTH, LOG)
