"""Whoever answers instead of a database: nonsense, silence, floods, and a request for one of our files."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporter.model import Failure, Question, Reason, SourceError, Via
from exporter.questions.database.rows import Rows
from exporter.sources import database_session
from exporter.sources.database import Database, DatabaseSettings
from tests.database_asking import ask
from tests.sources.false_database import SECRET, Talk, logs_in, packet, pretender

QUESTION: Question[Any] = Question("database_any", Via.DATABASE, "SELECT 1", str, "SELECT", "a test")


async def asked(given: DatabaseSettings) -> Failure:
    """Return why a visit brought nothing."""
    database = Database(given)
    try:
        told = (await ask(database, [QUESTION], 5.0))[QUESTION]
    except SourceError as error:
        told = Failure(error.reason, error.detail)
    finally:
        await database.close()
    assert isinstance(told, Failure), told
    assert SECRET not in told.detail
    return told


async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read()


async def hangs_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def web_server(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
    await writer.drain()


async def flood(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    for number in itertools.count():  # one packet that never ends
        writer.write(b"\xff\xff\xff" + bytes([number % 256]) + b"x" * 0xFFFFFF)
        await writer.drain()


@pytest.mark.parametrize(
    ("talk", "reasons"),
    [
        (silent, {Reason.TIMEOUT}),
        (hangs_up, {Reason.UNREACHABLE, Reason.DISCONNECTED}),
        (web_server, {Reason.UNREADABLE, Reason.UNREACHABLE, Reason.DISCONNECTED, Reason.TIMEOUT}),
        (flood, {Reason.TOO_LARGE, Reason.TIMEOUT}),
    ],
    ids=["silent", "hangs_up", "web_server", "flood"],
)
async def test_who_is_no_database_has_a_reason(talk: Talk, reasons: set[Reason]) -> None:
    """Nobody is waited for longer than a moment, and nothing is a defect."""
    async with pretender(talk) as given:
        assert (await asked(given)).reason in reasons


async def test_an_endless_answer_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a good login, packets that go on and on: read as far as any answer may be long."""
    monkeypatch.setattr(database_session, "MOST_BYTES", 1024 * 1024)
    column = packet(2, b"\x03def\x00\x00\x00\x01a\x00\x0c\x2d\x00\xff\xff\xff\x00\xfd\x00\x00\x00\x00\x00")

    def reply(text: str) -> bytes | None:
        if not text.startswith(("SELECT", "SHOW")):
            return None
        rows = b"".join(packet((number + 4) % 256, b"\xfd\xfb\xff\x00" + b"x" * 0xFFFB) for number in range(64))
        return packet(1, b"\x01") + column + packet(3, b"\xfe\x00\x00\x02\x00") + rows

    async with pretender(logs_in(reply)) as given:
        told = await asked(given)
    assert told.reason is Reason.TOO_LARGE
    assert told.detail.endswith("sent more than 1 MiB")


async def test_a_server_that_asks_for_a_file_of_ours_gets_none() -> None:
    """LOAD DATA LOCAL is the oldest trick of a false server."""
    heard: list[str] = []

    def reply(text: str) -> bytes | None:
        heard.append(text)
        return packet(1, b"\xfb/etc/passwd") if text.startswith("SELECT") else None

    async with pretender(logs_in(reply)) as given:
        told = await asked(given)
    assert told.reason is Reason.UNREADABLE
    assert not [text for text in heard if "root:" in text]


async def test_a_server_that_refuses_to_be_read_only_is_asked_nothing() -> None:
    """Without that promise of the session no statement of ours is sent."""
    heard: list[str] = []

    def reply(text: str) -> bytes | None:
        heard.append(text)
        return packet(1, b"\xff\x51\x04#42000not here") if "READ ONLY" in text else None

    async with pretender(logs_in(reply)) as given:
        told = await asked(given)
    assert told.reason is Reason.FAILED
    assert heard[-1] == "SET SESSION TRANSACTION READ ONLY"
    assert not [text for text in heard if text.startswith(("SELECT", "SHOW"))]


async def test_rows_that_are_not_asked_for_are_no_answer() -> None:
    """A clock without a number, a table without columns."""
    async with pretender(logs_in(lambda _: None)) as given:
        assert (await asked(given)).reason is Reason.UNREADABLE


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(greeting=st.binary(max_size=200), is_framed=st.booleans())
async def test_whatever_greets_us_is_a_reason(greeting: bytes, is_framed: bool) -> None:
    """Never an exception of another kind: law 3."""

    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(packet(0, greeting) if is_framed else greeting)
        await writer.drain()

    async with pretender(talk) as told:
        await asked(told)


@settings(max_examples=80, deadline=None)
@given(body=st.binary(min_size=1, max_size=80), more=st.binary(max_size=40), after=st.integers(0, 8))
async def test_whatever_answers_a_statement_is_a_reason_or_rows(body: bytes, more: bytes, after: int) -> None:
    """At each of the statements of a visit."""
    told: list[Rows | Failure] = []
    number = 0

    def reply(_: str) -> bytes | None:
        nonlocal number
        number += 1
        return packet(1, body) + packet(2, more) if number > after else None

    async with pretender(logs_in(reply)) as given_:
        database = Database(given_)
        try:
            told.append((await ask(database, [QUESTION], 0.5))[QUESTION])
        except SourceError as error:
            told.append(Failure(error.reason, error.detail))
        finally:
            await database.close()
    assert told
