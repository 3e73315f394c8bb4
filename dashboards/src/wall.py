"""The wall: what is broken, where, since when, and is the monitoring itself alive?

Ten tiles in the talk's order at fixed places, read from the same alerts as the pager. Everything fits one
screen of 28 grid rows without scrolling; a tile without data is grey, never blue.
"""

from __future__ import annotations

from alerts.recorded import STATE
from alerts.rules import board as board_of
from dashboards.src.board import Board, Row
from dashboards.src.metrics import checked
from dashboards.src.panels import ZONES, Column, Panel, history, last_seen, objects, selector, stat, table
from dashboards.src.style import CRITICAL, OK, UNKNOWN, WARNING, Json, states, steps, words
from exporter.findings import TITLES
from exporter.model import Issue
from exporter.thresholds import SHORTEST_INTERVAL_SECONDS

BY = ("job", "zone")
SOURCE_PARAMETER = "${datasource:queryparam}&${__url_time_range}"


def _firing(severities: str) -> str:
    """Return firing alerts of this bundle; the absence of every exporter has no job, so none is asked for too."""
    return f'ALERTS{{job=~"$job|",alertname=~"CloudStackNet.+",alertstate="firing",severity=~"{severities}"}}'


def _alerts(severity: str) -> str:
    alive = selector("cloudstack_network_exporter_build_info", by=("job",))
    return f"count({_firing(severity)}) or (0 * count({alive}))"


def _state(issue: Issue) -> str:
    state = selector(STATE, f'issue="{issue.value}"', ZONES, by=("job",))
    return f"max({state})"


def _tile(number: int, issue: Issue) -> Panel:
    links: list[Json] = [
        {"targetBlank": False, "title": "Details", "url": f"/d/{board_of(issue.value)}?{SOURCE_PARAMETER}"}
    ]
    missing = "no data" if issue in checked() else "no checks yet"
    return stat(
        f"{number} {TITLES[issue]}",
        f"The worst alert on {TITLES[issue].lower()} that is told to people. Grey: not enough can be judged. If not "
        "ok: follow the link, then the alert's runbook.",
        _state(issue),
        mappings=states(),
        noValue=missing,
        thresholds=steps(base=UNKNOWN),
        links=links,
    )


def _alive() -> Panel:
    """Return the tile that says whether this screen can be believed; one exporter of each job must see."""
    inventory = selector("cloudstack_network_exporter_inventory_up", by=("job",))
    vanished = 'ALERTS{job=~"$job|",alertname="CloudStackNetExporterAbsent"}'
    return stat(
        "Monitoring",
        "Is each job's exporter scraped and CloudStack's API read? Grey or not alive: believe no other tile.",
        f"min(max by (job) ({inventory}) or 0 * max by (job) ({vanished}))",
        mappings=words({1: ("alive", OK), 0: ("BLIND", CRITICAL)}),
        size=(6, 4),
    )


def _age() -> Panel:
    seen = last_seen("job", "kind", "zone", by=("job",))
    every = selector("cloudstack_network_exporter_interval_seconds", by=("job",))
    most = f"clamp_min(max by (job, kind) ({every}), {SHORTEST_INTERVAL_SECONDS})"
    return stat(
        "Data age in intervals",
        "The kind of target that a zone has heard of least recently, in its intervals. Above 3 nothing new comes in.",
        f"max((time() - {seen}) / on (job, kind) group_left () {most})",
        thresholds=steps((3, WARNING)),
        decimals=1,
        size=(6, 4),
    )


def _unjudged() -> Panel:
    return stat(
        "Not judged",
        "Objects without a verdict. Unknown is not healthy.",
        objects("unknown", ZONES, by=("job",)),
        thresholds=steps((1, UNKNOWN)),
        size=(6, 4),
    )


def _accepted() -> Panel:
    return stat(
        "Accepted",
        "Objects whose only problems the configuration accepts until a date.",
        objects("accepted", ZONES, by=("job",)),
        size=(6, 4),
    )


def _worst() -> Panel:
    return table(
        "Firing alerts",
        "Where to go first. Each alert has a runbook of its name.",
        (Column(heading="Seen", expr=_firing("critical|warning")),),
        hide=("Value", "job", "instance", "alertstate", "component"),
        size=(24, 6),
    )


def board() -> Board:
    """Return the board."""
    first, second = list(enumerate(Issue, start=1))[:5], list(enumerate(Issue, start=1))[5:]
    critical = stat(
        "Critical",
        "Tenants lose traffic, console or password now. Somebody must act.",
        _alerts("critical"),
        thresholds=steps((1, CRITICAL)),
    )
    warning = stat("Warning", "Work for office hours.", _alerts("warning"), thresholds=steps((1, WARNING)))
    tiles = (
        *(_tile(*one) for one in first), critical,
        *(_tile(*one) for one in second), warning,
        _alive(), _age(), _unjudged(), _accepted(),
    )  # fmt: skip
    rows = {f"{number} {TITLES[issue]}": _state(issue) for number, issue in enumerate(Issue, start=1)}
    since = history(
        "Last hours",
        "Since when, and does it flap? A gap is a time in which nobody looked.",
        rows,
        mappings=states(),
    )
    return Board(
        uid="csnet-wall",
        title="CloudStack network / Wall",
        description="What is broken, where, since when, and is the monitoring itself alive?",
        rows=(Row(panels=tiles), Row(panels=(since, _worst()))),
        variables=BY,
        since="now-3h",
        refresh="30s",
        timezone="utc",
        annotated=False,
    )
