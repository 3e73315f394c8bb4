"""Templates that are not ready: their download failed, or does not get on.

Symptom: the template is not offered when a machine is made, or machines of it do not start in one zone.
Detect:  listTemplates: not ready with a download in error, at the same percentage for an hour, or not begun for a
         quarter of an hour. A ready copy in one store suffices; what the zone never downloads is left out.
Fix:     the text of the error says why; mend it, delete the template and register it again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from exporter.checks.templates.error_texts import ErrorClass, error_class, is_error, shown
from exporter.checks.templates.remedies import BY_ERROR, REGISTER_AGAIN, SEE_SSVM
from exporter.checks.templates.wanted import wanted
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.cloud.storage import Template
from exporter.model import Answers, Check, GroupJudge, Metric, Samples, above
from exporter.thresholds import ROWS_PER_TARGET, TEMPLATE_STUCK_SECONDS, TEMPLATE_WAITING_SECONDS

FAILED = frozenset({"DOWNLOAD_ERROR", "ABANDONED", "UPLOAD_ERROR", "UNKNOWN"})
MOVING = frozenset({"DOWNLOAD_IN_PROGRESS", "UPLOAD_IN_PROGRESS"})
WAITING = "NOT_DOWNLOADED"

NOT_READY = Metric(
    "cloudstack_network_templates_not_ready",
    "Templates of the zone whose download failed or does not get on, from listTemplates.",
    labels=("zone",),
    problem=above(0),
    follows=("cloudstack_network_host_connectivity_zone_secondary_storage_served",),
)
STUCK = Metric(
    "cloudstack_network_templates_stuck",
    "Those of them that stand at one percentage for an hour, or whose download nobody begins.",
    labels=("zone",),
)
COMING = Metric(
    "cloudstack_network_templates_downloading",
    "Templates of the zone that are on their way and get on, from listTemplates.",
    labels=("zone",),
)
READY = Metric(
    "cloudstack_network_templates_ready",
    "Whether a template is ready in the zone; only those are named whose download failed or stands still.",
    labels=("zone", "template"),
)
ERRORS = Metric(
    "cloudstack_network_templates_errors",
    "Templates of the zone whose download failed, by what the text of the error means.",
    labels=("zone", "error"),
)


@dataclass(frozen=True, slots=True)
class Failing:
    """A template that is not ready and will not be by itself; without ``error`` it is stuck."""

    template: Template
    error: ErrorClass | None
    seen: str
    remedy: str


def judge(group: ZoneGroup, members: Mapping[Any, Answers], cloud: Cloud) -> Samples:
    """Count what fails and what comes, and name the first of what fails."""
    missing = [one for one in wanted(cloud, group.id) if not one.is_ready]
    failing = [found for one in missing if (found := _failing(one, members[group]))]
    stuck = sum(one.error is None for one in failing)
    seen = "; ".join(f"{one.template.name}: {one.seen}" for one in failing[:3])
    first = failing[0].remedy if failing else ""
    yield NOT_READY.sample(group.zone, value=len(failing), seen=seen, expected="0", remedy=first)
    yield STUCK.sample(group.zone, value=stuck)
    yield COMING.sample(group.zone, value=len(missing) - len(failing))
    errors = Counter(one.error for one in failing)
    for error in ErrorClass:
        yield ERRORS.sample(group.zone, error.value, value=errors[error])
    for one in failing[:ROWS_PER_TARGET]:
        yield READY.sample(group.zone, one.template.name, value=0)


def _failing(template: Template, memory: Answers) -> Failing | None:
    """Return why a template that is not ready will not be; None while its download gets on.

    One copy that moves is enough, whatever has become of the others.
    """
    states = {copy.state.upper() for copy in template.downloads}
    has_failed = bool(states & FAILED) if states else is_error(template.status)
    if has_failed and not states & MOVING:
        error = error_class(template.status)
        return Failing(template, error, f"{error}: {shown(template.status) or 'no text'}", BY_ERROR[error])
    seconds = memory.held("stands", template.id, *_standing(template)).seconds
    if states & MOVING or (not states and "% downloaded" in template.status.casefold()):
        is_stuck, seen, remedy = seconds >= TEMPLATE_STUCK_SECONDS, "stands still", REGISTER_AGAIN
    else:
        is_stuck = WAITING in states and seconds >= TEMPLATE_WAITING_SECONDS
        seen, remedy = "nobody downloads it", SEE_SSVM
    text = f"{seen} for {seconds / 60:.0f} min: {shown(template.status) or 'no text'}"
    return Failing(template, None, text, remedy) if is_stuck else None


def _standing(template: Template) -> tuple[str, ...]:
    """Return where the copies of a template stand; it changes as soon as one of them gets on."""
    return (template.status, *(f"{copy.store} {copy.state} {copy.percent}" for copy in template.downloads))


CHECK = Check(
    title="Templates that are not ready",
    metrics=(NOT_READY, STUCK, COMING, READY, ERRORS),
    remedies=(REGISTER_AGAIN, SEE_SSVM),
    groups=(GroupJudge(ZoneGroup, judge, remembers=True),),
    reads=("listTemplates",),
)
