"""Rows about CloudStack's database (issue 2): what contradicts itself there, and what was left behind."""

from __future__ import annotations

from dataclasses import replace

from dashboards.src.board import Row
from dashboards.src.metrics import metrics_of
from dashboards.src.panels import Column, judged, once, selector, stat, table, total
from dashboards.src.style import WARNING, steps
from exporter.model import Issue
from exporter.thresholds import DATABASE_LEAKED_RATIO

BOARD = "csnet-hypervisors"
metric = metrics_of(Issue.HYPERVISOR_LINKS)
EVERYWHERE = ("job", "instance")
"""Variables that apply to what belongs to no zone."""


def _database(name: str) -> str:
    return selector(metric(name).name, by=EVERYWHERE)


def _by_check(heading: str, name: str, unit: str = "short") -> Column:
    """Return a column with a row per check of the database."""
    column = judged(heading, metric(name), "check", unit=unit)
    return replace(column, expr=f"max by (check) ({_database(name)})")


DATABASE = Row(
    title="Database",
    panels=(
        stat(
            "Inconsistent rows",
            "Rows of CloudStack's database that contradict others, whatever the zone. If orange: runbook "
            "CloudStackNetDatabaseInconsistent.",
            total(_database("database_inconsistencies")),
            thresholds=steps((1, WARNING)),
        ),
        stat(
            "Leaked addresses",
            "The largest share of management or control addresses that nobody uses and nobody gets. If orange: runbook "
            "CloudStackNetDatabaseAddressesLeaked.",
            f"max({_database('database_leaked_addresses_ratio')})",
            thresholds=steps((DATABASE_LEAKED_RATIO, WARNING)),
            unit="percentunit",
            min=0,
            max=1,
        ),
        stat(
            "Rows left behind",
            "Addresses, agents, work and locks of what is no more: runbook CloudStackNetDatabaseLeftovers.",
            total(_database("database_leftovers")),
        ),
        stat(
            "Checks that could run",
            "Checks of the database with a verdict; fewer than usual: the findings page says what could not be asked.",
            f"count({once(_database('database_inconsistencies'))}) + count({once(_database('database_leftovers'))})",
        ),
        table(
            "Inconsistencies",
            "Which check finds how many rows, of all zones? The findings page names them.",
            (_by_check("Rows", "database_inconsistencies"),),
            size=(12, 8),
        ),
        table(
            "Leftovers",
            "What was left behind, and which share of their pool leaked addresses are.",
            (
                _by_check("Rows", "database_leftovers"),
                _by_check("Share", "database_leaked_addresses_ratio", unit="percentunit"),
            ),
            size=(12, 8),
        ),
    ),
)

ROWS = (DATABASE,)
