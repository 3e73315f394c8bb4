"""``metrics``: every family that the exporter can serve."""

from __future__ import annotations

import sys

from exporter.app import metrics as families
from exporter.checks import discover


def metrics() -> int:
    """Print name, type, labels and help of every family about the cloud; return the exit code."""
    for metric in families(discover()):
        labels = ",".join(metric.labels)
        sys.stdout.write(f"{metric.name}{{{labels}}} {metric.kind}\n    {metric.help}\n")
    return 0
