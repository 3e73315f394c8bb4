"""CloudStack's database: read-only by grant and by session, one connection, every statement bounded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from exporter.clock import Clock, SystemClock
from exporter.model import Failure, Question, Reason, SourceError
from exporter.questions.database.rows import Rows
from exporter.sources.database_freshness import Freshness
from exporter.sources.database_servers import DatabaseSettings, Servers
from exporter.sources.database_session import Session

__all__ = ["Database", "DatabaseSettings", "Turn"]

Brought = Mapping[Question[Any], Rows | Failure]


@dataclass(slots=True)
class Turn:
    """One visit's hold of the session. When it breaks at one question, the others are asked over a new one.

    Attributes:
        until: time of the event loop at which the visit is over.
    """

    servers: Servers
    session: Session
    until: float

    @property
    def behind(self) -> str:
        """Return why what the server holds cannot be judged, in words; empty when it can."""
        return self.servers.trouble(self.session)

    @property
    def past(self) -> str:
        """Return why even its heartbeats are not those of now, in words; empty when they are."""
        return self.servers.past(self.session)

    async def ask(self, questions: Sequence[Question[Any]]) -> Brought:
        """Return rows or a Failure for every question; what is not asked before the visit is over is a timeout."""
        found: dict[Question[Any], Rows | Failure] = {}
        for question in questions:
            left = self.until - asyncio.get_running_loop().time()
            if left <= 0 or not await self._holds(left):
                break
            found[question] = await self.session.rows(question.text, min(question.seconds, left))
        rest = Failure(Reason.TIMEOUT, f"{self.session.place}: no time was left")
        if self.session.is_lost:
            rest = Failure(Reason.DISCONNECTED, f"{self.session.place}: the connection ended at a statement before")
        return {question: found.get(question, rest) for question in questions}

    async def _holds(self, left: float) -> bool:
        """Return whether there is a session, or a new one with the same server: another one was asked nothing yet."""
        if self.session.is_lost:
            try:
                session = await self.servers.ready(left)
            except SourceError:
                return False
            if session.rank != self.session.rank or (self.servers.trouble(session) and not self.behind):
                return False
            self.session = session
        return True


class Database:
    """One session that lasts and is made anew when it breaks; never more than one set of statements in flight.

    A second connection exists only while another server is tried.

    Raises:
        OSError: when ``settings.ca_file`` cannot be loaded.
    """

    def __init__(self, settings: DatabaseSettings, clock: Clock | None = None) -> None:
        self._servers = Servers(settings, clock or SystemClock())
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def turn(self, seconds: float) -> AsyncIterator[Turn]:
        """Yield the session, measured just now, to one visit at a time.

        Raises:
            SourceError: no server could be asked at all.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        async with self._turn:
            session = await self._servers.ready(until - loop.time())
            yield Turn(self._servers, session, until)

    def tell(self, on_measured: Callable[[str, Freshness], None], on_lost: Callable[[], None]) -> None:
        """Have ``on_measured`` told server and freshness at each visit, or ``on_lost`` that there is none."""
        self._servers.on_measured, self._servers.on_lost = on_measured, on_lost

    async def close(self) -> None:
        """Hang up."""
        if self._servers.session is not None:
            await self._servers.session.ended()
