"""SQL modes of servers: statements that any mode runs alike, and sessions that have none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from exporter.model import Via
from exporter.questions import catalogue
from exporter.questions.database.rows import Rows, for_schema
from exporter.sources.database import Database
from exporter.sources.database_freshness import CLOCK, HEARTBEAT
from exporter.sources.database_session import COLUMNS
from tests.database_asking import ask
from tests.database_cloud import fill
from tests.database_corruptions import CORRUPTIONS
from tests.mariadb import Server, mariadb

pytestmark = [pytest.mark.real, pytest.mark.timeout(180), pytest.mark.xdist_group("mariadb")]
QUESTIONS = tuple(question for question in catalogue() if question.via is Via.DATABASE)
BROKEN = ({"mac_twice"}, {"address_twice"}, {"vlan_leaked"}, {"nic_other_vlan"})
MYSQL_8 = (
    "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,"
    "NO_ENGINE_SUBSTITUTION"
)
"""Its default. Source: MySQL 8.0 reference manual, server SQL modes."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with mariadb(tmp_path_factory.mktemp("db")) as running:
        fill(running)
        how = ";".join(next(how for _, how, expected in CORRUPTIONS if expected == kind) for kind in BROKEN)
        running.run("SET SESSION sql_mode = ''", *(one for one in how.split(";") if one.strip()))
        yield running


def found(server: Server, mode: str) -> dict[str, int]:
    """Return how many rows each statement brings to a session of this mode, without our settings."""
    columns = frozenset(str(row[0]) for row in server.rows(COLUMNS))
    texts = {question.name: for_schema(question.text, columns) for question in QUESTIONS}
    texts |= {"clock": CLOCK, "heartbeat": HEARTBEAT, "columns": COLUMNS}
    with closing(server.root()) as connection, connection.cursor() as cursor:
        cursor.execute(f"SET SESSION sql_mode = '{mode}'")
        return {name: cursor.execute(text) for name, text in texts.items()}


@pytest.mark.parametrize("mode", [MYSQL_8, "ANSI,ONLY_FULL_GROUP_BY", "TRADITIONAL", "NO_BACKSLASH_ESCAPES"])
def test_every_statement_is_of_every_mode(server: Server, mode: str) -> None:
    """MySQL 8 groups strictly as it comes; MariaDB, which is stricter still, stands in for it."""
    plain = found(server, "")
    assert all(plain[f"database_{name}"] for kind in BROKEN for name in kind)
    assert found(server, mode) == plain


async def test_a_session_has_no_mode_whatever_the_server_gives(server: Server) -> None:
    """Also one that gives other meanings to quotes, operators and empty texts."""
    plain = found(server, "")
    before = server.rows("SELECT @@GLOBAL.sql_mode")[0][0]
    server.run("SET GLOBAL sql_mode = 'ORACLE,ONLY_FULL_GROUP_BY'")
    try:
        database = Database(server.settings())
        told = await ask(database, QUESTIONS, 60.0)
        async with database.turn(10.0) as turn:
            mode = await turn.session.rows("SELECT @@SESSION.sql_mode AS mode", 2.0)
        await database.close()
    finally:
        server.run(f"SET GLOBAL sql_mode = '{before}'")
    assert mode == Rows(("mode",), (("",),))
    brought = {question.name: len(rows) for question, rows in told.items() if isinstance(rows, Rows)}
    assert brought == {question.name: plain[question.name] for question in QUESTIONS}
