"""Every declared metric by its short name, so that rows name metrics and a wrong name fails at once."""

from __future__ import annotations

from collections.abc import Callable

from exporter.checks import discover
from exporter.model import Issue, Metric


def metrics_of(issue: Issue) -> Callable[[str], Metric]:
    """Return a function from a name without ``cloudstack_network_<issue>_`` to the metric."""
    prefix = f"cloudstack_network_{issue.value}_"
    found = {metric.name.removeprefix(prefix): metric for one in discover() for metric in one.check.metrics}
    return found.__getitem__


def checked() -> frozenset[Issue]:
    """Return the issues that have checks."""
    return frozenset(one.issue for one in discover())
