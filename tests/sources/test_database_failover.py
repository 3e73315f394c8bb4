"""One name, and behind it now one server, now another: an address that moves, or a proxy that sends elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from exporter.sources.database import Database
from exporter.sources.database_freshness import HEARTBEAT, REPLICATION
from exporter.sources.database_servers import FIRST_PAUSE
from tests.sources.false_database import logs_in, pretender, result

UNIX = 1_790_000_000.0


@dataclass
class Hands:
    """A clock that the test moves."""

    moved: float = 0.0

    def boot(self) -> float:
        return self.moved

    def unix(self) -> float:
        return UNIX


@dataclass
class Behind:
    """What is behind the name: servers by how old their newest heartbeat is, and which one new connections reach."""

    ages: list[int]
    now: int = 0
    dialled: list[int] = field(default_factory=list)
    clock: Hands = field(default_factory=Hands)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Be the server that is there at this moment, for as long as the connection lasts."""
        here = self.now
        self.dialled.append(here)

        def reply(text: str) -> bytes | None:
            if text.startswith("SELECT UNIX_TIMESTAMP"):
                return result(("unix", "is_read_only"), (str(UNIX).encode(), b"0"))
            if text == HEARTBEAT:
                return result(("age",), (str(self.ages[here]).encode(),))
            return result(("Seconds_Behind_Master",)) if text in REPLICATION[True] else None

        await logs_in(reply)(reader, writer)

    async def visit(self, database: Database, pause: float = FIRST_PAUSE) -> str:
        """Return why the server cannot be judged, after a pause."""
        self.clock.moved += pause
        async with database.turn(10.0) as turn:
            return turn.behind


@asynccontextmanager
async def reading(behind: Behind) -> AsyncIterator[Database]:
    """Yield a database of which one name is configured."""
    async with pretender(behind.talk) as given:
        database = Database(given, behind.clock)
        try:
            yield database
        finally:
            await database.close()


async def test_the_name_is_dialled_again_when_its_server_falls_behind() -> None:
    """The old primary lives on, without heartbeats, and the session with it lasts; the new one is behind the name."""
    behind = Behind([1, 1])
    async with reading(behind) as database:
        assert await behind.visit(database) == ""
        behind.now, behind.ages[0] = 1, 90_000
        assert await behind.visit(database) == ""
        assert await behind.visit(database) == ""
    assert behind.dialled == [0, 1]


async def test_while_the_name_leads_nowhere_better_the_session_is_kept() -> None:
    """Looked at again after pauses that grow; when the name moves at last, the next look finds it."""
    behind = Behind([90_000, 1])
    words = "the newest heartbeat of a management server there is 90000 s old"
    async with reading(behind) as database:
        assert [await behind.visit(database) for _ in range(8)] == [words] * 8
        assert behind.dialled == [0, 0, 0, 0]  # at first, then 60, 180 and 420 seconds later
        behind.now = 1
        assert await behind.visit(database, 900.0) == ""
    assert behind.dialled == [0, 0, 0, 0, 1]
