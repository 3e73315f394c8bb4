"""One session with a database server: verified before anything is sent, read-only, and limited by the server itself."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import aiomysql
import pymysql
from pymysql.constants import CLIENT

from exporter.model import Failure, Reason, SourceError, UnreadableError
from exporter.questions.database.rows import OPTIONAL, Rows, for_schema
from exporter.sources.database_errors import LOST, TROUBLES, number_of, trouble
from exporter.sources.database_freshness import CLOCK, HEARTBEAT, REPLICATION, Freshness, clock, heartbeat, replication

MOST_ROWS = 200_000  # of one statement: one for each machine of a large cloud; more is no finding but another database
MOST_BYTES = 32 * 1024 * 1024  # of one statement, and of the greeting
TURN = 500  # rows taken before others get their turn
OWN_SECONDS = 5.0  # limit of what the session asks for itself
COLUMNS = (
    "SELECT LOWER(CONCAT(table_name, '.', column_name)) FROM information_schema.columns WHERE table_schema = DATABASE()"
)
REFUSED = frozenset({Reason.PERMISSION, Reason.UNSUPPORTED})
"""Why a statement fails whose columns are not those that are there, or granted, now."""
SETTINGS = (
    "SET SESSION TRANSACTION READ ONLY",
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
    "SET SESSION lock_wait_timeout = 1",
    "SET SESSION innodb_lock_wait_timeout = 1",
    "SET SESSION wait_timeout = 300",
    "SET SESSION sql_mode = ''",
)
"""Read-only, patient with nobody who holds a lock, soon forgotten when we are gone, and of one meaning everywhere.

A session whose end the server never hears keeps its place among those of the account for as long as it may be idle:
eight hours, if nobody says less. Whoever visits more seldom than that is let in anew each time.
"""


@dataclass(slots=True)
class Session:
    """A connection that answers.

    Attributes:
        rank: place of its server among those configured; 0 is preferred.
        place: server and port, for people.
        is_mariadb: which spelling of the time limit it knows.
        columns: ``table.column`` of everything that the account is shown; None when it is to be asked (again), a
            Failure when it was not told.
        schema: the versions for which they were asked.
        is_doubtful: the columns are to be asked again at the next measurement: they were not told, or a statement that
            depends on them was refused, so that by then another column or table may be there or granted.
    """

    connection: Any
    rank: int
    place: str
    is_mariadb: bool
    freshness: Freshness = field(default_factory=Freshness)
    columns: frozenset[str] | Failure | None = None
    schema: object = None
    is_doubtful: bool = False
    is_lost: bool = False
    _bytes: int = 0

    async def rows(self, text: str, seconds: float) -> Rows | Failure:
        """Return every row of one statement, or why there are none. The server ends it after ``seconds``.

        The columns are asked before the first statement that depends on them, in time of their own.
        """
        if not OPTIONAL.search(text):
            return await self._rows(text, seconds)
        columns = await self._columns()
        if isinstance(columns, Failure):
            return columns
        told = await self._rows(for_schema(text, columns), seconds)
        self.is_doubtful |= isinstance(told, Failure) and told.reason in REFUSED
        return told

    async def _columns(self) -> frozenset[str] | Failure:
        if self.columns is None:
            told = await self._rows(COLUMNS, OWN_SECONDS)
            self.is_doubtful |= isinstance(told, Failure)
            self.columns = told if isinstance(told, Failure) else frozenset(row[0] for row in told.rows)
        return self.columns

    async def _rows(self, text: str, seconds: float) -> Rows | Failure:
        try:
            async with asyncio.timeout(seconds + 2):  # the server's own limit comes first
                await self._limit(seconds)
                return await self._stream(text)
        except TROUBLES as error:
            return self._failed(error)
        except BaseException:
            self.close()  # given up in the middle of an answer: the next one would begin with its rest
            raise

    def fits(self, schema: object) -> None:
        """Forget the columns when the schema is another than that for which they were asked."""
        if schema != self.schema:
            self.schema, self.columns = schema, None

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

    async def _stream(self, text: str) -> Rows:
        """Return the rows, taken a few at a time so that neither side holds them twice."""
        self._bytes = 0
        found: list[tuple[Any, ...]] = []
        cursor = await self.connection.cursor(aiomysql.SSCursor)
        await cursor.execute(text)
        while some := await cursor.fetchmany(TURN):
            found += some
            if len(found) > MOST_ROWS:
                words = f"sent more than {MOST_ROWS} rows"
                raise SourceError(
                    Reason.TOO_LARGE, words
                )  # reading the rest only to drop it would cost both sides more
            await asyncio.sleep(0)
        names = tuple(column[0] for column in cursor.description or ())
        await cursor.close()
        return Rows(names, tuple(found))

    async def prepare(self) -> None:
        """Make the session read-only and impatient.

        Raises:
            pymysql.err.Error: the server refused.
        """
        for text in SETTINGS:
            await self._execute(text)

    async def measure(self, unix: Callable[[], float]) -> Failure | None:
        """Learn how fresh the server is now, beside our own clock; return why it cannot be asked, if so."""
        if self.is_doubtful:
            self.columns, self.is_doubtful = None, False
        try:
            return await self._measure(unix)
        except UnreadableError as error:
            return Failure(Reason.UNREADABLE, f"{self.place}: {error}")

    async def _measure(self, unix: Callable[[], float]) -> Failure | None:
        told = await self.rows(CLOCK, OWN_SECONDS)
        if isinstance(told, Failure):
            return told
        now, is_read_only = clock(told)
        lag, is_stopped = await self._replication() or (None, False)
        self.freshness = Freshness(lag, await self._heartbeat(), is_read_only, is_stopped, ahead=now - unix())
        return Failure(Reason.DISCONNECTED, f"{self.place} closed the connection") if self.is_lost else None

    async def _replication(self) -> tuple[float | None, bool] | None:
        """Return the lag and whether replication has stopped; None where there is none or it may not be asked."""
        for words in REPLICATION[self.is_mariadb]:
            told = await self.rows(words, OWN_SECONDS)
            if isinstance(told, Rows):
                return replication(told)
            if self.is_lost or told.reason is Reason.PERMISSION:
                break
        return None

    async def _heartbeat(self) -> float | None:
        told = await self.rows(HEARTBEAT, OWN_SECONDS)
        return None if isinstance(told, Failure) else heartbeat(told)

    def count(self) -> None:
        """Have the connection refuse whoever sends without end; aiomysql would take packets of any size."""
        read: Callable[[int], Awaitable[bytes]] = self.connection._read_bytes

        async def counted(number: int) -> bytes:
            self._bytes += number
            if self._bytes > MOST_BYTES:
                raise SourceError(Reason.TOO_LARGE, f"sent more than {MOST_BYTES >> 20} MiB")
            return await read(number)

        self.connection._read_bytes = counted

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


async def opened(connection: Any, rank: int, tls: ssl.SSLContext | None, seconds: float) -> Session:
    """Return a session that is ready, from a connection of aiomysql that was not opened yet.

    Raises:
        TROUBLES: there is none.
    """
    session = Session(connection, rank, f"{connection.host}:{connection.port}", is_mariadb=False)
    session.count()
    if tls is not None:
        _insist_on_tls(connection)
    try:
        async with asyncio.timeout(seconds):
            await connection._connect()
            session.is_mariadb = "mariadb" in connection.get_server_info().lower()
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
            raise SourceError(Reason.TLS, "offers no TLS; nothing was sent to it")
        await prove()

    connection._request_authentication = prove_over_tls
