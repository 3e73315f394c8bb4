"""Laws 3, 4 and 6 for the database: by its own log only the catalogue is asked, nothing is locked, no secret leaves."""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
import yaml

from exporter.app import App, build
from exporter.checks import Registered
from exporter.clock import SystemClock
from exporter.cloud.targets import DatabaseTarget
from exporter.config import load
from exporter.lab.lab import Lab
from exporter.lab.options import Options
from exporter.model import Check, Failure, Issue, Metric, Via
from exporter.questions import catalogue
from exporter.questions.database.rows import for_schema
from exporter.questions.database.state import DATABASE_VERSIONS, STATE
from exporter.sources.database import Database
from exporter.sources.database_freshness import CLOCK, HEARTBEAT, REPLICATION
from exporter.sources.database_session import COLUMNS, SETTINGS
from exporter.visits.database import visit
from exporter.visits.ways import Ways
from tests.database_cloud import fill
from tests.mariadb import READER, SECRET, Server, mariadb

pytestmark = [pytest.mark.real, pytest.mark.timeout(180), pytest.mark.xdist_group("mariadb")]
QUESTIONS = tuple(question for question in catalogue() if question.via is Via.DATABASE)
TARGET = DatabaseTarget()
CANARY = "canary-vnc-9d2e"
PASSWORD = f"{SECRET}-ß€"
"""One that no charset of one byte has: a library that says which letter it cannot write, says the whole word."""
OWN = {*SETTINGS, CLOCK, HEARTBEAT, COLUMNS, *REPLICATION[True], *REPLICATION[False]}
"""What a session asks for itself."""
LIMIT = re.compile(r"SET SESSION max_(statement_time = [0-9.]+|execution_time = \d+)")
LIBRARY = {"SET AUTOCOMMIT = 1", "SET NAMES utf8mb4"}
"""What aiomysql says when it connects."""
WRITES = re.compile(
    r"\b(INSERT|UPDATE|DELETE|REPLACE|ALTER|CREATE|DROP|TRUNCATE|LOCK|CALL|INTO|GRANT|FOR SHARE)\b(?!\()"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with mariadb(tmp_path_factory.mktemp("db"), "general-log = 1", "log-output = TABLE") as running:
        fill(running)
        running.run(
            "UPDATE mshost SET runid = 1000 * (UNIX_TIMESTAMP() - 86400)",
            f"UPDATE vm_instance SET vnc_password = '{CANARY}'",
            f"UPDATE configuration SET value = '{CANARY}' WHERE name <> 'unmanage.vm.preserve.nics'",
            f"CREATE USER loopback@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'",
            "GRANT SELECT ON cloud.* TO loopback@'127.0.0.1'",
        )
        yield running


@pytest.fixture
async def database(server: Server) -> AsyncIterator[Database]:
    server.run("TRUNCATE mysql.general_log")
    made = Database(server.settings())
    yield made
    await made.close()


async def test_the_log_of_the_server_knows_only_the_catalogue(server: Server, database: Database) -> None:
    """Every statement of two visits is on the list; every question of the catalogue was among them."""
    for _ in range(2):
        told = await visit(TARGET, QUESTIONS, Ways(database=database), 60.0)
        assert not [one for one in told.values() if isinstance(one, Failure)]
    async with database.turn(5.0) as turn:
        columns = turn.session.columns
    assert columns is not None
    allowed = {for_schema(question.text, columns) for question in QUESTIONS}
    rows = server.rows(
        "SELECT CAST(command_type AS CHAR), CAST(argument AS CHAR) FROM mysql.general_log"
        f" WHERE user_host LIKE '{READER}[%' OR user_host LIKE '[{READER}]%'"
    )
    said = {str(text) for kind, text in rows if kind == "Query"}
    assert {kind for kind, _ in rows} <= {"Query", "Connect", "Quit"}
    assert {text for text in said - allowed - OWN - LIBRARY if not LIMIT.fullmatch(text)} == set()
    assert allowed <= said
    assert not [text for text in said if WRITES.search(text)]


def test_no_statement_of_the_catalogue_can_write_or_lock() -> None:
    """Also where nobody runs it: one SELECT, nothing after it."""
    for question in QUESTIONS:
        assert question.text.startswith("SELECT ")
        assert ";" not in question.text
        assert not WRITES.search(question.text.upper()), question.name
        assert not re.search(r"\b(sleep|benchmark|get_lock|load_file)\s*\(|@", question.text, re.IGNORECASE)


async def test_open_transactions_are_neither_waited_for_nor_held_up(server: Server, database: Database) -> None:
    """With every row of every table locked by somebody, everything is answered, and our session holds no lock."""
    with closing(server.root()) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW TABLES")
        tables = [table for (table,) in cursor.fetchall()]
        cursor.execute("START TRANSACTION")
        for table in tables:
            cursor.execute(f"SELECT COUNT(*) FROM (SELECT 1 FROM `{table}` FOR UPDATE) x")
        locked = "SELECT COUNT(*), SUM(trx_rows_locked) FROM information_schema.innodb_trx WHERE trx_rows_locked > 0"
        transactions, rows = server.rows(locked)[0]
        assert transactions == 1
        told = await visit(TARGET, QUESTIONS, Ways(database=database), 60.0)
        assert not [one for one in told.values() if isinstance(one, Failure)]
        assert server.rows(locked)[0] == (1, rows)
        cursor.execute("ROLLBACK")


async def test_the_session_itself_refuses_to_write(server: Server) -> None:
    """Even with an account that may do everything: read-only by transaction, not by grant alone."""
    server.run("CREATE OR REPLACE USER strong@'%' IDENTIFIED BY 'canary-7c1d'", "GRANT ALL ON *.* TO strong@'%'")
    database = Database(server.settings(user="strong"))
    async with database.turn(10.0) as turn:
        for text in (
            "INSERT INTO op_lock (`key`, mac) VALUES ('a', 'b')",
            "UPDATE host SET status = 'Down'",
            "DELETE FROM nics",
            "CREATE TABLE x (a INT)",
            "TRUNCATE nics",
        ):
            told = await turn.session.rows(text, 2.0)
            assert isinstance(told, Failure)
            assert "READ ONLY" in told.detail
    await database.close()


def secrets_in(text: str) -> list[str]:
    return [secret for secret in (SECRET, CANARY) if secret in text]


TINY = Metric("cloudstack_network_host_connectivity_schema_rows", "Rows of the schema's versions.", ("version",))
CHECK = Check(
    title="Versions of the schema",
    metrics=(TINY,),
    asks={DatabaseTarget: (DATABASE_VERSIONS, *(question for question in QUESTIONS if question not in STATE))},
    judges={DatabaseTarget: lambda _target, answers, _cloud: (
        TINY.sample(one.version, value=1) for one in answers[DATABASE_VERSIONS]
    )},
)  # fmt: skip


@asynccontextmanager
async def exporter(server: Server, folder: Path, **changes: object) -> AsyncIterator[App]:
    """Yield a whole exporter before the lab's cloud and this database, as a configuration file describes it."""
    async with Lab(Options()) as lab:
        text = yaml.safe_load(lab.config_file.read_text())
        (folder / "password").write_text(PASSWORD, encoding="utf-8")
        text["database"] = {
            "servers": [f"127.0.0.1:{server.port}"], "user": "loopback", "tls": False,
            "password_file": str(folder / "password"), **changes,
        }  # fmt: skip
        file = lab.config_file.with_name("with-database.yml")
        file.write_text(yaml.safe_dump(text))
        async with build(load(file, {}), SystemClock(), (Registered(Issue.HOST_CONNECTIVITY, "tiny", CHECK),)) as app:
            yield app


async def looked(app: App) -> str:
    """Return the page after one visit to the database."""
    engine = app.engine
    await engine.refresh()
    (entry,) = [entry for entry in engine.schedule.entries.values() if entry.target.kind == "database"]
    await engine.schedule.visit(entry)
    engine.settle()
    engine.tick()
    return b"".join(engine.page.text()).decode()


async def test_a_configuration_with_a_database_visits_it(
    server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Configuration, wiring, visit, verdict and telemetry; no secret at any door."""
    with caplog.at_level(logging.DEBUG):
        async with exporter(server, tmp_path) as app:
            page = await looked(app)
            said = repr(app.config) + repr(app.ways) + repr(vars(app.ways.database))
    assert re.search(r'^cloudstack_network_exporter_target_up\{kind="database",[^}]*\} 1$', page, re.MULTILINE)
    assert 'cloudstack_network_host_connectivity_schema_rows{version="4.22.0.0"} 1' in page
    place = f"127.0.0.1:{server.port}"
    assert f'cloudstack_network_exporter_database_server_info{{role="primary",server="{place}"}} 1.0' in page
    (lag,) = re.findall(
        rf'^cloudstack_network_exporter_database_lag_seconds\{{server="{place}"\}} (.+)$', page, re.MULTILINE
    )
    assert 0.0 <= float(lag) < 150.0  # its newest heartbeat; a fresh one lets it be judged
    assert 'cloudstack_network_exporter_database_unanswered{database="cloud"} 0.0' in page
    assert secrets_in(page + said + "\n".join(record.getMessage() for record in caplog.records)) == []


async def test_of_a_database_that_is_gone_nothing_is_told(server: Server, tmp_path: Path) -> None:
    """Role, lag and clock were those of then: law 2."""
    told = re.compile(
        r"^cloudstack_network_exporter_database_(?:server_info|lag_seconds|clock_ahead_seconds)\{", re.MULTILINE
    )
    async with exporter(server, tmp_path) as app:
        assert len(told.findall(await looked(app))) == 3
        server.stop()
        try:
            gone = await looked(app)
        finally:
            server.start()
        assert told.findall(gone) == []
        assert len(told.findall(await looked(app))) == 3


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"user": "nobody"}, "auth"),
        ({"name": "other"}, "permission"),
        ({"servers": ["127.0.0.1:1"]}, "refused"),
        ({"tls": True}, "tls"),
        ({"user": READER}, "auth"),  # that account insists on TLS
    ],
)
async def test_a_database_that_cannot_be_visited_says_why_and_nothing_else(
    server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture, changes: dict[str, object], reason: str
) -> None:
    """The target is down, its questions have the reason, the page has no verdict of it, and no secret."""
    with caplog.at_level(logging.DEBUG):
        async with exporter(server, tmp_path, **changes) as app:
            page = await looked(app)
            (entry,) = [one for one in app.engine.schedule.entries.values() if one.target.kind == "database"]
            failures = set(entry.memory.failures.values())
    assert re.search(r'^cloudstack_network_exporter_target_up\{kind="database",[^}]*\} 0$', page, re.MULTILINE)
    assert {failure.reason.value for failure in failures} == {reason}
    assert "schema_rows{" not in page
    assert secrets_in(page + repr(failures) + "\n".join(record.getMessage() for record in caplog.records)) == []
