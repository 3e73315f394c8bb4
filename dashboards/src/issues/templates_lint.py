"""Rows about template images, read before anybody uploads them (issue 8)."""

from __future__ import annotations

from dashboards.src.board import Row
from dashboards.src.metrics import metrics_of
from dashboards.src.panels import Column, above, judged, seen, stat, table, total
from dashboards.src.style import WARNING, steps
from exporter.model import Issue

BOARD = "csnet-templates"
metric = metrics_of(Issue.TEMPLATES)


def _seen(name: str, *extra: str) -> str:
    return seen(metric(name), *extra)


IMAGES = Row(
    title="Template images",
    collapsed=True,
    panels=(
        stat(
            "Images with flaws",
            "Images below templates.directory that break guests. If orange: runbook CloudStackNetTemplateImageFlawed.",
            above(_seen("image_flaws")),
            thresholds=steps((1, WARNING)),
        ),
        stat(
            "Unread",
            "Images of which nothing is known. If orange: runbook CloudStackNetTemplateImagesUnread.",
            total(_seen("images_unread")),
            thresholds=steps((1, WARNING)),
        ),
        stat("Waiting", "Images whose turn has not come; one is read at a time.", total(_seen("images_waiting"))),
        table(
            "Images",
            "Which images break their guests, and how badly? Hints are of severity low or info.",
            (
                Column(heading="Seen", expr=f"max by (image, format, system) ({_seen('image_info')})"),
                judged("Flaws", metric("image_flaws"), "image"),
                judged("Hints", metric("image_hints"), "image"),
            ),
            hide=("Value #A",),
            size=(12, 9),
        ),
        table(
            "Broken rules",
            "Which rules? docs/template-lint.md says what each breaks; the findings page has files and remedies.",
            (Column(heading="Broken", expr=_seen("image_flaw")),),
            hide=("job", "instance", "Value"),
            size=(12, 9),
        ),
    ),
)

ROWS = (IMAGES,)
