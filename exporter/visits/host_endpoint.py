"""A visit to the ports of a hypervisor host that the management side dials."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from exporter.cloud.targets import HostEndpoint
from exporter.model import Failure, Question, Reason, SourceError
from exporter.visits.ways import Ways

TARGET = HostEndpoint


def is_lit(ways: Ways) -> bool:
    """Return whether SSH is configured: then the exporter stands where hosts are reached."""
    return ways.dial is not None


async def visit(
    target: HostEndpoint, due: Iterable[Question[Any]], ways: Ways, seconds: float
) -> Mapping[Question[Any], Any]:
    """Return a value or Failure for each due question.

    Raises:
        SourceError: NOT_CONFIGURED when SSH is not configured.
    """
    del target, seconds
    if ways.dial is None:
        raise SourceError(Reason.NOT_CONFIGURED, "ssh is not configured")
    return {question: Failure(Reason.UNSUPPORTED, "not dialled yet") for question in due}
