"""Templates that are not ready: their download failed, or does not get on.

Symptom: the template is not offered when a machine is made, or machines of it do not start in one zone.
Detect:  listTemplates: not ready with a download in error, at the same percentage for an hour, not begun for a quarter
         of an hour, or unfinished for hours. A ready copy in one store suffices; what the zone never downloads is left
         out. A private one with a wrong URL is told apart: only its owner misses it. So is one that comes from where
         nobody gets to: another check counts those as blocked.
Fix:     the text of the error says why; mend it, delete the template and register it again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

from exporter.checks.templates.concern import OF_URLS, is_common
from exporter.checks.templates.error_texts import (
    FAILED_STATES,
    UPLOADS_FAILED,
    ErrorClass,
    error_class,
    is_error,
    shown,
    state_word,
)
from exporter.checks.templates.remedies import BY_ERROR, REGISTER_AGAIN, SEE_LOGS, SEE_SSVM, TELL_OWNER
from exporter.checks.templates.sites import OF_STORAGE, blocked, sites
from exporter.checks.templates.wanted import wanted
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.cloud.storage import Template
from exporter.cloud.targets import SecondaryStorageVmTarget
from exporter.cloud.wanted import missed
from exporter.model import Answers, Check, GroupJudge, Metric, Sample, Samples, above
from exporter.questions.system_vms.storage_ways import SSVM_REACH
from exporter.thresholds import (
    ROWS_PER_TARGET,
    TEMPLATE_STUCK_SECONDS,
    TEMPLATE_UNFINISHED_SECONDS,
    TEMPLATE_UPLOAD_SECONDS,
    TEMPLATE_WAITING_SECONDS,
)

FAILED = frozenset({"DOWNLOAD_ERROR", "ABANDONED", "UPLOAD_ERROR", "UNKNOWN"})
GIVEN_UP = frozenset({"ABANDONED", "UPLOAD_ERROR"})
"""What becomes of uploads alone: nobody sent the file, or its owner has no space left."""
MOVING = frozenset({"DOWNLOAD_IN_PROGRESS", "UPLOAD_IN_PROGRESS"})
WAITING = "NOT_DOWNLOADED"
EXPECTED = "NOT_UPLOADED"

NOT_READY = Metric(
    "cloudstack_network_templates_not_ready",
    "Templates of the zone whose download failed or stands still, and that others miss; not those that are blocked.",
    labels=("zone",),
    problem=above(0),
    follows=("cloudstack_network_host_connectivity_zone_secondary_storage_served",),
)
PRIVATE = Metric(
    "cloudstack_network_templates_private_not_ready",
    "Private templates of the zone whose own URL, file or upload failed or stands still: a matter of their owners.",
    labels=("zone",),
    problem=above(0),
)
STUCK = Metric(
    "cloudstack_network_templates_stuck",
    "Those not ready that no longer get on: at one percentage for an hour, not begun, or unfinished for hours.",
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
    """A template that is not ready and will not be by itself; without ``error`` it is stuck.

    ``may_be_owners``: a wrong URL or file, a slow server, or an upload that was given up, may be why.
    """

    template: Template
    error: ErrorClass | None
    seen: str
    remedy: str
    may_be_owners: bool = False


def judge(group: ZoneGroup, members: Mapping[Any, Answers], cloud: Cloud) -> Samples:
    """Count what fails and what comes, and name the first of what fails."""
    missing = [one for one in wanted(cloud, group.id) if not one.is_ready]
    failing = [found for one in missing if (found := _failing(one, members[group]))]
    cut_off = {one.id for site in blocked(sites(group.id, members, cloud), cloud) for one in site.templates}
    elsewhere = [one for one in failing if one.template.id in cut_off and one.error not in OF_STORAGE]
    told = [one for one in failing if one.template.id not in cut_off or one.error in OF_STORAGE]
    own = _owners(told, cloud)
    ours = [one for one in told if one.template.id not in own]
    theirs = [one for one in told if one.template.id in own]
    yield _count(NOT_READY, group, ours, ours[0].remedy if ours else "")
    yield _count(PRIVATE, group, theirs, TELL_OWNER)
    yield STUCK.sample(group.zone, value=sum(one.error is None for one in failing))
    yield COMING.sample(group.zone, value=len(missing) - len(failing))
    errors = Counter(one.error for one in failing)
    for error in ErrorClass:
        yield ERRORS.sample(group.zone, error.value, value=errors[error])
    for one in (*ours, *elsewhere, *theirs)[:ROWS_PER_TARGET]:
        yield READY.sample(group.zone, one.template.name, value=0)


def _owners(failing: list[Failing], cloud: Cloud) -> frozenset[str]:
    """Return the ids of the templates that are a matter of their owners alone."""
    theirs = [one for one in failing if one.may_be_owners]
    causes = (*OF_URLS, None)  # None: they stand still
    alike = {error for error in causes if is_common((one.template for one in theirs if one.error is error), cloud.at)}
    own = frozenset(one.template.id for one in theirs if one.error not in alike)
    return own - missed(cloud, (one.template for one in theirs))


def _count(metric: Metric, group: ZoneGroup, failing: list[Failing], remedy: str) -> Sample:
    words = [f"{one.template.name}{_of(one.template)}: {one.seen}" for one in failing[:3]]
    return metric.sample(group.zone, value=len(failing), seen="; ".join(words), expected="0", remedy=remedy)


def _of(template: Template) -> str:
    """Return whose template it is, in words."""
    return f" of {template.owner}" if template.owner else ""


def _failing(template: Template, memory: Answers) -> Failing | None:
    """Return why a template that is not ready will not be; None while its download gets on.

    One copy that moves is enough, whatever has become of the others.
    """
    states, word = {copy.state.upper() for copy in template.downloads}, state_word(template.status)
    has_failed = word in FAILED_STATES or (bool(states & FAILED) if states else is_error(template.status))
    if has_failed and not states & MOVING:
        error = error_class(template.status)
        may_be_owners = error in OF_URLS or word in UPLOADS_FAILED or bool(states & GIVEN_UP)
        seen = f"{error}: {shown(template.status) or 'no text'}"
        return Failing(template, error, seen, BY_ERROR[error], may_be_owners)
    seconds = memory.held("stands", template.id, *_standing(template)).seconds
    patience = _patience(states, word)
    text = f"{patience.why} for {seconds / 60:.0f} min: {shown(template.status) or 'no text'}"
    failing = Failing(template, None, text, patience.remedy, patience.may_be_owners)
    return failing if seconds >= patience.seconds else None


@dataclass(frozen=True, slots=True)
class Patience:
    """For how many seconds a template may stand where it stands; what is said and done after that."""

    seconds: int
    why: str
    remedy: str
    may_be_owners: bool = False


def _patience(states: Set[str], word: str) -> Patience:
    """Return it; a slow web server, or a browser that was closed, holds up what one owner alone misses."""
    if states & MOVING or (not states and "% downloaded" in word):
        return Patience(TEMPLATE_STUCK_SECONDS, "stands still", REGISTER_AGAIN, may_be_owners=True)
    if WAITING in states:
        return Patience(TEMPLATE_WAITING_SECONDS, "nobody downloads it", SEE_SSVM)
    if EXPECTED in states or (not states and word == "notuploaded"):
        why = "nobody uploads it, and it is not given up"
        return Patience(TEMPLATE_UPLOAD_SECONDS, why, SEE_SSVM, may_be_owners=True)
    return Patience(TEMPLATE_UNFINISHED_SECONDS, "is not finished", SEE_LOGS)


def _standing(template: Template) -> tuple[str, ...]:
    """Return where the copies of a template stand; it changes as soon as one of them gets on."""
    return (template.status, *(f"{copy.store} {copy.state} {copy.percent}" for copy in template.downloads))


CHECK = Check(
    title="Templates that are not ready",
    metrics=(NOT_READY, PRIVATE, STUCK, COMING, READY, ERRORS),
    remedies=(REGISTER_AGAIN, SEE_SSVM, SEE_LOGS, TELL_OWNER),
    groups=(GroupJudge(ZoneGroup, judge, {SecondaryStorageVmTarget: (SSVM_REACH,)}, remembers=True),),
    reads=("listTemplates",),
    judges_cloud=True,
)
