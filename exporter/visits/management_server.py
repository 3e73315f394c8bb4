"""A visit to a management server: one call of the collector on it; its log is read on from where it was left."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from exporter.cloud.targets import ManagementServerTarget
from exporter.model import Failure, Question, SourceError
from exporter.questions.management.log import MANAGEMENT_LOG
from exporter.questions.management.log_lines import LogTold
from exporter.questions.management.log_piece import Piece
from exporter.visits import over_ssh
from exporter.visits.following import Follower
from exporter.visits.ways import Ways

TARGET = ManagementServerTarget
PIECES = 32
"""Pieces of a log that is behind, in one visit."""
PACKED_PIECES = 4
"""Of these, pieces of compressed files, which are unpacked from their beginning for each."""
CATCHING_UP = 0.5
"""Part of a visit's time after which no further piece is begun."""


def is_lit(ways: Ways) -> bool:
    """Return whether management servers are visited."""
    return ways.ssh is not None and ways.management_servers


async def visit(
    target: ManagementServerTarget, due: over_ssh.Questions, ways: Ways, seconds: float
) -> Mapping[Question[Any], Any]:
    """Return for every question its value or a Failure; for the log what it told since it is followed.

    A log that is behind is read on in further calls, while there is time for them.
    """
    follower = ways.followers.of(target.server.id)
    begun = asyncio.get_running_loop().time()
    found = dict(await _ask(target, due, ways, seconds, follower))
    packed = 0
    for _ in range(1, PIECES):
        spent = asyncio.get_running_loop().time() - begun
        is_read = isinstance(found.get(MANAGEMENT_LOG), LogTold)
        packed += follower.is_packed
        if not (is_read and follower.wants_more) or packed >= PACKED_PIECES or spent > CATCHING_UP * seconds:
            break
        try:
            again = await _ask(target, (MANAGEMENT_LOG,), ways, seconds - spent, follower)
        except SourceError:
            break
        if isinstance(again[MANAGEMENT_LOG], Failure):
            break  # what was told before stands
        found.update(again)
    return found


async def _ask(
    target: ManagementServerTarget, due: over_ssh.Questions, ways: Ways, seconds: float, follower: Follower
) -> Mapping[Question[Any], Any]:
    position = follower.position
    parameters = {MANAGEMENT_LOG: position.words()}
    found = dict(await over_ssh.ask(target, due, ways, seconds, hop=None, parameters=parameters))
    outcome = found.get(MANAGEMENT_LOG)
    if isinstance(outcome, Piece):
        found[MANAGEMENT_LOG] = follower.take(position, outcome)
    elif isinstance(outcome, Failure):
        follower.failed(outcome)
    return found
