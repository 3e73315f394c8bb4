"""Rows about templates as CloudStack knows them (issue 8)."""

from __future__ import annotations

from dashboards.src.board import Row
from dashboards.src.metrics import metrics_of
from dashboards.src.panels import Column, failing, graph, judged, seen, stat, table, total
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
            "Templates that many miss and that fail or stand still. If orange: runbook CloudStackNetTemplatesNotReady.",
            total(_seen("not_ready")),
            thresholds=steps((1, WARNING)),
        ),
        stat(
            "Standing still",
            "Those of them that do not get on, or that nobody downloads: look at the secondary storage VM first.",
            total(_seen("stuck")),
            thresholds=steps((1, WARNING)),
        ),
        stat("Downloading", "Templates that are on their way and get on.", total(_seen("downloading"))),
        stat(
            "Imports blocked",
            "Templates from where nobody can fetch them. If orange: runbook CloudStackNetTemplateImportsBlocked.",
            total(_seen("imports_blocked")),
            thresholds=steps((1, WARNING)),
        ),
        stat(
            "Zones without system template",
            "Nothing can be made again there. If orange: runbook CloudStackNetSystemTemplateMissing.",
            failing(_seen("system_ready")),
            thresholds=steps((1, WARNING)),
        ),
        stat(
            "Impossible formats",
            "Templates that their hypervisor cannot start. If orange: runbook CloudStackNetTemplateFormatImpossible.",
            total(_seen("format_impossible")),
            thresholds=steps((1, WARNING)),
        ),
    ),
)

READY = Row(
    title="Ready and known",
    panels=(
        table(
            "Not ready by zone",
            "In which zones do templates fail, and how many are on their way? Of one owner: his own URL or file.",
            (
                judged("Not ready", metric("not_ready"), "zone"),
                judged("Of one owner", metric("private_not_ready"), "zone"),
                judged("Standing still", metric("stuck"), "zone"),
                judged("Downloading", metric("downloading"), "zone"),
                judged("Impossible format", metric("format_impossible"), "zone"),
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
            {"{{zone}} {{error}}": f"{total(_seen('errors'), 'zone', 'error')} > 0"},
            unit="short",
            size=(8, 8),
        ),
        table(
            "Imports by zone",
            "How many templates cannot be had because there is no way to where they come from?",
            (judged("Blocked", metric("imports_blocked"), "zone"),),
            size=(8, 8),
        ),
        table(
            "Places of imports",
            "Do secondary storage VMs reach the places that templates which are not ready come from?",
            (judged("Reached", metric("import_site_reachable"), "zone", "site"),),
            size=(16, 8),
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

SYSTEM = Row(
    title="System VM templates",
    collapsed=True,
    panels=(
        table(
            "Ready by hypervisor",
            "Could a router or system VM be made again? If not, touch none of the zone.",
            (judged("Ready", metric("system_ready"), "zone", "hypervisor"),),
            size=(10, 8),
        ),
        table(
            "Machines by template",
            "Which templates do routers and system VMs run from? More than one after an upgrade: restart them.",
            (judged("Machines", metric("system_machines"), "zone", "template"),),
            size=(14, 8),
        ),
    ),
)

STORED = Row(
    title="Secondary storage against the database",
    collapsed=True,
    panels=(
        table(
            "Unknown directories by mount",
            "Does secondary storage hold directories that are no template's? Copied by hand, or left over.",
            (judged("Unknown", metric("unknown_directories"), "zone", "mount"),),
            size=(12, 8),
        ),
        table(
            "Unknown directories by name",
            "Which ones, as account/template? Runbook CloudStackNetTemplateDirectoriesUnknown.",
            (judged("Unknown", metric("unknown_directory"), "zone", "mount", "directory"),),
            size=(12, 8),
        ),
    ),
)

ROWS = (NOW, READY, SYSTEM, STORED)
