"""Rows about the guests of templates, as their routers see them (issue 8)."""

from __future__ import annotations

from dashboards.src.board import Row
from dashboards.src.metrics import metrics_of
from dashboards.src.panels import graph, judged, seen, stat, table, total
from dashboards.src.style import WARNING, steps
from exporter.model import Issue

BOARD = "csnet-templates"
metric = metrics_of(Issue.TEMPLATES)
TEMPLATE = ("zone", "template")
ROUTER = ("zone", "router")
KNOWN = 'state!="unknown"'


def _seen(name: str, *extra: str) -> str:
    return seen(metric(name), *extra)


GUESTS = Row(
    title="Guests by template",
    panels=(
        stat(
            "Templates suspected",
            "Templates whose machines do not come up. If orange: runbook CloudStackNetTemplateGuestsSilent.",
            total(_seen("suspected")),
            size=(6, 4),
            thresholds=steps((1, WARNING)),
        ),
        stat(
            "Routers that hear nobody",
            "Routers all of whose machines are silent. If orange: runbook CloudStackNetRouterGuestsSilent.",
            total(_seen("router_silent")),
            size=(6, 4),
            thresholds=steps((1, WARNING)),
        ),
        stat(
            "Machines without an address",
            "Machines that their router does not know or answer. If orange: runbook CloudStackNetRouterGuestsUnserved.",
            total(_seen("router_unserved_guests")),
            size=(6, 4),
            thresholds=steps((1, WARNING)),
        ),
        stat(
            "Machines known",
            "Running machines of which their routers could tell anything; 0 means that nobody looks.",
            total(_seen("guests", KNOWN)),
            size=(6, 4),
        ),
        table(
            "Templates by their machines",
            "Do the machines of a template come up, fetch their password and read their metadata?",
            (
                judged("Suspected", metric("suspected"), *TEMPLATE),
                judged("Silent", metric("silent_ratio"), *TEMPLATE, unit="percentunit"),
                judged("Password never asked", metric("passwords_unfetched_ratio"), *TEMPLATE, unit="percentunit"),
                judged("Metadata never read", metric("metadata_unread_ratio"), *TEMPLATE, unit="percentunit"),
            ),
            size=(16, 9),
        ),
        table(
            "Routers by their machines",
            "Does a router hear its machines, know them all, and do they read their metadata there?",
            (
                judged("Hears nobody", metric("router_silent"), *ROUTER),
                judged("Not served", metric("router_unserved_guests"), *ROUTER),
                judged("Metadata never read", metric("router_unread_guests"), *ROUTER),
            ),
            size=(8, 9),
        ),
        graph(
            "Machines by state",
            "Unknown: too young, or a log that does not reach back to their start. Silent: nobody ever heard them.",
            {"{{state}}": total(_seen("guests"), "state")},
            unit="short",
            size=(12, 8),
        ),
        graph(
            "Silence by origin",
            "Are templates from elsewhere more often silent than those that were made here?",
            {"{{zone}} {{origin}}": f"max by (zone, origin) ({_seen('silent_ratio_by_origin')})"},
            unit="percentunit",
            min=0,
            max=1,
            size=(12, 8),
        ),
    ),
)

ROWS = (GUESTS,)
