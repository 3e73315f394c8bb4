"""Panels as plain data: one function per kind, every convention in one place.

A panel here has no id and no place yet; the board gives both. ``size`` is (width, height) in grid units.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from string import ascii_uppercase
from typing import Any

from dashboards.src.style import EMPTY, NO_DATA, OK, Json, steps, verdict
from exporter.model import Metric

SOURCE = {"type": "prometheus", "uid": "${datasource}"}
SLOW_COUNTERS = "10m"
"""The least span of a rate over what hosts count: it is read each second visit, and over less a rate is all steps."""
ZONES = 'zone=~"$zone|"'
"""The chosen zones, and what belongs to no zone because it serves them all: management servers, the database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A panel without a place."""

    body: Json
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One PromQL query of a panel."""

    expr: str
    legend: str = ""
    instant: bool = True
    as_table: bool = False

    def target(self, number: int) -> Json:
        """Return it as Grafana's target."""
        return {
            "datasource": SOURCE,
            "editorMode": "code",
            "expr": self.expr,
            "format": "table" if self.as_table else "time_series",
            "instant": self.instant,
            "legendFormat": self.legend or "__auto",
            "range": not self.instant,
            "refId": _ref(number),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table: what is asked, and its heading.

    Attributes:
        settings: Grafana field settings: unit, mappings, thresholds, links.
        coloured: whether the cell's background shows the verdict.
    """

    heading: str
    expr: str
    settings: Json = field(default_factory=dict)
    coloured: bool = False


def selector(metric: str, *extra: str, by: Iterable[str] = ("job", "instance", "zone")) -> str:
    """Return the metric with the board's variables as matchers."""
    matchers = [f'{label}=~"${label}"' for label in by]
    return f"{metric}{{{','.join([*matchers, *extra])}}}"


def seen(metric: Metric, *extra: str) -> str:
    """Return the metric with those of the board's variables that it has: what serves all zones belongs to none."""
    by = ("job", "instance", "zone") if "zone" in metric.labels else ("job", "instance")
    return selector(metric.name, *extra, by=by)


def once(expr: str) -> str:
    """Return the greatest of what the exporters of a job say of one object: twins see the same."""
    return f"max without (instance) ({expr})"


def total(expr: str, *by: str) -> str:
    """Return the sum over all objects, each counted once."""
    per = f" by ({', '.join(by)}) " if by else ""
    return f"sum{per}({once(expr)})"


def totals(*exprs: str) -> str:
    """Return the sum over several metrics; one of which nothing is told does not hide what the others tell."""
    parts = (f'label_replace({once(expr)}, "part", "{number}", "", "")' for number, expr in enumerate(exprs))
    return f"sum({' or '.join(parts)})"


def failing(expr: str) -> str:
    """Return how many are 0, by any exporter of a job; 0 when all are well and nothing when none was judged."""
    least = f"min without (instance) ({expr})"
    return f"count({least} == 0) or (0 * count({least}))"


def above(expr: str) -> str:
    """Return how many are above 0; 0 when all are well and nothing when none was judged."""
    return f"count({once(expr)} > 0) or (0 * count({once(expr)}))"


def objects(verdict: str, *extra: str, by: Iterable[str] = ("job", "instance", "zone")) -> str:
    """Return how many objects have a verdict. What one exporter of a job has judged is not unknown."""
    seen = selector("cloudstack_network_issue_objects", *extra, f'verdict="{verdict}"', by=by)
    return f"sum(min without (instance) ({seen}))" if verdict == "unknown" else total(seen)


def last_seen(*labels: str, by: Iterable[str] = ("job", "instance")) -> str:
    """Return when targets last answered, the newest by ``labels``; since the exporter runs where none ever has."""
    success = selector("cloudstack_network_exporter_target_last_success_timestamp_seconds", ZONES, by=by)
    silent = selector("cloudstack_network_exporter_target_up", ZONES, by=by)
    start = selector("process_start_time_seconds", by=by)
    per = f"max by ({', '.join(labels)})"
    return f"({per} ({success}) or {per} (({silent} == 0) + on (job, instance) group_left () {start}))"


def _ref(number: int) -> str:
    return ascii_uppercase[number]


def _panel(
    kind: str, title: str, description: str, size: tuple[int, int], queries: Iterable[Query], **more: Any
) -> Panel:
    body = {
        "type": kind,
        "title": title,
        "description": description,
        "datasource": SOURCE,
        "targets": [query.target(number) for number, query in enumerate(queries)],
        **more,
    }
    return Panel(body=body, width=size[0], height=size[1])


def stat(title: str, description: str, expr: str, *, size: tuple[int, int] = (4, 4), **settings: Any) -> Panel:
    """Return one number or word on a coloured ground; ``settings`` are Grafana field settings."""
    defaults = {"mappings": [EMPTY], "noValue": NO_DATA, "thresholds": steps(), "unit": "short", **settings}
    options = {
        "colorMode": "background",
        "graphMode": "none",
        "justifyMode": "center",
        "orientation": "auto",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "text": {"titleSize": 16, "valueSize": 28},
        "textMode": "value",
        "wideLayout": True,
    }
    return _panel(
        "stat", title, description, size, [Query(expr=expr)],
        options=options, fieldConfig={"defaults": {**defaults, "color": {"mode": "thresholds"}}, "overrides": []},
    )  # fmt: skip


def history(
    title: str, description: str, rows: dict[str, str], *, size: tuple[int, int] = (24, 9), mappings: list[Json]
) -> Panel:
    """Return a status history: one row per legend, one box per interval, gaps visible."""
    defaults = {
        "color": {"mode": "thresholds"},
        "custom": {"fillOpacity": 90, "lineWidth": 1},
        "mappings": mappings,
        "noValue": NO_DATA,
        "thresholds": steps(),
        "unit": "short",
    }
    options = {
        "colWidth": 0.9,
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": False},
        "rowHeight": 0.9,
        "showValue": "never",
        "tooltip": {"mode": "single", "sort": "none"},
    }
    queries = [Query(expr=expr, legend=legend, instant=False) for legend, expr in rows.items()]
    return _panel(
        "status-history", title, description, size, queries,
        options=options, fieldConfig={"defaults": defaults, "overrides": []}, interval="1m", maxDataPoints=100,
    )  # fmt: skip


def graph(
    title: str,
    description: str,
    lines: dict[str, str],
    *,
    unit: str,
    size: tuple[int, int] = (12, 8),
    least: str = "",
    **settings: Any,
) -> Panel:
    """Return lines over time: legend -> expression; a gap in the data stays a gap.

    ``least`` is the least time between points, and with it the least span of a rate.
    """
    custom = {
        "drawStyle": "line",
        "fillOpacity": 0,
        "lineInterpolation": "stepAfter",
        "lineWidth": 1,
        "showPoints": "never",
        "spanNulls": False,
    }
    defaults = {
        "color": {"mode": "palette-classic"},
        "custom": custom,
        "mappings": [],
        "noValue": NO_DATA,
        "thresholds": steps(),
        "unit": unit,
        **settings,
    }
    options = {
        "legend": {"calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    queries = [Query(expr=expr, legend=legend, instant=False) for legend, expr in lines.items()]
    return _panel(
        "timeseries", title, description, size, queries,
        options=options, fieldConfig={"defaults": defaults, "overrides": []}, **({"interval": least} if least else {}),
    )  # fmt: skip


def table(
    title: str,
    description: str,
    columns: Iterable[Column],
    *,
    hide: Iterable[str] = (),
    size: tuple[int, int] = (24, 8),
) -> Panel:
    """Return a table of what the columns ask now, one row per set of labels."""
    every = tuple(columns)
    values = {f"Value #{_ref(number)}" if len(every) > 1 else "Value": one.heading for number, one in enumerate(every)}
    shape: list[Json] = [{"id": "merge", "options": {}}] if len(every) > 1 else []
    hidden = dict.fromkeys(("Time", "__name__", *hide), True)
    shape.append({"id": "organize", "options": {"excludeByName": hidden, "indexByName": {}, "renameByName": values}})
    defaults = {
        "color": {"mode": "thresholds"},
        "custom": {"align": "auto", "cellOptions": {"type": "auto"}, "inspect": False},
        "mappings": [],
        "noValue": NO_DATA,
        "thresholds": steps(),
        "unit": "short",
    }
    return _panel(
        "table", title, description, size, [Query(expr=one.expr, as_table=True) for one in every],
        options={"cellHeight": "sm", "footer": {"show": False}, "showHeader": True},
        fieldConfig={"defaults": defaults, "overrides": [_override(one) for one in every if one.settings]},
        transformations=shape,
    )  # fmt: skip


def _override(column: Column) -> Json:
    properties = [{"id": name, "value": value} for name, value in column.settings.items()]
    if column.coloured:
        properties.append({"id": "custom.cellOptions", "value": {"mode": "basic", "type": "color-background"}})
    return {"matcher": {"id": "byName", "options": column.heading}, "properties": properties}


def judged(heading: str, metric: Metric, *by: str, worst: str = "", unit: str = "short") -> Column:
    """Return a column that shows a metric per object, coloured by its own problem.

    The worst value of an object is taken: the least where 0 is the problem, else the greatest.
    """
    problem = metric.problem
    least = worst == "min" or (problem is not None and problem.promql("") == " == 0")
    expr = f"{'min' if least else 'max'} by ({', '.join(by)}) ({seen(metric)})"
    if problem is not None and problem.from_now:
        expr, unit = f"{expr} - time()", "s"
    return Column(heading=heading, expr=expr, settings={"unit": unit, **verdict(metric)}, coloured=problem is not None)


def plain(settings: Json | None = None) -> Json:
    """Return field settings for a count in which nothing is wrong."""
    return {"thresholds": steps(base=OK), **(settings or {})}
