"""From a metric's own problem to the PromQL of its alert.

An alert is made of two parts:

* the condition: the metric's problem, exactly as the findings page judges it, less accepted findings;
* the latch: the alert already fires, there is no verdict, and we cannot see. So an alert never
  resolves because a target, the API or the exporter cannot be asked; it does when a verdict is healthy
  again and when the object is gone from a fresh inventory.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import promql_parser

from alerts.recorded import BLIND, KNOWN, OBJECTS, SUBJECTS
from alerts.rows import Row, RowError
from exporter import thresholds
from exporter.checks import discover
from exporter.cloud.targets import TARGET_TYPES
from exporter.config import Intervals
from exporter.model import Check, Metric, Problem

INVENTORY = "inventory"
ACCEPTED = "cloudstack_network_finding_accepted"
ROUND_TO = 5  # minutes
DEFAULTS = Intervals()
"""What rules are made for when nobody says otherwise: the intervals of the example configuration."""
EVERYWHERE = frozenset(target.kind for target in TARGET_TYPES if getattr(target, "zone", None) == "")
"""Kinds of target that belong to no zone and serve all of them: their series have no such label."""
ROUNDS = {"database": 10}
"""Visits from one asking to the next, of kinds of target that are not asked everything each time."""
PAIR = "pair"
HALVES = ("(.+)[+].+", ".+[+](.+)")
"""The label of a redundant pair joins the names of its two routers by a plus sign."""
OBJECTS_NAMED = (*dict.fromkeys(SUBJECTS.values()), PAIR, "cluster", "system_vm", "template")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A metric with what its check says about where it comes from.

    Attributes:
        kinds: target kinds whose answers it is judged from, and ``inventory`` where the Cloud is judged.
        is_compared: whether its verdict rests on what several targets say, so that any of them can withhold it.
    """

    metric: Metric
    issue: str
    kinds: tuple[str, ...]
    is_compared: bool = False

    @property
    def identity(self) -> tuple[str, ...]:
        """Return the labels that name the alert's object: up to the machine or pair, else the zone alone."""
        labels = self.metric.labels
        last = max((labels.index(label) for label in OBJECTS_NAMED if label in labels), default=0)
        return labels[: last + 1]

    def names(self, kind: str) -> bool:
        """Return whether the alert's object is a target of this kind, or a pair of them."""
        return PAIR in self.identity or SUBJECTS[kind] in self.identity

    @property
    def targets(self) -> tuple[str, ...]:
        """Return the kinds of which the metric's labels name a target."""
        return tuple(kind for kind in self.kinds if SUBJECTS.get(kind) in self.metric.labels)


def judged() -> dict[str, Judged]:
    """Return every declared metric by name."""
    return {
        metric.name: Judged(
            metric=metric, issue=found.issue.value, kinds=_kinds(found.check), is_compared=bool(found.check.groups)
        )
        for found in discover()
        for metric in found.check.metrics
    }


def _kinds(check: Check) -> tuple[str, ...]:
    kinds = {target.kind for target in (*check.judges, *(need for group in check.groups for need in group.needs))}
    if check.judges_cloud or any(not group.needs for group in check.groups):
        kinds.add(INVENTORY)
    return tuple(sorted(kinds))


def problem(row: Row, metric: Metric) -> Problem:
    """Return the problem that the alert is about: the metric's own, or the same with the row's limit.

    Raises:
        RowError: the metric is a plain fact, or there is no such threshold.
    """
    if metric.problem is None:
        message = f"{row.alert}: {metric.name} declares no problem"
        raise RowError(message)
    if not row.limit:
        return metric.problem
    if not hasattr(thresholds, row.limit):
        message = f"{row.alert}: exporter/thresholds.py has no {row.limit}"
        raise RowError(message)
    return replace(metric.problem, limit=getattr(thresholds, row.limit))


def time_to_live(kinds: tuple[str, ...], intervals: Intervals = DEFAULTS) -> int:
    """Return the minutes after which a verdict of these kinds is no longer shown."""
    longest: float = max(ROUNDS.get(kind, 1) * getattr(intervals, kind) for kind in kinds)
    return math.ceil((2 * longest + intervals.deadline) / 60)


def cold_round(kinds: tuple[str, ...], intervals: Intervals = DEFAULTS) -> int:
    """Return the minutes from a start until every target was visited: the inventory, a phase, a visit.

    What is not asked each time is also judged from two answers, so that it takes a round more.
    """
    visits: list[float] = [
        ROUNDS.get(kind, 1) * getattr(intervals, kind) + intervals.deadline for kind in kinds if kind != INVENTORY
    ]
    return math.ceil((intervals.deadline + max(visits, default=0.0)) / 60)


def keep_firing(kinds: tuple[str, ...], intervals: Intervals = DEFAULTS) -> int:
    """Return the minutes an alert outlasts its condition: time to live and cold round, rounded up."""
    return math.ceil((time_to_live(kinds, intervals) + cold_round(kinds, intervals)) / ROUND_TO) * ROUND_TO


def patience(kinds: tuple[str, ...], intervals: Intervals = DEFAULTS) -> int:
    """Return the least minutes that a condition must hold: two looks."""
    longest: float = max(getattr(intervals, kind) for kind in kinds)
    return math.ceil(2 * longest / 60)


def expression(row: Row, metrics: tuple[Judged, ...]) -> str:
    """Return the alert's expression, laid out for reading.

    Raises:
        RowError: the metrics do not share the labels that name their object.
    """
    identity = metrics[0].identity
    if any(one.identity != identity for one in metrics):
        message = f"{row.alert}: its metrics do not name their object with the same labels"
        raise RowError(message)
    by = ", ".join(("job", *identity))
    conditions = [_condition(row, one, by) for one in metrics]
    return pretty(" or ".join([*conditions, _latch(row, metrics, by)]))


def pretty(promql: str) -> str:
    """Return the expression as Prometheus itself lays it out."""
    return str(promql_parser.parse(promql).prettify())


def _condition(row: Row, one: Judged, by: str) -> str:
    wrong = problem(row, one.metric).promql(one.metric.name)
    labels = ", ".join(f'"{label}"' for label in one.metric.labels)
    finding = f'label_join({wrong}, "finding", "/", {labels})'
    return f'max by ({by}) ({finding} unless on (job, finding) {ACCEPTED}{{metric="{one.metric.name}"}})'


def _latch(row: Row, metrics: tuple[Judged, ...], by: str) -> str:
    """Return: it fires, a verdict is missing, and we cannot see.

    That is: the target does not answer; or it is there, and in its zone something has no verdict (one
    question may fail alone); or the inventory is blind. A verdict that others can withhold is awaited for a day:
    one dead machine among five hundred would else keep an alert for good that was mended long ago.
    """
    firing = f'ALERTS{{alertname="{row.alert}",alertstate="firing"}}'
    verdict = f" and on ({by}) ".join(one.metric.name for one in metrics)
    unknown = f'{OBJECTS}{{issue="{row.issue}",verdict="unknown"}} > 0'
    own: list[str] = []
    elsewhere: list[str] = []
    for kind in _visited(metrics):
        known = KNOWN.format(kind)
        unseen = own if metrics[0].names(kind) else elsewhere
        unseen.append(_seen_by(metrics[0], firing, kind, f"{known} == 0"))
        if kind in EVERYWHERE:
            elsewhere.append(_seen_by(metrics[0], firing, kind, f"{known} and on (job, zone) {unknown}"))
        else:
            elsewhere.append(f"({_seen_by(metrics[0], firing, kind, known)} and on (job, zone) {unknown})")
    if elsewhere and any(one.is_compared for one in metrics):
        lately = f" and on ({by}) ".join(f"last_over_time({one.metric.name}[1d])" for one in metrics)
        elsewhere = [f"(({' or '.join(elsewhere)}) and on ({by}) ({lately}))"]
    blind = [*own, *elsewhere, f"({firing} and on (job) {BLIND})"]
    return f"max by ({by}) ({firing}) unless on ({by}) ({verdict}) and on ({by}) ({' or '.join(blind)})"


def _visited(metrics: tuple[Judged, ...]) -> list[str]:
    """Return the kinds of target that are visited for an alert; none where the inventory alone tells."""
    return sorted({kind for one in metrics for kind in one.kinds if kind != INVENTORY})


def _seen_by(one: Judged, firing: str, kind: str, targets: str) -> str:
    """Return the alert's objects to which one of ``targets`` of a kind belongs: the machine, its pair, its zone."""
    if PAIR in one.identity:
        halves = " or ".join(f'label_replace({firing}, "router", "$1", "{PAIR}", "{half}")' for half in HALVES)
        return f"(({halves}) and on (job, zone, router) ({targets}))"
    subject = SUBJECTS[kind]
    if one.identity == ("zone", subject):
        return f"({targets})"
    zone = () if kind in EVERYWHERE else ("zone",)
    shared = ("job", *zone, subject) if subject in one.identity else ("job", *zone)
    return f"({firing} and on ({', '.join(shared)}) ({targets}))"
