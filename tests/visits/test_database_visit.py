"""A visit to a real database: what forbids judging it, and that what may not be judged is not asked."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from typing import Any

import pytest

from exporter.cloud.targets import DatabaseTarget
from exporter.model import Failure, Question, Reason, SourceError
from exporter.questions.database.addresses import FREE_WITH_OWNER
from exporter.questions.database.hosts import HOST_ADDRESS_TWICE, HOST_OF_DEAD_SERVER
from exporter.questions.database.state import DATABASE_SERVERS, DATABASE_VERSIONS, STATE
from exporter.questions.database.vlans import DEDICATED_TO_NOBODY
from exporter.sources.database import Database
from exporter.sources.database_session import COLUMNS
from exporter.visits.database import visit
from exporter.visits.ways import Ways
from tests.database_cloud import fill
from tests.mariadb import READER, Server, mariadb

pytestmark = [pytest.mark.real, pytest.mark.timeout(180), pytest.mark.xdist_group("mariadb")]

TARGET = DatabaseTarget()
REST = (HOST_OF_DEAD_SERVER, HOST_ADDRESS_TWICE, DEDICATED_TO_NOBODY)
DUE = (*REST, *STATE)
NOW = "ROUND(1000 * UNIX_TIMESTAMP(NOW(3)))"


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with mariadb(tmp_path_factory.mktemp("db"), "general-log = 1", "log-output = TABLE") as running:
        yield running


@pytest.fixture
def server(started: Server) -> Server:
    """A healthy cloud whose management servers have run for a day."""
    fill(started)
    started.run(f"UPDATE mshost SET runid = {NOW} - 86460000", "TRUNCATE mysql.general_log")
    return started


@pytest.fixture
async def database(server: Server) -> AsyncIterator[Database]:
    made = Database(server.settings())
    yield made
    await made.close()


async def told(database: Database, due: tuple[Question[Any], ...] = DUE) -> dict[Question[Any], Any]:
    return dict(await visit(TARGET, due, Ways(database=database), 30.0))


def failed(outcomes: dict[Question[Any], Any]) -> dict[Question[Any], Failure]:
    return {question: told for question, told in outcomes.items() if isinstance(told, Failure)}


def times_asked(server: Server, text: str) -> int:
    """Return how often the server's own log has the statement."""
    return [row[0] for row in server.rows("SELECT CAST(argument AS CHAR) FROM mysql.general_log")].count(text)


async def test_a_fresh_database_is_asked_everything(server: Server, database: Database) -> None:
    """State first, then the rest; only what is due comes back."""
    outcomes = await told(database)
    assert outcomes.keys() == set(DUE)
    assert failed(outcomes) == {}
    assert [one.running // 3600 for one in outcomes[DATABASE_SERVERS]] == [24.0, 24.0]
    assert set(await told(database, REST[:1])) == set(REST[:1])
    assert times_asked(server, REST[0].text) == 2


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("UPDATE version SET step = 'Upgrade' WHERE id = 2", "schema 4.22.0.0 is at step Upgrade, not Complete"),
        ("UPDATE version SET step = 'Upgrade' WHERE id = 1", "schema 4.21.0.0 is at step Upgrade, not Complete"),
        (f"UPDATE mshost SET runid = {NOW} - 599000 + 10000 WHERE id = 2", "management server ms2 was started 5"),
        (f"UPDATE mshost SET runid = {NOW} + 5000 WHERE id = 2", "management server ms2 was started 0 s ago"),
    ],
)
async def test_what_is_in_motion_is_not_judged(server: Server, database: Database, what: str, words: str) -> None:
    """An upgrade, also one that was left behind, and a server that has just started: state is told, all else waits."""
    server.run(what)
    outcomes = await told(database)
    assert failed(outcomes).keys() == set(REST)
    assert {failure.reason for failure in failed(outcomes).values()} == {Reason.BEHIND}
    assert all(failure.detail.startswith(words) for failure in failed(outcomes).values())
    assert [times_asked(server, question.text) for question in REST] == [0, 0, 0]


async def test_old_heartbeats_are_told_and_nothing_else_is_asked(server: Server, database: Database) -> None:
    """It is a writable replica of five hours ago, or all management servers are dead: the check on them decides."""
    server.run("UPDATE mshost SET last_update = UTC_TIMESTAMP() - INTERVAL 5 HOUR")
    outcomes = await told(database)
    assert failed(outcomes).keys() == set(REST)
    assert {failure.reason for failure in failed(outcomes).values()} == {Reason.BEHIND}
    assert all("the newest heartbeat of a management server" in one.detail for one in failed(outcomes).values())
    assert {one.heartbeat_age // 3600 for one in outcomes[DATABASE_SERVERS]} == {5.0}
    assert [times_asked(server, question.text) for question in REST] == [0, 0, 0]


@pytest.mark.parametrize(
    ("second", "words"),
    [
        ("+ INTERVAL 3 HOUR", "it shows no heartbeat of a management server, or of the future only"),
        ("- INTERVAL 400 SECOND", "the newest heartbeat of a management server there is 40"),
    ],
)
async def test_heartbeats_of_the_future_are_none_of_now(
    server: Server, database: Database, second: str, words: str
) -> None:
    """The clock of a server that died was hours ahead: what it wrote last does not make the database new."""
    server.run(
        "UPDATE mshost SET last_update = UTC_TIMESTAMP() + INTERVAL 3 HOUR WHERE id = 1",
        f"UPDATE mshost SET last_update = UTC_TIMESTAMP() {second} WHERE id = 2",
    )
    outcomes = await told(database)
    assert failed(outcomes).keys() == set(REST)
    assert {failure.reason for failure in failed(outcomes).values()} == {Reason.BEHIND}
    assert all(words in one.detail for one in failed(outcomes).values())
    assert next(round(one.heartbeat_age, -2) for one in outcomes[DATABASE_SERVERS]) == -10800
    server.run("UPDATE mshost SET last_update = UTC_TIMESTAMP() WHERE id = 2")
    assert failed(await told(database)) == {}


async def test_a_primary_whose_peer_is_down_is_asked_everything(server: Server, database: Database) -> None:
    """Its replication has stopped, and management servers write there."""
    server.run("CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT=1, MASTER_USER='x'", "START SLAVE")
    try:
        outcomes = await told(database)
    finally:
        server.run("STOP SLAVE", "RESET SLAVE ALL")
    assert failed(outcomes) == {}


@pytest.mark.parametrize("runid", ["1", "0", f"{NOW} / 1000", f"{NOW} * 1000", f"{NOW} + 7200000", f"{NOW} - 601000"])
async def test_a_start_that_cannot_be_or_is_long_ago_holds_nothing_up(
    server: Server, database: Database, runid: str
) -> None:
    """Seconds, microseconds, the future: the unit of runid is not written anywhere."""
    server.run(f"UPDATE mshost SET runid = {runid}")
    outcomes = await told(database)
    assert failed(outcomes) == {}
    assert {one.running is None for one in outcomes[DATABASE_SERVERS]} == {not runid.endswith("601000")}


async def test_when_its_state_is_not_told_everything_else_has_that_reason(server: Server, database: Database) -> None:
    """And says so; it was not asked, so that it is asked again at the next visit."""
    server.run("RENAME TABLE mshost TO mshost_gone")
    try:
        outcomes = await told(database)
    finally:
        server.run("RENAME TABLE mshost_gone TO mshost")
    assert failed(outcomes).keys() == {*REST, DATABASE_SERVERS}
    assert outcomes[DATABASE_SERVERS].reason is Reason.UNSUPPORTED
    assert {outcomes[question].reason for question in REST} == {Reason.BEHIND}
    assert all(": database_servers was not answered: " in outcomes[question].detail for question in REST)
    assert "mshost" in outcomes[DATABASE_SERVERS].detail


async def test_a_database_that_is_not_cloudstacks_is_none(server: Server, database: Database) -> None:
    """An empty table of versions is no healthy schema."""
    server.run("DELETE FROM version")
    outcomes = await told(database)
    assert failed(outcomes).keys() == {*REST, DATABASE_VERSIONS}
    assert outcomes[DATABASE_VERSIONS].reason is Reason.UNREADABLE
    assert {outcomes[question].reason for question in REST} == {Reason.BEHIND}


async def test_columns_are_asked_once_and_again_when_the_schema_changes(server: Server, database: Database) -> None:
    """What an upgrade adds is used without a restart; what it takes away is missed by its own question only."""
    due = (*DUE, FREE_WITH_OWNER)
    for _ in range(3):
        assert failed(await told(database, due)) == {}
    assert times_asked(server, COLUMNS) == 1
    server.run(
        "ALTER TABLE user_ip_address CHANGE removed removed_too DATETIME, CHANGE one_to_one_nat gone INT",
        "INSERT INTO version (version, updated, step) VALUES ('4.23.0.0', NOW(), 'Complete')",
    )
    try:
        outcomes = await told(database, due)
    finally:
        server.run("ALTER TABLE user_ip_address CHANGE removed_too removed DATETIME, CHANGE gone one_to_one_nat INT")
    assert failed(outcomes).keys() == {FREE_WITH_OWNER}
    assert outcomes[FREE_WITH_OWNER].reason is Reason.UNSUPPORTED
    assert "one_to_one_nat" in outcomes[FREE_WITH_OWNER].detail
    assert times_asked(server, COLUMNS) == 2


@pytest.mark.parametrize(("hours", "words"), [(-3, "behind ours"), (3, "ahead of ours")])
async def test_a_clock_that_is_hours_off_makes_nothing_of_its_ages(server: Server, hours: int, words: str) -> None:
    """Heartbeats and times of grace are counted by the database's clock: neither is judged by a wrong one."""
    seconds = server.rows(f"SELECT UNIX_TIMESTAMP() + {3600 * hours}")[0][0]
    server.run(f"SET GLOBAL init_connect = 'SET SESSION timestamp = {seconds}'")
    database = Database(server.settings())
    try:
        outcomes = await told(database)
    finally:
        server.run("SET GLOBAL init_connect = ''")
        await database.close()
    assert failed(outcomes).keys() == {*REST, DATABASE_SERVERS}
    assert {failure.reason for failure in failed(outcomes).values()} == {Reason.BEHIND}
    assert all(re.search(f"its clock is 10[78].. s {words}", one.detail) for one in failed(outcomes).values())


async def test_a_locked_table_costs_its_questions_alone(server: Server, database: Database) -> None:
    """Somebody's LOCK TABLES is waited for a second, not for ever."""
    with closing(server.root()) as connection, connection.cursor() as cursor:
        cursor.execute("LOCK TABLES account WRITE")
        outcomes = await told(database)
    assert {question: failure.reason for question, failure in failed(outcomes).items()} == {
        DEDICATED_TO_NOBODY: Reason.TIMEOUT
    }


async def test_a_server_restarted_between_visits_is_asked_again(server: Server, database: Database) -> None:
    """While it is away the visit says why; afterwards everything is answered."""
    assert failed(await told(database)) == {}
    server.stop()
    with pytest.raises(SourceError) as caught:
        await told(database)
    assert caught.value.reason is Reason.REFUSED
    server.start()
    assert failed(await told(database)) == {}
    assert len(server.rows(f"SELECT 1 FROM information_schema.processlist WHERE user = '{READER}'")) == 1


async def test_without_the_section_there_is_nothing_to_ask() -> None:
    """Not configured is a reason, too."""
    with pytest.raises(SourceError) as caught:
        await visit(TARGET, DUE, Ways(), 30.0)
    assert caught.value.reason is Reason.NOT_CONFIGURED
