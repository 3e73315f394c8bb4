"""A visit to a host of XenServer or XCP-ng: one call of the collector in its dom0."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exporter.cloud.targets import XenHostTarget
from exporter.model import Question
from exporter.visits import over_ssh
from exporter.visits.ways import Ways

TARGET = XenHostTarget


def is_lit(ways: Ways) -> bool:
    """Return whether SSH is configured."""
    return ways.ssh is not None


async def visit(
    target: XenHostTarget, due: over_ssh.Questions, ways: Ways, seconds: float
) -> Mapping[Question[Any], Any]:
    """Return for every question its value or a Failure."""
    return await over_ssh.ask(target, due, ways, seconds, hop=None)
