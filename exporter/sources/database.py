"""CloudStack's database: read-only by grant and by session, one connection, every statement bounded."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pymysql

from exporter.model import Failure, Question, Reason, SourceError
from exporter.questions.database_rows import Rows
from exporter.sources.database_errors import PlaintextError, trouble
from exporter.sources.database_session import Session, opened


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseSettings:
    """How the database is reached.

    Attributes:
        servers: name or address and port, replicas first: the first that answers and is fresh is asked.
        ca_file: CA certificates (PEM) that sign the servers' certificates; None: the system's.
        tls: False only towards loopback, where nobody listens in between.
        lag_seconds: a replica that is further behind is passed over while there is another server.
    """

    servers: tuple[tuple[str, int], ...]
    user: str
    password: str = field(repr=False)
    name: str = "cloud"
    tls: bool = True
    ca_file: Path | None = None
    connect_seconds: float = 5.0
    lag_seconds: float = 60.0


class Database:
    """One session that lasts and is made anew when it breaks; never more than one set of statements in flight.

    A second connection exists only while another server is tried.

    Raises:
        OSError: when ``settings.ca_file`` cannot be loaded.
    """

    def __init__(self, settings: DatabaseSettings) -> None:
        self._settings = settings
        self._session: Session | None = None
        self._turn = asyncio.Lock()
        self._tls = ssl.create_default_context(cafile=settings.ca_file) if settings.tls else None

    async def ask(self, questions: Sequence[Question[Any]], seconds: float) -> Mapping[Question[Any], Rows | Failure]:
        """Return rows or a Failure for every question; what is not asked before ``seconds`` are over is a timeout.

        Raises:
            SourceError: no server could be asked at all.
        """
        found: dict[Question[Any], Rows | Failure] = {}
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        async with self._turn:
            session = await self._ready()
            for question in questions:
                left = until - loop.time()
                if session.is_lost or left <= 0:
                    break
                found[question] = await session.rows(question.text, min(question.seconds, left))
        rest = Failure(Reason.TIMEOUT, f"{session.place}: no time was left")
        if session.is_lost:
            rest = Failure(Reason.DISCONNECTED, f"{session.place}: the connection ended at a statement before")
        return {question: found.get(question, rest) for question in questions}

    @property
    def server(self) -> Session | None:
        """Return the session in use, which knows its server, schema and lag."""
        return self._session

    async def _ready(self) -> Session:
        """Return the session in use, or a new one with the first fresh server; else the least bad.

        Raises:
            SourceError: no server lets us in; the reason is the first server's.
        """
        if self._session is not None and not self._session.is_lost:
            return self._session
        failures: list[Failure] = []
        behind: Session | None = None
        for server in self._settings.servers:
            session = await self._opened(server)
            if isinstance(session, Failure):
                failures.append(session)
            elif self._is_fresh(session):
                if behind is not None:
                    behind.close()
                self._session = session
                return session
            elif behind is None:
                behind = session
            else:
                session.close()
        if behind is None:
            raise SourceError(failures[0].reason, failures[0].detail)
        self._session = behind
        return behind

    def _is_fresh(self, session: Session) -> bool:
        return not session.is_stopped and (session.lag or 0.0) <= self._settings.lag_seconds

    async def _opened(self, server: tuple[str, int]) -> Session | Failure:
        given = self._settings
        try:
            return await opened(server, given.user, given.password, given.name, self._tls, given.connect_seconds)
        except (pymysql.err.Error, OSError, EOFError, PlaintextError, RuntimeError, ValueError) as error:
            return trouble(error, f"{server[0]}:{server[1]}")

    async def close(self) -> None:
        """Hang up."""
        if self._session is not None:
            await self._session.ended()
