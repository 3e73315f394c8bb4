"""Rows about password reset (issue 9)."""

from __future__ import annotations

from dashboards.src.board import Row
from dashboards.src.metrics import metrics_of
from dashboards.src.panels import Column, failing, graph, judged, selector, stat, table, total
from dashboards.src.style import CRITICAL, WARNING, steps
from exporter.model import Issue
from exporter.thresholds import PASSWORD_PENDING_SECONDS

BOARD = "csnet-tenants"
metric = metrics_of(Issue.PASSWORD_RESET)
ADDRESS = ("zone", "router", "address")


def _seen(name: str, *extra: str) -> str:
    return selector(metric(name).name, *extra)


NOW = Row(
    title="Password reset",
    panels=(
        stat(
            "Addresses without password service",
            "Guest addresses at which the password service does not answer. If red: runbook "
            "CloudStackNetPasswordServiceDown.",
            failing(_seen("daemon_up")),
            thresholds=steps((1, CRITICAL)),
        ),
        stat(
            "Addresses behind a closed port",
            "Guest addresses at which the router's firewall keeps guests from the password service.",
            failing(_seen("firewall_open")),
            thresholds=steps((1, CRITICAL)),
        ),
        stat(
            "Passwords waiting too long",
            "Passwords that running machines have not fetched. If orange: the template's reset script or DHCP client.",
            total(_seen("pending_overdue_passwords")),
            thresholds=steps((1, WARNING)),
        ),
        stat(
            "Oldest waiting password",
            "Since when the oldest password has been waiting for a machine that runs.",
            f"max({_seen('pending_oldest_seconds')})",
            unit="s",
            thresholds=steps((PASSWORD_PENDING_SECONDS, WARNING)),
        ),
        graph(
            "Waiting passwords",
            "Passwords on routers that running machines have not acknowledged; a few for minutes are normal.",
            {"waiting": total(_seen("pending_passwords")), "too long": total(_seen("pending_overdue_passwords"))},
            unit="short",
            size=(8, 4),
        ),
    ),
)

DETAIL = Row(
    title="Password reset in detail",
    collapsed=True,
    panels=(
        table(
            "Password service by address",
            "Does each address answer, and may guests reach it? The result says what became of the probe.",
            (
                judged("Answers", metric("daemon_up"), *ADDRESS),
                judged("Port open", metric("firewall_open"), *ADDRESS),
                Column(
                    heading="Seen",
                    expr=f"max by (zone, router, address, result) ({_seen('probe_info')})",
                ),
            ),
            hide=("Value #C",),
            size=(14, 8),
        ),
        table(
            "Password service in pairs",
            "Does exactly the primary serve passwords? If red: runbook CloudStackNetPasswordPairRoleWrong.",
            (judged("In role", metric("pair_in_role"), "zone", "pair"),),
            size=(10, 8),
        ),
        table(
            "Waiting the longest",
            "Which addresses do not fetch their password? Find the machine by its address, then its template.",
            (Column(heading="Waiting for", expr=_seen("pending_seconds"), settings={"unit": "s"}),),
            hide=("job", "instance"),
        ),
    ),
)

ROWS = (NOW, DETAIL)
