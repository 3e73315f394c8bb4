"""A visit to a management server: one call of the collector on it; its log is read on from where it was left."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exporter.cloud.targets import ManagementServerTarget
from exporter.model import Question
from exporter.questions.management_log import MANAGEMENT_LOG, Piece
from exporter.visits import over_ssh
from exporter.visits.ways import Ways

TARGET = ManagementServerTarget


def is_lit(ways: Ways) -> bool:
    """Return whether management servers are visited."""
    return ways.ssh is not None and ways.management_servers


async def visit(
    target: ManagementServerTarget, due: over_ssh.Questions, ways: Ways, seconds: float
) -> Mapping[Question[Any], Any]:
    """Return for every question its value or a Failure; for the log what it told since it is followed."""
    follower = ways.followers.of(target.server.id)
    parameters = {MANAGEMENT_LOG: follower.words()}
    found = dict(await over_ssh.ask(target, due, ways, seconds, hop=None, parameters=parameters))
    piece = found.get(MANAGEMENT_LOG)
    if isinstance(piece, Piece):
        found[MANAGEMENT_LOG] = follower.take(piece)
    return found
