"""Rows about templates as CloudStack knows them (issue 8)."""

from __future__ import annotations

from dashboards.src.board import Row
from dashboards.src.metrics import metrics_of
from dashboards.src.panels import Column, graph, judged, seen, stat, table
from dashboards.src.style import WARNING, steps
from exporter.model import Issue

BOARD = "csnet-templates"
metric = metrics_of(Issue.TEMPLATES)


def _seen(name: str, *extra: str) -> str:
    return seen(metric(name), *extra)


NOW = Row(
    title="Templates now",
    panels=(
        stat(
            "Not ready",
            "Templates whose download failed or stands still. If orange: runbook CloudStackNetTemplatesNotReady.",
            f"sum({_seen('not_ready')})",
            thresholds=steps((1, WARNING)),
        ),
        stat(
            "Standing still",
            "Those of them that do not get on, or that nobody downloads: look at the secondary storage VM first.",
            f"sum({_seen('stuck')})",
            thresholds=steps((1, WARNING)),
        ),
        stat("Downloading", "Templates that are on their way and get on.", f"sum({_seen('downloading')})"),
    ),
)

READY = Row(
    title="Ready and known",
    panels=(
        table(
            "Not ready by zone",
            "In which zones do templates fail, and how many are on their way?",
            (
                judged("Not ready", metric("not_ready"), "zone"),
                judged("Standing still", metric("stuck"), "zone"),
                judged("Downloading", metric("downloading"), "zone"),
            ),
            size=(8, 8),
        ),
        table(
            "Not ready by name",
            "Which templates are not ready? The findings page says why.",
            (judged("Ready", metric("ready"), "zone", "template"),),
            size=(8, 8),
        ),
        graph(
            "Errors by meaning",
            "One meaning for many templates: the way to the web server or secondary storage. One template: its URL.",
            {"{{zone}} {{error}}": f"sum by (zone, error) ({_seen('errors')}) > 0"},
            unit="short",
            size=(8, 8),
        ),
        table(
            "Templates",
            "What templates are there, and where does each come from? Made here: from a machine of this cloud.",
            (Column(heading="Seen", expr=_seen("info")),),
            hide=("job", "instance", "Value"),
            size=(24, 9),
        ),
    ),
)

ROWS = (NOW, READY)
