"""What rules and dashboards may use: every metric that is declared anywhere, with its labels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import promql_parser

from alerts.recorded import BLIND, KNOWN, STATE, SUBJECTS
from exporter.board import FINDING_ACCEPTED, ISSUE_OBJECTS
from exporter.checks import discover
from exporter.page.page import PAGE_METRICS
from exporter.telemetry import PER_TARGET, Telemetry

FOREIGN: dict[str, frozenset[str] | None] = {
    "ALERTS": None,  # any label
    "up": frozenset(),
    "process_start_time_seconds": frozenset(),
    "process_resident_memory_bytes": frozenset(),
    "process_cpu_seconds_total": frozenset(),
}
"""Metrics of Prometheus itself and of every client library."""
SCRAPED = frozenset({"job", "instance"})


@dataclass(frozen=True, slots=True)
class Used:
    """A metric that an expression reads, and the labels it asks for."""

    name: str
    labels: frozenset[str]


@dataclass(slots=True)
class _Collector:
    found: list[Used] = field(default_factory=list)

    def pre_visit(self, node: promql_parser.Expr) -> bool:
        if isinstance(node, promql_parser.VectorSelector):
            matchers = node.matchers.matchers
            self.found.append(Used(str(node.name), frozenset(str(one.name) for one in matchers)))
        return True


def used(promql: str) -> tuple[Used, ...]:
    """Return every metric that an expression reads.

    Raises:
        ValueError: the expression cannot be parsed.
    """
    collector = _Collector()
    promql_parser.walk(promql_parser.parse(promql), collector.pre_visit)
    return tuple(collector.found)


def declared() -> dict[str, frozenset[str]]:
    """Return the labels of every metric that the exporter serves, without those of the client library."""
    every = [metric for one in discover() for metric in one.check.metrics]
    every += [*PER_TARGET, *PAGE_METRICS, ISSUE_OBJECTS, FINDING_ACCEPTED]
    return {metric.name: frozenset(metric.labels) for metric in every} | dict(_of_the_process())


def _of_the_process() -> Iterator[tuple[str, frozenset[str]]]:
    registry = Telemetry(()).registry
    names = registry._collector_to_names  # the registry itself tells names only with samples
    for collector in names:
        name = getattr(collector, "_name", "")
        if name.startswith("cloudstack_network_exporter_"):
            suffix = "_total" if getattr(collector, "_type", "") == "counter" else ""
            yield name + suffix, frozenset(getattr(collector, "_labelnames", ()))


def recorded() -> dict[str, frozenset[str]]:
    """Return the labels of what the recording rules make."""
    known = {KNOWN.format(kind): frozenset({"zone", subject}) for kind, subject in SUBJECTS.items()}
    return {BLIND: frozenset(), STATE: frozenset({"zone", "issue"}), **known}


def breaches(promql: str) -> list[str]:
    """Return what an expression uses that nobody declares."""
    known: dict[str, frozenset[str] | None] = {**declared(), **recorded(), **FOREIGN}
    found = []
    for one in used(promql):
        if one.name not in known:
            found.append(f"{one.name} is not declared")
            continue
        labels = known[one.name]
        if labels is not None and not one.labels <= labels | SCRAPED:
            found.append(f"{one.name} has no {', '.join(sorted(one.labels - labels - SCRAPED))}")
    return found
