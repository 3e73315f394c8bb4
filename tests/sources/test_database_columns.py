"""The columns of the schema, which some statements depend on: asked once, in time of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from exporter.model import Failure, Question, Reason, Via
from exporter.questions.database.rows import Rows
from exporter.sources.database import Database
from exporter.sources.database_freshness import REPLICATION
from exporter.sources.database_session import COLUMNS, OWN_SECONDS
from tests.sources.false_database import logs_in, packet, pretender, result

TIMED_OUT = packet(1, b"\xff\xb1\x07#70100Query execution was interrupted (max_statement_time exceeded)")
QUESTIONS: tuple[Question[Any], ...] = tuple(
    Question(f"database_{name}", Via.DATABASE, text, str, "SELECT", "a test", seconds=0.5)
    for name, text in (("first", "SELECT 1 [[a.b:AND 1]]"), ("second", "SELECT 2 [[a.c:AND 2]]"), ("plain", "SELECT 3"))
)


def server(heard: list[str], columns: Callable[[], bytes]) -> Callable[[str], bytes | None]:
    def reply(text: str) -> bytes | None:
        heard.append(text)
        if text == COLUMNS:
            return columns()
        if text.startswith("SELECT UNIX_TIMESTAMP"):
            return result(("unix", "is_read_only"), (b"1790000000", b"0"))
        if text in REPLICATION[True]:
            return result(("Seconds_Behind_Master",))
        return result(("1",), (b"1",)) if text.startswith("SELECT") else None

    return reply


@pytest.mark.parametrize("visits", [1, 3])
async def test_columns_are_asked_once_and_not_in_the_time_of_a_statement(visits: int) -> None:
    """The schema of a busy server takes longer to tell than most statements may take."""
    heard: list[str] = []
    async with pretender(logs_in(server(heard, lambda: result(("c",), (b"a.b",))))) as given:
        database = Database(given)
        for _ in range(visits):
            assert all(isinstance(told, Rows) for told in (await database.ask(QUESTIONS, 10.0)).values())
        await database.close()
    assert heard.count(COLUMNS) == 1
    assert heard[heard.index(COLUMNS) - 1] == f"SET SESSION max_statement_time = {OWN_SECONDS:g}"
    for text in ("SELECT 1 AND 1", "SELECT 2 ", "SELECT 3"):
        assert heard.count(text) == visits
        assert heard[heard.index(text) - 1] == "SET SESSION max_statement_time = 0.5"


async def test_columns_that_are_not_told_cost_one_statement_a_visit() -> None:
    """What depends on them says why; the rest is answered; the next visit asks again."""
    heard: list[str] = []
    answers = iter((TIMED_OUT, result(("c",), (b"a.b",))))
    async with pretender(logs_in(server(heard, lambda: next(answers)))) as given:
        database = Database(given)
        missed, found = [await database.ask(QUESTIONS, 10.0) for _ in range(2)]
        await database.close()
    assert [told.reason if isinstance(told, Failure) else None for told in missed.values()] == [
        Reason.TIMEOUT,
        Reason.TIMEOUT,
        None,
    ]
    assert all(isinstance(told, Rows) for told in found.values())
    assert heard.count(COLUMNS) == 2
