"""The account that ``privileges database`` prints: enough for the whole catalogue, and not a grant too much."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack
from typing import Any

import pytest

from exporter.model import Failure, Question, Reason, Via
from exporter.privileges import COLUMNS, LATER_COLUMNS, database_privileges, database_tables, tables_of
from exporter.questions import catalogue
from exporter.questions.database.rows import OPTIONAL, Rows
from exporter.sources.database import Database
from exporter.sources.database_session import COLUMNS as COLUMNS_OF_SCHEMA
from tests.database_asking import ask
from tests.mariadb import Server, install_account, mariadb

pytestmark = [pytest.mark.real, pytest.mark.timeout(180), pytest.mark.xdist_group("mariadb")]
QUESTIONS = [question for question in catalogue() if question.via is Via.DATABASE]
USER = "o'neill"
ACCOUNT = "'o''neill'@'127.0.0.1'"
SECRETS = re.compile(
    r"password|secret|token|^url$|user_data|user_info|(api|ssh)_key$|^key$|certificate|path$", re.IGNORECASE
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with mariadb(tmp_path_factory.mktemp("db")) as running:
        install_account(running, USER)
        yield running


@pytest.fixture
async def database(server: Server) -> AsyncIterator[Database]:
    made = Database(server.settings(user=USER))
    yield made
    await made.close()


async def failures(database: Database, questions: Sequence[Question[Any]] = QUESTIONS) -> dict[str, Failure]:
    told = await ask(database, questions, 60.0)
    return {question.name: one for question, one in told.items() if isinstance(one, Failure)}


def shown(server: Server) -> set[str]:
    """Return every column of the schema, as root sees it."""
    return {str(row[0]) for row in server.rows(COLUMNS_OF_SCHEMA)}


async def test_the_whole_catalogue_runs_with_exactly_these(server: Server, database: Database) -> None:
    """Over TLS, some sessions at most, with the lag of replicas and the columns of every optional part."""
    assert await failures(database) == {}
    granted = [str(row[0]) for row in server.rows(f"SHOW GRANTS FOR {ACCOUNT}")]
    assert "REQUIRE SSL WITH MAX_USER_CONNECTIONS 5" in granted[0]
    assert granted[0].startswith("GRANT SLAVE MONITOR ON *.*")
    assert all(re.match(r"GRANT SELECT( \([`a-z_, ]+\))?,? ON `cloud`\.`[a-z_]+` TO", line) for line in granted[1:])
    assert len(granted) == 1 + len(database_tables())  # the server joins the columns of one table
    async with database.turn(10.0) as turn:
        assert isinstance(turn.session.columns, frozenset)
        wanted = {found["column"] for question in QUESTIONS for found in OPTIONAL.finditer(question.text)}
        assert wanted & shown(server) <= turn.session.columns
        assert isinstance(await turn.session.rows("SHOW ALL SLAVES STATUS", 2.0), Rows)


async def test_two_exporters_that_look_around_leave_room_for_a_check(server: Server) -> None:
    """Each has a second session while it tries a server again, and somebody runs ``check`` beside them."""
    async with AsyncExitStack() as stack:
        for _ in range(5):
            made = Database(server.settings(user=USER))
            stack.push_async_callback(made.close)
            await stack.enter_async_context(made.turn(20.0))


async def test_what_nobody_hears_of_any_more_is_ended_by_the_server(database: Database) -> None:
    """A session whose machine lost its power, or whose end got lost on the way, gives its place back in minutes."""
    async with database.turn(20.0) as turn:
        told = await turn.session.rows("SELECT @@SESSION.wait_timeout AS seconds", 2.0)
    assert told == Rows(("seconds",), ((300,),))


@pytest.mark.parametrize("table", database_tables())
async def test_without_one_table_exactly_its_questions_are_refused(
    server: Server, database: Database, table: str
) -> None:
    """The others go on; the reason is permission."""
    columns = f" ({', '.join(COLUMNS[table])})" if table in COLUMNS else ""
    server.run(f"REVOKE SELECT{columns} ON cloud.{table} FROM {ACCOUNT}")
    try:
        missed = await failures(database)
    finally:
        server.run(f"GRANT SELECT{columns} ON cloud.{table} TO {ACCOUNT}")
    assert missed.keys() == {question.name for question in QUESTIONS if table in tables_of(question)}
    assert {failure.reason for failure in missed.values()} == {Reason.PERMISSION}


@pytest.mark.parametrize(
    ("table", "column"),
    [*((table, column) for table, columns in COLUMNS.items() for column in columns), *LATER_COLUMNS],
)
async def test_no_column_is_granted_that_is_not_read(
    server: Server, database: Database, table: str, column: str
) -> None:
    """Where a table holds more than our business, each column has a question."""
    some = [question for question in QUESTIONS if table in tables_of(question)]
    server.run(f"REVOKE SELECT ({column}) ON cloud.{table} FROM {ACCOUNT}")
    try:
        missed = await failures(database, some)
    finally:
        server.run(f"GRANT SELECT ({column}) ON cloud.{table} TO {ACCOUNT}")
    assert missed, f"{table}.{column} is not needed any more"
    assert {failure.reason for failure in missed.values()} == {Reason.PERMISSION}


def test_an_optional_column_is_of_a_table_that_is_granted_whole() -> None:
    """One that is only not granted would look like one of a later release, and its question would find what is not."""
    wanted = {found["column"] for question in QUESTIONS for found in OPTIONAL.finditer(question.text)}
    assert wanted
    assert not [column for column in wanted if column.partition(".")[0] in COLUMNS]


def test_tables_with_secrets_are_granted_by_column(server: Server) -> None:
    """None of those columns is a secret."""
    columns = (name.split(".") for name in shown(server))
    secret = {table for table, column in columns if SECRETS.search(column)} & set(database_tables())
    assert secret - {"op_lock"} <= COLUMNS.keys()  # the key of a lock is its name
    assert COLUMNS.keys() <= set(database_tables())
    assert not [column for names in COLUMNS.values() for column in names if SECRETS.search(column)]


@pytest.mark.parametrize(
    "text",
    [
        "SELECT vnc_password FROM vm_instance",
        "SELECT * FROM host",
        "SELECT zone_token FROM data_center",
        "SELECT 1 FROM host_details",
        "INSERT INTO op_lock (`key`) VALUES ('x')",
        "LOCK TABLES op_lock WRITE",
        "SELECT name FROM configuration FOR UPDATE",
        "CREATE TABLE x (a INT)",
        "SELECT 1 FROM mysql.user",
    ],
)
async def test_nothing_else_is_let(database: Database, text: str) -> None:
    """Neither what is secret nor what writes or locks."""
    question: Question[Any] = Question("database_forbidden", Via.DATABASE, text, str, "SELECT on nothing", "a test")
    told = (await failures(database, [question]))["database_forbidden"]
    assert told.reason in {Reason.PERMISSION, Reason.FAILED}


def test_loopback_without_tls_asks_for_none() -> None:
    """And nothing printed is a secret."""
    text = database_privileges("exporter", "cloud", tls=False)
    assert "REQUIRE SSL" not in text
    assert "IDENTIFIED BY 'PASSWORD'\n" in text
    assert "-- Tested with MariaDB 10.11 alone: " in text
    assert text.count("GRANT SELECT") == len(database_tables()) + len(LATER_COLUMNS)
