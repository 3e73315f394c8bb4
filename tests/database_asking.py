"""Asking the database as a visit does: one turn, all questions, whatever state the database is in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from exporter.model import Failure, Question
from exporter.questions.database.rows import Rows
from exporter.sources.database import Database


async def ask(database: Database, questions: Sequence[Question[Any]], seconds: float) -> dict[Any, Rows | Failure]:
    """Return rows or a Failure for every question; raises SourceError when no server could be asked at all."""
    async with database.turn(seconds) as turn:
        return dict(await turn.ask(questions))
