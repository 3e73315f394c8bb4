"""The columns of the schema, which some statements depend on: asked once, in time of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from exporter.model import Failure, Question, Reason, Via
from exporter.questions.database.rows import Rows
from exporter.sources.database import Database
from exporter.sources.database_freshness import REPLICATION
from exporter.sources.database_session import COLUMNS, OWN_SECONDS
from tests.database_asking import ask
from tests.sources.false_database import logs_in, packet, pretender, result

REFUSED = packet(1, b"\xff\x76\x04#42000SELECT command denied to user")
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
            assert all(isinstance(told, Rows) for told in (await ask(database, QUESTIONS, 10.0)).values())
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
        missed, found = [await ask(database, QUESTIONS, 10.0) for _ in range(2)]
        await database.close()
    assert [told.reason if isinstance(told, Failure) else None for told in missed.values()] == [
        Reason.TIMEOUT,
        Reason.TIMEOUT,
        None,
    ]
    assert all(isinstance(told, Rows) for told in found.values())
    assert heard.count(COLUMNS) == 2


async def test_what_is_not_shown_at_all_is_asked_whole() -> None:
    """Its guards are no columns of a later release: it may be granted at any moment, and be asked without them then."""
    heard: list[str] = []
    async with pretender(logs_in(server(heard, lambda: result(("c",), (b"a.b", b"b.c"))))) as given:
        database = Database(given)
        guarded: Question[Any] = replace(QUESTIONS[0], text="SELECT 4 [[a.c:AND 1]][[b.c:AND 2]][[c.c:AND 3]]")
        await ask(database, (guarded,), 10.0)
        await database.close()
    assert "SELECT 4 AND 2AND 3" in heard


@pytest.mark.parametrize("answer", [REFUSED, packet(1, b"\xff\x1e\x04#42S22Unknown column 'x' in 'where clause'")])
async def test_a_statement_that_is_refused_has_the_columns_asked_again(answer: bytes) -> None:
    """Once at the next visit, however many were refused: by then something may be granted, or upgraded."""
    heard: list[str] = []
    refused = iter((True, True))
    plain = server(heard, lambda: result(("c",), (b"a.b",)))

    def reply(text: str) -> bytes | None:
        said = plain(text)
        return answer if text.startswith(("SELECT 1", "SELECT 2")) and next(refused, False) else said

    async with pretender(logs_in(reply)) as given:
        database = Database(given)
        before, after, later = [await ask(database, QUESTIONS, 10.0) for _ in range(3)]
        await database.close()
    assert [isinstance(told, Failure) for told in before.values()] == [True, True, False]
    assert all(isinstance(told, Rows) for told in (*after.values(), *later.values()))
    assert heard.count(COLUMNS) == 2
