"""A visit to the database: first whether it is in a state to be judged, then what contradicts itself in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from exporter.cloud.targets import DatabaseTarget
from exporter.model import Failure, Question, Reason, SourceError, UnreadableError
from exporter.questions.database.rows import Rows
from exporter.questions.database.state import DATABASE_SERVERS, DATABASE_VERSIONS, STATE, SchemaVersion, ServerRow
from exporter.sources.database import Turn
from exporter.visits.ways import Ways

TARGET = DatabaseTarget
SETTLING = 600.0
"""Seconds after the start of a management server in which it still puts right what the last one left behind."""

Told = dict[Question[Any], Any]


def is_lit(ways: Ways) -> bool:
    """Return whether the database is read."""
    return ways.database is not None


async def visit(
    target: DatabaseTarget, due: Sequence[Question[Any]], ways: Ways, seconds: float
) -> Mapping[Question[Any], Any]:
    """Return for every question its value or a Failure.

    The questions about its state are asked always and first. While they, or the server itself, tell that it cannot be
    judged, nothing else is asked, and everything else is behind. Heartbeats on a server that tells that it is behind,
    or whose clock is off, are no heartbeats; old ones alone are told: it may be that all management servers are dead.

    Raises:
        SourceError: no server could be asked.
    """
    if ways.database is None:
        raise SourceError(Reason.NOT_CONFIGURED, f"there is no section database for {target.name}")
    rest = [question for question in due if question not in STATE]
    async with ways.database.turn(0.9 * seconds) as turn:
        told = await _told(turn, STATE)
        obstacle = _obstacle(turn, told)
        if turn.past and obstacle is not None:
            told[DATABASE_SERVERS] = obstacle
        if obstacle is None:
            turn.session.fits(told[DATABASE_VERSIONS])
            told |= await _told(turn, rest)
        else:
            told |= dict.fromkeys(rest, obstacle)
    return {question: told[question] for question in due}


async def _told(turn: Turn, questions: Sequence[Question[Any]]) -> Told:
    brought = await turn.ask(questions)
    return {question: _outcome(question, brought[question]) for question in questions}


def _outcome(question: Question[Any], raw: Rows | Failure) -> Any:
    if isinstance(raw, Failure):
        return raw
    try:
        return question.read(raw)
    except UnreadableError as error:
        return Failure(Reason.UNREADABLE, str(error))


def _obstacle(turn: Turn, told: Told) -> Failure | None:
    """Return why nothing else is to be asked, None when everything may be."""
    words = turn.past or _unanswered(told) or turn.behind
    if words:
        return Failure(Reason.BEHIND, f"{turn.session.place}: {words}")
    words = _upgrading(told[DATABASE_VERSIONS]) or _starting(told[DATABASE_SERVERS])
    return Failure(Reason.BEHIND, words) if words else None


def _unanswered(told: Told) -> str:
    """Return which question about its state was not answered, and why; empty when all were."""
    for question in STATE:
        if isinstance(told[question], Failure):
            return f"{question.name} was not answered: {told[question].detail}"
    return ""


def _upgrading(versions: Sequence[SchemaVersion]) -> str:
    """Return what tells of an upgrade that is not complete, which may also be one of long ago; else nothing."""
    steps = [f"{version.version} is at step {version.step}" for version in versions if not version.is_complete]
    return f"schema {steps[-1]}, not Complete" if steps else ""


def _starting(servers: Sequence[ServerRow]) -> str:
    """Return what tells of a management server that has just started; else nothing."""
    for server in servers:
        if server.running is not None and server.running < SETTLING:
            return f"management server {server.name} was started {server.running:.0f} s ago, {SETTLING:g} s are waited"
    return ""
