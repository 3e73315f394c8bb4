"""One session with a database server: verified before anything is sent, read-only, and limited by the server itself."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import aiomysql
import pymysql
from pymysql.constants import CLIENT

from exporter.model import Failure, Reason
from exporter.questions.database_rows import Rows, for_schema
from exporter.sources.database_errors import LOST, PlaintextError, number_of, trouble

MOST_ROWS = 50_000  # of one statement; more is no finding but another database
TURN = 500  # rows taken before others get their turn
SYNTAX = 1064
COLUMNS = (
    "SELECT LOWER(CONCAT(table_name, '.', column_name)) FROM information_schema.columns WHERE table_schema = DATABASE()"
)


@dataclass(slots=True)
class Session:
    """A connection that answers.

    Attributes:
        place: server and port, for people.
        is_mariadb: which spelling of the time limit it knows.
        columns: ``table.column`` of everything that the account is shown.
        lag: seconds that a replica is behind; 0 on a primary, None when it is not told.
        is_stopped: a replica that does not replicate.
    """

    connection: Any
    place: str
    is_mariadb: bool
    columns: frozenset[str] = frozenset()
    lag: float | None = None
    is_stopped: bool = False
    is_lost: bool = False

    async def rows(self, text: str, seconds: float) -> Rows | Failure:
        """Return every row of one statement, or why there are none. The server ends it after ``seconds``."""
        try:
            async with asyncio.timeout(seconds + 2):  # the server's own limit comes first
                await self._limit(seconds)
                return await self._stream(for_schema(text, self.columns))
        except (pymysql.err.Error, OSError, EOFError, ssl.SSLError, ValueError, LookupError, RuntimeError) as error:
            return self._failed(error)

    def _failed(self, error: BaseException) -> Failure:
        number = number_of(error)
        is_answer = isinstance(error, pymysql.err.Error) and number and number not in LOST
        if not is_answer:
            self.close()  # what is not an answer of the server leaves the connection in the middle of something
        if number in LOST or (isinstance(error, OSError | EOFError) and not isinstance(error, TimeoutError)):
            return Failure(Reason.DISCONNECTED, f"{self.place} closed the connection")
        return trouble(error, self.place)

    async def _limit(self, seconds: float) -> None:
        """Let the server end the next statement by itself, in the words that it knows."""
        limit = f"max_statement_time = {seconds:g}" if self.is_mariadb else f"max_execution_time = {seconds * 1000:.0f}"
        await self._execute(f"SET SESSION {limit}")

    async def _execute(self, text: str) -> None:
        async with self.connection.cursor() as cursor:
            await cursor.execute(text)

    async def _stream(self, text: str) -> Rows | Failure:
        """Return the rows, taken a few at a time so that neither side holds them twice."""
        found: list[tuple[Any, ...]] = []
        cursor = await self.connection.cursor(aiomysql.SSCursor)
        await cursor.execute(text)
        while some := await cursor.fetchmany(TURN):
            found += some
            if len(found) > MOST_ROWS:
                self.close()  # reading the rest only to drop it would cost both sides more
                return Failure(Reason.TOO_LARGE, f"{self.place}: more than {MOST_ROWS} rows")
            await asyncio.sleep(0)
        names = tuple(column[0] for column in cursor.description or ())
        await cursor.close()
        return Rows(names, tuple(found))

    async def prepare(self) -> None:
        """Make the session read-only and patient with nobody, and learn the schema and the lag.

        Raises:
            pymysql.err.Error: the server refused.
        """
        await self._execute("SET SESSION TRANSACTION READ ONLY")
        await self._execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
        await self._execute("SET SESSION lock_wait_timeout = 1")
        await self._execute("SET SESSION innodb_lock_wait_timeout = 1")
        await self._limit(10)
        told = await self._stream(COLUMNS)
        self.columns = frozenset(row[0] for row in told.rows) if isinstance(told, Rows) else frozenset()
        self.lag, self.is_stopped = await self._replication()

    async def _replication(self) -> tuple[float | None, bool]:
        """Return the lag in seconds and whether replication has stopped; None where it may not be asked."""
        for words in ("SHOW REPLICA STATUS", "SHOW SLAVE STATUS"):
            try:
                told = await self._stream(words)
            except pymysql.err.Error as error:
                if number_of(error) == SYNTAX:
                    continue
                return None, False
            if isinstance(told, Failure) or not len(told):
                return (None, False) if isinstance(told, Failure) else (0.0, False)
            row = next(iter(told))
            lag = row.get("Seconds_Behind_Source", row.get("Seconds_Behind_Master"))
            return (None, True) if lag is None else (float(lag), False)
        return None, False

    async def ended(self) -> None:
        """Hang up, and return when the socket is closed."""
        writer = self.connection._writer
        self.close()
        if writer is not None:
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    def close(self) -> None:
        """Hang up at once."""
        self.is_lost = True
        hang_up(self.connection)


async def opened(
    server: tuple[str, int], user: str, password: str, name: str, tls: ssl.SSLContext | None, seconds: float
) -> Session:
    """Return a session that is ready.

    Raises:
        pymysql.err.Error, OSError, ssl.SSLError, PlaintextError, TimeoutError: there is none.
    """
    host, port = server
    connection = aiomysql.Connection(
        host=host, port=port, user=user, password=password, db=name, ssl=tls, autocommit=True, charset="utf8mb4",
        connect_timeout=seconds, program_name="cloudstack-network-exporter", local_infile=False,
    )  # fmt: skip
    if tls is not None:
        _insist_on_tls(connection)
    try:
        async with asyncio.timeout(2 * seconds):
            await connection._connect()
            session = Session(connection, f"{host}:{port}", "mariadb" in connection.get_server_info().lower())
            await session.prepare()
    except BaseException:
        hang_up(connection)
        raise
    return session


def hang_up(connection: Any) -> None:
    """Let go of a connection; a polite close would wait for the other side."""
    if connection._writer is not None:
        connection._writer.transport.abort()
    connection.close()


def _insist_on_tls(connection: Any) -> None:
    """Have the connection refuse a server without TLS before it sends a name or a password.

    aiomysql goes on in the clear when a server, or whoever stands before it, says that it has no TLS.
    """
    prove: Callable[[], Awaitable[None]] = connection._request_authentication

    async def prove_over_tls() -> None:
        if not connection.server_capabilities & CLIENT.SSL:
            raise PlaintextError
        await prove()

    connection._request_authentication = prove_over_tls
