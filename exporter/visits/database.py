"""A visit to the database: first whether it is in a state to be judged, then what contradicts itself in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from exporter.cloud.targets import DatabaseTarget
from exporter.model import Failure, Question, Reason, SourceError, UnreadableError
from exporter.questions.database_rows import Rows
from exporter.visits.ways import Ways

TARGET = DatabaseTarget


def is_lit(ways: Ways) -> bool:
    """Return whether the database is read."""
    return ways.database is not None


async def visit(
    target: DatabaseTarget, due: Sequence[Question[Any]], ways: Ways, seconds: float
) -> Mapping[Question[Any], Any]:
    """Return for every question its value or a Failure.

    Raises:
        SourceError: no server could be asked.
    """
    if ways.database is None:
        raise SourceError(Reason.NOT_CONFIGURED, f"there is no section database for {target.name}")
    brought = await ways.database.ask(due, 0.9 * seconds)
    return {question: _outcome(question, brought[question]) for question in due}


def _outcome(question: Question[Any], raw: Rows | Failure) -> Any:
    if isinstance(raw, Failure):
        return raw
    try:
        return question.read(raw)
    except UnreadableError as error:
        return Failure(Reason.UNREADABLE, str(error))
