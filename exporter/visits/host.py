"""A visit to a hypervisor host: one call of the collector on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exporter.cloud.targets import HostTarget
from exporter.model import Question
from exporter.visits import over_ssh
from exporter.visits.ways import Ways

TARGET = HostTarget


def is_lit(ways: Ways) -> bool:
    """Return whether SSH is configured."""
    return ways.ssh is not None


async def visit(target: HostTarget, due: over_ssh.Questions, ways: Ways, seconds: float) -> Mapping[Question[Any], Any]:
    """Return for every question its value or a Failure."""
    return await over_ssh.ask(target, due, ways, seconds, hop=None)
