"""The database source before a real MariaDB: read-only, verified, bounded, and right about what went wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from exporter.model import Failure, Question, Reason, SourceError, Via
from exporter.questions.database.rows import Rows
from exporter.sources.database import Database, DatabaseSettings
from exporter.sources.database_session import MOST_ROWS
from tests.database_asking import ask
from tests.mariadb import READER, SECRET, Server, mariadb

pytestmark = [pytest.mark.real, pytest.mark.timeout(180), pytest.mark.xdist_group("mariadb")]


def asks(text: str, seconds: float = 2.0, name: str = "") -> Question[Any]:
    return Question(name or text, Via.DATABASE, text, str, "SELECT", "a test", seconds=seconds)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with mariadb(tmp_path_factory.mktemp("db")) as running:
        running.run(
            "INSERT INTO op_lock (`key`, mac, ip, thread, acquired_on, waiters) VALUES ('a','1','t','x',NOW(),0)"
        )
        yield running


async def answer(server: Server, *texts: str, seconds: float = 20.0, **changes: Any) -> list[Rows | Failure]:
    """Return what one visit with these statements brought."""
    database = Database(server.settings(**changes))
    try:
        found = await ask(database, [asks(text) for text in texts], seconds)
        return list(found.values())
    finally:
        await database.close()


def reason(told: Rows | Failure) -> Reason | None:
    return told.reason if isinstance(told, Failure) else None


async def test_rows_come_with_the_names_of_their_columns(server: Server) -> None:
    """Every statement of one visit is answered, in one session over TLS."""
    one, two = await answer(server, "SELECT 1 AS a, 'x' AS b", "SHOW SESSION STATUS LIKE 'Ssl_cipher'")
    assert isinstance(one, Rows)
    assert list(one) == [{"a": 1, "b": "x"}]
    assert isinstance(two, Rows)
    assert two.rows[0][1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("INSERT INTO op_lock (`key`) VALUES ('b')", {Reason.PERMISSION, Reason.FAILED}),
        ("UPDATE op_lock SET waiters = 1", {Reason.PERMISSION, Reason.FAILED}),
        ("SELECT nothing FROM op_lock", {Reason.UNSUPPORTED}),
        ("SELECT 1 FROM no_table_at_all", {Reason.PERMISSION, Reason.UNSUPPORTED}),
        ("SELECT 1 FROM mysql.user", {Reason.PERMISSION}),
        ("SELEC 1", {Reason.FAILED}),
        ("SELECT SLEEP(9)", {Reason.TIMEOUT, None}),
    ],
)
async def test_each_trouble_is_a_reason_of_its_own_statement(
    server: Server, text: str, expected: set[Reason | None]
) -> None:
    """The statement after it is answered; the answer never holds the password."""
    bad, good = await answer(server, text, "SELECT 1")
    assert reason(bad) in expected
    assert SECRET not in str(bad)
    assert isinstance(good, Rows)


async def test_even_root_cannot_write_through_it(server: Server) -> None:
    """Read-only by session, not by grant alone."""
    server.run(
        "CREATE OR REPLACE USER strong@'%' IDENTIFIED BY 'canary-7c1d' REQUIRE SSL", "GRANT ALL ON *.* TO strong@'%'"
    )
    (told,) = await answer(server, "DELETE FROM op_lock", user="strong")
    assert isinstance(told, Failure)
    assert "READ ONLY" in told.detail
    with closing(server.root()) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM op_lock")
        assert cursor.fetchone() == (1,)


async def test_the_server_itself_ends_what_takes_too_long(server: Server) -> None:
    """A statement past its limit is a timeout by the server's word, and nothing runs on there."""
    database = Database(server.settings())
    slow = (
        "SELECT COUNT(*) FROM information_schema.columns a, information_schema.columns b, information_schema.columns c"
    )
    found = await ask(database, [asks(slow, seconds=0.5), asks("SELECT 2")], 20.0)
    assert [reason(told) for told in found.values()] == [Reason.TIMEOUT, None]
    with closing(server.root()) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT info FROM information_schema.processlist WHERE user = %s AND info IS NOT NULL", (READER,)
        )
        assert cursor.fetchall() == ()
    await database.close()


async def test_a_lock_is_not_waited_for_long(server: Server) -> None:
    """A table that somebody has locked costs a second or two and is a timeout."""
    with closing(server.root()) as connection, connection.cursor() as cursor:
        cursor.execute("LOCK TABLES op_lock WRITE")
        locked, other = await answer(server, "SELECT * FROM op_lock", "SELECT COUNT(*) FROM account")
        cursor.execute("UNLOCK TABLES")
    assert reason(locked) is Reason.TIMEOUT
    assert isinstance(other, Rows)


def kill(server: Server, what: str = "CONNECTION", running: str = "%") -> int:
    """End the sessions of the reading account, or their statements, that match; return how many."""
    with closing(server.root()) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM information_schema.processlist WHERE user = %s AND COALESCE(info, '') LIKE %s",
            (READER, running),
        )
        numbers = [number for (number,) in cursor.fetchall()]
        for number in numbers:
            cursor.execute(f"KILL {what} {number}")
    return len(numbers)


async def test_a_session_killed_between_visits_is_made_anew(server: Server) -> None:
    """The next visit notices before it asks anything."""
    database = Database(server.settings())
    assert await ask(database, [asks("SELECT 1")], 20.0)
    assert kill(server) == 1
    again = await ask(database, [asks("SELECT 1"), asks("SELECT 2")], 20.0)
    assert [reason(told) for told in again.values()] == [None, None]
    await database.close()


@pytest.mark.parametrize("what", ["CONNECTION", "QUERY"])
async def test_what_is_killed_in_the_middle_says_so(server: Server, what: str) -> None:
    """It costs the statement that ran; those after it are answered, over a new session if need be."""
    database = Database(server.settings())
    visit = asyncio.create_task(ask(database, [asks("SELECT SLEEP(30) AS a", 40.0), asks("SELECT 2")], 60.0))
    while not kill(server, what, "SELECT SLEEP%"):
        await asyncio.sleep(0.05)
    first, second = (await visit).values()
    assert reason(first) is Reason.DISCONNECTED
    assert reason(second) is None
    await database.close()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"password": "wrong"}, Reason.AUTH),
        ({"user": "nobody-we-know"}, Reason.AUTH),
        ({"name": "other_cloud"}, Reason.PERMISSION),
        ({"ca_file": None}, Reason.TLS),
        ({"servers": (("127.0.0.1", 1),)}, Reason.REFUSED),
        ({"servers": (("no-such-host.invalid", 3306),)}, Reason.DNS),
    ],
)
async def test_who_is_not_let_in_is_told_why(server: Server, changes: dict[str, Any], expected: Reason) -> None:
    """Each refusal has its reason; none holds the password."""
    with pytest.raises(SourceError) as caught:
        await answer(server, "SELECT 1", **changes)
    assert caught.value.reason is expected
    assert SECRET not in str(caught.value)


async def test_a_certificate_of_another_name_is_refused(server: Server) -> None:
    """Signed by the right authority, and still not the server that was meant."""
    with pytest.raises(SourceError) as caught:
        await answer(server, "SELECT 1", servers=(("127.1", server.port),))
    assert caught.value.reason is Reason.TLS
    assert "mismatch" in caught.value.detail.lower()


async def test_a_real_server_without_tls_is_refused(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Unless TLS is switched off, which the configuration allows towards loopback only."""
    with mariadb(tmp_path_factory.mktemp("plain"), "skip-ssl") as plain:
        plain.run("CREATE USER plain@'127.0.0.1' IDENTIFIED BY 'canary-7c1d'")
        plain.run("GRANT SELECT ON cloud.* TO plain@'127.0.0.1'")
        with pytest.raises(SourceError) as caught:
            await answer(plain, "SELECT 1", user="plain")
        assert caught.value.reason is Reason.TLS
        (told,) = await answer(plain, "SELECT 1", user="plain", tls=False)
        assert isinstance(told, Rows)


async def test_an_account_whose_sessions_are_all_taken_is_throttled(server: Server) -> None:
    """Somebody else uses our account."""
    server.run(
        "CREATE OR REPLACE USER narrow@'%' IDENTIFIED BY 'canary-7c1d' REQUIRE SSL WITH MAX_USER_CONNECTIONS 1",
        "GRANT SELECT ON cloud.* TO narrow@'%'",
    )
    first, second = Database(server.settings(user="narrow")), Database(server.settings(user="narrow"))
    await ask(first, [asks("SELECT 1")], 10.0)
    with pytest.raises(SourceError) as caught:
        await ask(second, [asks("SELECT 1")], 10.0)
    assert caught.value.reason is Reason.THROTTLED
    await first.close()
    await second.close()


async def test_the_first_fresh_server_is_asked(server: Server) -> None:
    """A server that is away is passed over."""
    (told,) = await answer(server, "SELECT 1", servers=(("127.0.0.1", 1), ("127.0.0.1", server.port)))
    assert isinstance(told, Rows)


async def test_absent_columns_leave_their_part_out(server: Server) -> None:
    """A part in double brackets is asked only where its column exists."""
    text = "SELECT 1 AS a[[op_lock.waiters:, 2 AS b]][[op_lock.never:, 3 AS c]] FROM op_lock"
    (told,) = await answer(server, text)
    assert isinstance(told, Rows)
    assert told.columns == ("a", "b")


@pytest.mark.parametrize(
    "text",
    [
        f"SELECT seq FROM seq_1_to_{MOST_ROWS + 1}",
        "SELECT REPEAT('x', 1000000) FROM seq_1_to_60",
    ],
    ids=["rows", "bytes"],
)
async def test_too_much_is_refused_and_the_rest_is_answered(server: Server, text: str) -> None:
    """Another database than we think does not fill our memory."""
    database = Database(server.settings())
    large, other = (await ask(database, [asks(text, seconds=10.0), asks("SELECT 1")], 30.0)).values()
    assert reason(large) is Reason.TOO_LARGE
    assert isinstance(other, Rows)
    await database.close()


async def test_bytes_and_nothing_arrive_as_they_are(server: Server) -> None:
    """What is no text is none for the reader either, NULL is None, and a date that is none does no harm."""
    text = "SELECT x'ff00fe' AS a, NULL AS b, CAST('0000-00-00' AS DATETIME) AS c, '\U0001f4a9' AS d"
    (told,) = await answer(server, text)
    assert isinstance(told, Rows)
    assert told.rows == ((b"\xff\x00\xfe", None, "0000-00-00 00:00:00", "\U0001f4a9"),)


async def test_one_set_of_statements_at_a_time(server: Server) -> None:
    """Two visits at once take turns on one connection."""
    database = Database(server.settings())
    await asyncio.gather(*(ask(database, [asks("SELECT SLEEP(0.1)")], 20.0) for _ in range(4)))
    with closing(server.root()) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM information_schema.processlist WHERE user = %s", (READER,))
        assert cursor.fetchone() == (1,)
    await database.close()


async def test_a_server_without_tls_is_sent_nothing() -> None:
    """Whoever says that there is no TLS here never hears a name or a password."""
    heard, ended = bytearray(), asyncio.Event()
    greeting = b"\x0a5.5.5-10.11.6-MariaDB\x00" + b"\x01\x00\x00\x00" + b"a" * 8 + b"\x00" + b"\x0d\xa2" + b"\x2d"
    greeting += b"\x02\x00" + b"\x0f\x80" + b"\x15" + b"\x00" * 10 + b"b" * 12 + b"\x00" + b"mysql_native_password\x00"

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(len(greeting).to_bytes(3, "little") + b"\x00" + greeting)
        heard.extend(await reader.read(65536))
        writer.close()
        await writer.wait_closed()
        ended.set()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    async with listener:
        database = Database(DatabaseSettings(servers=(("127.0.0.1", port),), user=READER, password=SECRET))
        with pytest.raises(SourceError) as caught:
            await ask(database, [asks("SELECT 1")], 10.0)
        await ended.wait()
    assert caught.value.reason is Reason.TLS
    assert bytes(heard) == b""
