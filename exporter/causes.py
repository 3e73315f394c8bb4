"""Cause and consequence: which finding explains which, so that people are shown the cause first.

A metric declares what it ``follows``: metrics whose problem on the same object is the cause of its own. It is the same
object when every label that both have agrees: the host where both name one, the VLAN, the bond, ..., always the zone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace

from exporter.checks import Registered
from exporter.findings import Finding

Follows = Mapping[str, tuple[str, ...]]


def declared(checks: Iterable[Registered]) -> Follows:
    """Return what the metrics of the checks follow."""
    return {metric.name: metric.follows for known in checks for metric in known.check.metrics if metric.follows}


def explained(findings: Iterable[Finding], follows: Follows) -> tuple[Finding, ...]:
    """Return the findings, each with ``because`` set to the key of the first cause of all, if it has one.

    ``follows`` maps the name of a metric to the names of those that explain it. An accepted finding explains
    nothing: what follows from it is still to be done.
    """
    rows = tuple(findings)
    by_metric: defaultdict[str, list[Finding]] = defaultdict(list)
    for row in rows:
        if not row.accepted:
            by_metric[row.metric].append(row)
    return tuple(_with_cause(row, by_metric, follows) for row in rows)


def _with_cause(row: Finding, by_metric: Mapping[str, list[Finding]], follows: Follows) -> Finding:
    """Return the finding with its first cause, going up from cause to cause; a circle ends where it began."""
    cause, passed = row, {row.metric}
    while True:
        names = [name for name in follows.get(cause.metric, ()) if name not in passed]
        above = next((one for name in names for one in by_metric.get(name, ()) if _about_one(cause, one)), None)
        if above is None:
            return row if cause is row else replace(row, because=cause.key)
        cause = above
        passed.add(cause.metric)


def _about_one(one: Finding, other: Finding) -> bool:
    """Return whether a cause, ``other``, is about the same thing: every label that both have agrees.

    What is of no zone, as a management server, is of all of them.
    """
    shared = one.labels.keys() & other.labels.keys()
    return other.zone in ("", one.zone) and all(one.labels[name] == other.labels[name] for name in shared)
