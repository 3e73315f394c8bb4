"""Which server is asked, with a real primary and a real replica: lag, a stop, a way back that does not flap."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from dataclasses import dataclass

import pymysql.cursors
import pytest

from exporter.clock import SystemClock
from exporter.sources.database import Database, DatabaseSettings
from exporter.sources.database_freshness import Freshness
from exporter.sources.database_servers import FIRST_PAUSE, LONGEST_PAUSE
from tests.mariadb import READER, Server, mariadb, replicate

pytestmark = [pytest.mark.real, pytest.mark.timeout(180), pytest.mark.xdist_group("mariadb")]
OPTIONS = ("log-bin", "binlog-format = MIXED")


@dataclass
class Hands:
    """A clock whose boot time is moved by the test; unix time is true but for what a test adds."""

    moved: float = 0.0
    wrong: float = 0.0

    def boot(self) -> float:
        return self.moved

    def unix(self) -> float:
        return SystemClock().unix() + self.wrong


@dataclass
class Pair:
    """Two servers of which the replica is preferred."""

    primary: Server
    replica: Server
    clock: Hands
    database: Database
    seen: list[tuple[str, Freshness]]

    async def visit(self, pause: float = 0.0) -> tuple[str, str]:
        """Return which server is asked after a pause, and why it cannot be judged. The cloud's hearts beat."""
        self.clock.moved += pause
        self.primary.run("UPDATE mshost SET last_update = UTC_TIMESTAMP()")
        async with self.database.turn(30.0) as turn:
            ports = {self.primary.port: "primary", self.replica.port: "replica"}
            return ports[int(turn.session.place.rpartition(":")[2])], turn.behind

    def status(self) -> dict[str, object]:
        """Return what the replica says of its replication."""
        with closing(self.replica.root()) as connection, connection.cursor(pymysql.cursors.DictCursor) as cursor:
            cursor.execute("SHOW SLAVE STATUS")
            return dict(cursor.fetchone() or {})

    def follows(self, *statements: str) -> None:
        """Run statements on the replica and wait until it has everything and goes on."""
        self.replica.run(*statements)
        mark = str(time.monotonic_ns())
        self.primary.run(f"INSERT INTO marks VALUES ('{mark}')")
        wait(lambda: bool(self.replica.rows("SHOW TABLES LIKE 'marks'")))
        wait(lambda: bool(self.replica.rows(f"SELECT 1 FROM marks WHERE word = '{mark}'")))
        wait(lambda: self.status()["Seconds_Behind_Master"] == 0)

    def sessions(self) -> tuple[int, int]:
        """Return how many sessions the reading account has on primary and replica."""
        text = f"SELECT COUNT(*) FROM information_schema.processlist WHERE user = '{READER}'"
        return tuple(int(str(server.rows(text)[0][0])) for server in (self.primary, self.replica))  # type: ignore[return-value]


def wait(until: Callable[[], bool]) -> None:
    """Wait for a fact of the servers."""
    ends = time.monotonic() + 60
    while not until():
        assert time.monotonic() < ends, "it does not come about"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Server]]:
    with (
        mariadb(tmp_path_factory.mktemp("p"), "server-id = 1", *OPTIONS) as primary,
        mariadb(tmp_path_factory.mktemp("r"), "server-id = 2", "read-only = 1", "max-connections = 30") as replica,
    ):
        authority = (primary.folder / "ca.pem").read_bytes() + (replica.folder / "ca.pem").read_bytes()
        (primary.folder / "both.pem").write_bytes(authority)
        replicate(primary, replica)
        primary.run("CREATE TABLE marks (word VARCHAR(40))")
        yield primary, replica


@pytest.fixture
async def pair(servers: tuple[Server, Server]) -> AsyncIterator[Pair]:
    primary, replica = servers
    clock, seen = Hands(), []  # type: ignore[var-annotated]
    both = (("127.0.0.1", replica.port), ("127.0.0.1", primary.port))
    database = Database(primary.settings(servers=both, ca_file=primary.folder / "both.pem"), clock)
    database.tell(lambda place, freshness: seen.append((place, freshness)), seen.clear)
    made = Pair(primary, replica, clock, database, seen)
    beats(made)
    made.follows("STOP SLAVE", "CHANGE MASTER TO MASTER_DELAY = 0", "START SLAVE")
    yield made
    await database.close()


def beats(pair: Pair, last_update: str | None = "UTC_TIMESTAMP()") -> None:
    """Write what management servers wrote last; None: there is no row of any."""
    insert = (
        "INSERT INTO mshost (msid, runid, state, service_ip, service_port, last_update) VALUES (9, 1, 'Up', 'x', 1, "
    )
    inserts = [f"{insert}{last_update})"] if last_update else []
    pair.primary.run("SET SESSION sql_mode = ''", "DELETE FROM mshost", *inserts)


def slow(pair: Pair, seconds: int = 3600) -> None:
    """Make the replica lag by about so many seconds: it waits with what was written then."""
    pair.replica.run("STOP SLAVE", "CHANGE MASTER TO MASTER_DELAY = 86400", "START SLAVE")
    pair.primary.run(
        f"SET SESSION timestamp = UNIX_TIMESTAMP() - {seconds}",
        "INSERT INTO marks VALUES ('late')",
    )
    wait(lambda: int(str(pair.status()["Seconds_Behind_Master"] or 0)) >= seconds)


async def test_a_replica_that_follows_is_asked(pair: Pair) -> None:
    """One session, on the replica; its role and lag are told."""
    assert await pair.visit() == ("replica", "")
    assert await pair.visit(FIRST_PAUSE) == ("replica", "")
    assert pair.sessions() == (0, 1)
    place, freshness = pair.seen[-1]
    assert place.endswith(str(pair.replica.port))
    assert (freshness.role, freshness.lag) == ("replica", 0.0)
    assert freshness.heartbeat is not None
    assert abs(freshness.ahead) < 60


@pytest.mark.parametrize("how", ["stops", "lags", "goes"])
async def test_a_replica_that_falls_behind_is_left_at_once_and_taken_again_when_it_is_back(
    pair: Pair, how: str
) -> None:
    """In the same visit; back after the pause, without a restart."""
    assert await pair.visit() == ("replica", "")
    if how == "stops":
        pair.replica.run("STOP SLAVE SQL_THREAD")
    elif how == "lags":
        slow(pair)
    else:
        pair.replica.stop()
    assert await pair.visit() == ("primary", "")
    assert pair.seen[-1][1].role == "primary"
    assert await pair.visit(FIRST_PAUSE) == ("primary", "")  # looked at again, and not fit
    if how == "goes":
        pair.replica.start()
    pair.follows("STOP SLAVE", "CHANGE MASTER TO MASTER_DELAY = 0", "START SLAVE")
    assert await pair.visit(FIRST_PAUSE) == ("primary", "")  # the pause has doubled
    assert await pair.visit(FIRST_PAUSE) == ("replica", "")
    wait(lambda: pair.sessions() == (0, 1))


async def test_it_does_not_go_to_and_fro(pair: Pair) -> None:
    """Each way back takes twice as long as the one before, until the replica was good for long."""
    assert await pair.visit() == ("replica", "")
    waited = []
    for _ in range(6):
        pair.replica.run("STOP SLAVE SQL_THREAD")
        assert await pair.visit() == ("primary", "")
        pair.follows("START SLAVE")
        waited.append(0.0)
        while (await pair.visit(30.0))[0] == "primary":
            waited[-1] += 30.0
    assert waited == [30.0, 90.0, 210.0, 450.0, 870.0, 870.0]
    assert await pair.visit(LONGEST_PAUSE + 1) == ("replica", "")
    pair.replica.run("STOP SLAVE SQL_THREAD")
    assert await pair.visit() == ("primary", "")
    pair.follows("START SLAVE")
    assert await pair.visit(FIRST_PAUSE) == ("replica", "")


async def test_while_all_are_behind_the_least_bad_is_asked_and_says_so(pair: Pair) -> None:
    """Others are looked at with growing pauses, never over more than two sessions; one that is back is taken."""
    slow(pair)
    twice = (("127.0.0.1", pair.replica.port), ("localhost", pair.replica.port))
    settings = pair.primary.settings(servers=twice, ca_file=pair.primary.folder / "both.pem", password="canary-7c1d")
    database = Database(settings, pair.clock)
    pair.replica.run("FLUSH STATUS")
    for pause in (0.0, 60.0, 60.0, 60.0, 600.0):
        pair.clock.moved += pause
        async with database.turn(30.0) as turn:
            assert turn.session.rank == 0
            assert turn.behind.startswith("it is 36")
    assert int(str(pair.replica.rows("SHOW GLOBAL STATUS LIKE 'Max_used_connections'")[0][1])) == 2
    wait(lambda: pair.sessions() == (0, 1))
    pair.follows("STOP SLAVE", "CHANGE MASTER TO MASTER_DELAY = 0", "START SLAVE")
    async with database.turn(30.0) as turn:
        assert turn.behind == ""
    await database.close()


async def test_a_lag_that_may_not_be_asked_is_bounded_by_heartbeats(pair: Pair) -> None:
    """A replica that will not say is as old as the newest heartbeat at most; without one nobody knows."""
    only = pair.primary.settings(servers=(("127.0.0.1", pair.replica.port),), ca_file=pair.primary.folder / "both.pem")
    pair.replica.run("SET SESSION sql_log_bin = 0", f"REVOKE SLAVE MONITOR ON *.* FROM {READER}@'%'")
    try:
        for last_update, words in (
            ("UTC_TIMESTAMP()", ""),
            ("UTC_TIMESTAMP() - INTERVAL 1 HOUR", "the newest heartbeat of a management server there is 36"),
            (None, "it shows no heartbeat of a management server"),
        ):
            beats(pair, last_update)
            pair.follows()
            past, behind = await troubles(only, pair)
            assert past == ""
            assert behind.startswith(words)
            assert bool(behind) == bool(words)
    finally:
        pair.replica.run(f"GRANT SLAVE MONITOR ON *.* TO {READER}@'%'")


async def troubles(settings: DatabaseSettings, pair: Pair) -> tuple[str, str]:
    """Return why the one server is of the past, and why it cannot be judged."""
    database = Database(settings, pair.clock)
    try:
        async with database.turn(30.0) as turn:
            return turn.past, turn.behind
    finally:
        await database.close()


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ((), ""),
        (("UPDATE mshost SET last_update = UTC_TIMESTAMP() - INTERVAL 5 HOUR",), ", and its replication has stopped"),
    ],
)
async def test_a_primary_whose_peer_is_down_is_judged_by_its_heartbeats(
    pair: Pair, how: tuple[str, ...], words: str
) -> None:
    """One of two primaries is down, or one was promoted and should still follow the old one: it is written."""
    only = pair.primary.settings()
    pair.primary.run(
        "CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT=1, MASTER_USER='x', MASTER_PASSWORD='y'",
        "START SLAVE",
        *how,
    )
    try:
        past, behind = await troubles(only, pair)
    finally:
        pair.primary.run("STOP SLAVE", "RESET SLAVE ALL")
    assert past == ""
    assert behind.endswith(words)
    assert bool(behind) == bool(words)


async def test_a_replica_that_can_be_written_and_says_nothing_is_left_when_its_heartbeats_are_old(pair: Pair) -> None:
    """It may not be asked for its lag, and follows nobody any more: it looks like a primary of hours ago."""
    beats(pair, "UTC_TIMESTAMP() - INTERVAL 5 HOUR")
    pair.follows()
    pair.replica.run("STOP SLAVE", "SET GLOBAL read_only = 0", f"REVOKE SLAVE MONITOR ON *.* FROM {READER}@'%'")
    only = pair.primary.settings(servers=(("127.0.0.1", pair.replica.port),), ca_file=pair.primary.folder / "both.pem")
    try:
        past, behind = await troubles(only, pair)
        assert await pair.visit() == ("primary", "")
    finally:
        pair.replica.run("SET GLOBAL read_only = 1", f"GRANT SLAVE MONITOR ON *.* TO {READER}@'%'", "START SLAVE")
    assert past == ""
    assert behind.startswith("the newest heartbeat of a management server there is 1800")


async def test_while_all_management_servers_are_dead_their_heartbeats_are_told(pair: Pair) -> None:
    """No server can be judged then, and none is of the past: the preferred one stays."""
    beats(pair, "UTC_TIMESTAMP() - INTERVAL 5 HOUR")
    pair.follows()
    async with pair.database.turn(30.0) as turn:
        assert turn.session.place.endswith(str(pair.replica.port))
        assert turn.past == ""
        assert turn.behind.startswith("the newest heartbeat of a management server there is 1800")


async def test_a_replica_that_forgot_whom_it_follows_is_not_taken_for_a_primary(pair: Pair) -> None:
    """It is read-only, and its last heartbeat is of then."""
    beats(pair, "UTC_TIMESTAMP() - INTERVAL 2 MINUTE")
    pair.follows()
    pair.replica.run("STOP SLAVE", "RESET SLAVE ALL")
    try:
        assert await pair.visit() == ("primary", "")
    finally:
        pair.replica.run(
            f"CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT={pair.primary.port}, MASTER_USER='follower',"
            " MASTER_PASSWORD='follows', MASTER_USE_GTID=slave_pos",
            "START SLAVE",
        )


@pytest.mark.parametrize(("wrong", "words"), [(7200.0, "behind ours"), (-7200.0, "ahead of ours"), (60.0, "")])
async def test_clocks_that_differ_by_hours_are_said(pair: Pair, wrong: float, words: str) -> None:
    """Theirs or ours: which one cannot be told here; a minute is no matter."""
    pair.clock.wrong = wrong
    place, behind = await pair.visit()
    assert place == "replica"
    assert behind.endswith(words)
    assert bool(behind) == bool(words)
