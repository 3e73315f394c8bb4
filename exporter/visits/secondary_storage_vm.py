"""A visit to a secondary storage VM: one call of the collector on its machine, which asks inside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exporter.cloud.targets import SecondaryStorageVmTarget
from exporter.model import Question
from exporter.sources.ssh import Hop
from exporter.visits import over_ssh
from exporter.visits.ways import Ways

TARGET = SecondaryStorageVmTarget


def is_lit(ways: Ways) -> bool:
    """Return whether SSH is configured."""
    return ways.ssh is not None


async def visit(
    target: SecondaryStorageVmTarget, due: over_ssh.Questions, ways: Ways, seconds: float
) -> Mapping[Question[Any], Any]:
    """Return for every question its value or a Failure."""
    hop = Hop(target.name, target.address, ways.ports.system_vm_ssh)
    return await over_ssh.ask(target, due, ways, seconds, hop)
