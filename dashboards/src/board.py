"""Boards: rows of panels, laid out from left to right, with the variables and links that all share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dashboards.src.panels import SOURCE, Panel
from dashboards.src.style import CRITICAL, UNKNOWN, Json

TAG = "cloudstack-network"
COLUMNS = 24
HOME = "cloudstack_network_exporter_build_info"
QUERIES = {
    "job": f"label_values({HOME}, job)",
    "instance": f'label_values({HOME}{{job=~"$job"}}, instance)',
    "zone": 'label_values(cloudstack_network_issue_objects{job=~"$job"}, zone)',
}
LABELS = {"job": "Exporter job", "instance": "Exporter", "zone": "Zone"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Panels under a heading; without one they stand free."""

    panels: tuple[Panel, ...]
    title: str = ""
    collapsed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """One dashboard."""

    uid: str
    title: str
    description: str
    rows: tuple[Row, ...]
    variables: tuple[str, ...] = ("job", "instance", "zone")
    since: str = "now-24h"
    refresh: str = "1m"
    timezone: str = ""
    annotated: bool = True

    def render(self) -> Json:
        """Return Grafana's classic model, which file provisioning of 9.3 and everything newer loads."""
        return {
            "annotations": {"list": marks() if self.annotated else []},
            "description": self.description,
            "editable": False,
            "fiscalYearStartMonth": 0,
            "graphTooltip": 1,
            "id": None,
            "links": _links(),
            "panels": _placed(self.rows),
            "refresh": self.refresh,
            "schemaVersion": 39,
            "tags": [TAG],
            "templating": {"list": [_source(), *(_variable(name) for name in self.variables)]},
            "time": {"from": self.since, "to": "now"},
            "timepicker": {},
            "timezone": self.timezone,
            "title": self.title,
            "uid": self.uid,
            "version": 1,
            "weekStart": "",
        }


def _placed(rows: Iterable[Row]) -> list[Json]:
    """Return the panels with ids and places; collapsed rows hold theirs inside."""
    found: list[Json] = []
    number, top = 1, 0
    for row in rows:
        head: Json | None = None
        if row.title:
            head = {
                "collapsed": row.collapsed,
                "gridPos": {"h": 1, "w": COLUMNS, "x": 0, "y": top},
                "id": number,
                "panels": [],
                "title": row.title,
                "type": "row",
            }
            number, top = number + 1, top + 1
        bodies, top_after = _flow(row.panels, number, top)
        number += len(bodies)
        top = top if row.collapsed else top_after
        if head is not None and row.collapsed:
            head["panels"] = bodies
            bodies = []
        found += ([head] if head else []) + bodies
    return found


def _flow(panels: Iterable[Panel], number: int, top: int) -> tuple[list[Json], int]:
    """Return panels from left to right, a new line where one is full, and the first free line below."""
    found: list[Json] = []
    left = height = 0
    for panel in panels:
        if left + panel.width > COLUMNS:
            top, left, height = top + height, 0, 0
        place = {"h": panel.height, "w": panel.width, "x": left, "y": top}
        found.append({**panel.body, "gridPos": place, "id": number + len(found)})
        left, height = left + panel.width, max(height, panel.height)
    return found, top + height


def _source() -> Json:
    return {
        "hide": 0,
        "includeAll": False,
        "label": "Data source",
        "multi": False,
        "name": "datasource",
        "options": [],
        "query": "prometheus",
        "refresh": 1,
        "regex": "",
        "type": "datasource",
    }


def _variable(name: str) -> Json:
    return {
        "allValue": ".+",
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
        "datasource": SOURCE,
        "definition": QUERIES[name],
        "hide": 0,
        "includeAll": True,
        "label": LABELS[name],
        "multi": True,
        "name": name,
        "options": [],
        "query": {"query": QUERIES[name], "refId": "StandardVariableQuery"},
        "refresh": 2,  # when the time range changes
        "regex": "",
        "sort": 1,
        "type": "query",
    }


def _links() -> list[Json]:
    return [
        {
            "asDropdown": True,
            "icon": "external link",
            "includeVars": True,
            "keepTime": True,
            "tags": [TAG],
            "targetBlank": False,
            "title": "CloudStack network",
            "type": "dashboards",
        }
    ]


def marks() -> list[Json]:
    """Return marks for critical alerts and for starts of the exporter."""
    return [
        _annotation(
            "Critical alerts",
            'ALERTS{alertname=~"CloudStackNet.+",alertstate="firing",severity="critical",job=~"$job"}',
            "{{alertname}} {{zone}}",
            CRITICAL,
        ),
        _annotation(
            "Exporter starts",
            'changes(process_start_time_seconds{job=~"$job"}[2m]) > 0 and on (job, instance) ' + HOME,
            "{{instance}}",
            UNKNOWN,
        ),
    ]


def _annotation(name: str, expr: str, title: str, colour: str) -> Json:
    return {
        "datasource": SOURCE,
        "enable": True,
        "expr": expr,
        "hide": False,
        "iconColor": colour,
        "name": name,
        "titleFormat": title,
    }
