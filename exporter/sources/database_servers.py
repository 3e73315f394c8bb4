"""Which database server is asked: the first that is fresh; while none is, the least bad; and when to go back."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import aiomysql

from exporter.clock import Clock
from exporter.model import Failure, SourceError
from exporter.sources.database_errors import TROUBLES, trouble
from exporter.sources.database_freshness import Freshness
from exporter.sources.database_session import Session, opened

FIRST_PAUSE = 60.0  # seconds before other servers are looked at again
LONGEST_PAUSE = 900.0  # as long as a machine that does not answer is left alone

log = logging.getLogger("exporter.database")


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


@dataclass(slots=True)
class Pause:
    """A pause that doubles each time."""

    seconds: float = FIRST_PAUSE
    until: float = 0.0

    def begin(self, now: float) -> None:
        """Begin the next one."""
        self.until = now + self.seconds
        self.seconds = min(2 * self.seconds, LONGEST_PAUSE)


class Servers:
    """Keeps one session, with the best server that there is.

    A server that falls behind is left at once. To a preferred one we go back after a pause, which doubles each time
    and is short again only when the preferred one was good for long: so nothing flaps.

    Attributes:
        session: the one in use.
        on_measured: told server and freshness at each visit.
        on_lost: told at each visit that has no server.

    Raises:
        OSError: when ``settings.ca_file`` cannot be loaded.
    """

    def __init__(self, settings: DatabaseSettings, clock: Clock) -> None:
        self.session: Session | None = None
        self.on_measured: Callable[[str, Freshness], None] = lambda _place, _freshness: None
        self.on_lost: Callable[[], None] = lambda: None
        self._settings = settings
        self._clock = clock
        self._tls = ssl.create_default_context(cafile=settings.ca_file) if settings.tls else None
        self._escape, self._return = Pause(), Pause()
        self._good_since = clock.boot()

    async def ready(self, seconds: float) -> Session:
        """Return a session with a server that was measured just now; ``seconds`` is what looking may take.

        Raises:
            SourceError: no server lets us in; the reason is the first server's.
        """
        try:
            here = await self._best(seconds)
        except BaseException:  # also a visit that is given up while it looks: what is known is of then
            self.on_lost()
            raise
        self.on_measured(here.place, here.freshness)
        return here

    async def _best(self, seconds: float) -> Session:
        await self._measure()
        here, wanted = self.session, self._wanted(self.session)
        return await self._look(wanted, seconds) if here is None or wanted else here

    async def _measure(self) -> None:
        """Learn how fresh the server in use is now; let go of a session that has ended."""
        here = self.session
        if here is not None and (here.is_lost or await here.measure(self._clock.unix) is not None):
            self.session = None
            await here.ended()

    def _wanted(self, here: Session | None) -> Sequence[int]:
        """Return the ranks of the servers that are to be tried now.

        Its own too, when it falls behind: the same name or address may lead to another server by now.
        """
        now, ranks = self._clock.boot(), range(len(self._settings.servers))
        if here is None:
            return ranks
        if not self.is_fresh(here):
            return () if now < self._escape.until else ranks
        if here.rank > 0:
            return () if now < self._return.until else ranks[: here.rank]
        if now - self._good_since > LONGEST_PAUSE:
            self._return = Pause()
        return ()

    async def _look(self, ranks: Sequence[int], seconds: float) -> Session:
        """Change to, and return, the best of the session in use and those tried; never more than two are open.

        Raises:
            SourceError: there is none.
        """
        before, failures = self.session, []
        limit = min(2 * self._settings.connect_seconds, seconds / (len(ranks) + 1))
        for rank in ranks:
            found = await self._opened(rank, limit)
            if isinstance(found, Failure):
                failures.append(found)
            elif self.session is None or self._is_better(found, self.session):
                worse, self.session = self.session, found  # at once: whoever is stopped here loses no session
                if worse is not None:
                    await worse.ended()
                if self.is_fresh(found):
                    break
            else:
                await found.ended()
        if self.session is None:
            raise SourceError(failures[0].reason, failures[0].detail)
        self._note(self.session, is_new=self.session is not before)
        return self.session

    def _note(self, here: Session, *, is_new: bool) -> None:
        """Note what looking brought, for the next look."""
        now = self._good_since = self._clock.boot()
        if self.is_fresh(here):
            self._escape = Pause()
        else:
            self._escape.begin(now)
        if here.rank > 0 and now >= self._return.until:
            self._return.begin(now)
        if is_new:
            log.info("the database is read at %s: %s", here.place, self.trouble(here) or "it is up to date")

    def trouble(self, session: Session) -> str:
        """Return why what a server holds cannot be judged; empty when it can."""
        return session.freshness.trouble(self._settings.lag_seconds)

    def past(self, session: Session) -> str:
        """Return why even the heartbeats that a server shows are not those of now; empty when they are."""
        return session.freshness.past(self._settings.lag_seconds)

    def is_fresh(self, session: Session) -> bool:
        """Return whether what a server holds can be judged."""
        return not self.trouble(session)

    def _is_better(self, found: Session, here: Session) -> bool:
        """Return whether to change; among those that cannot be judged only for one that is far less behind."""
        if self.is_fresh(found):
            return found.rank < here.rank or not self.is_fresh(here)
        return not self.is_fresh(here) and 2 * found.freshness.badness() < here.freshness.badness()

    async def _opened(self, rank: int, seconds: float) -> Session | Failure:
        given = self._settings
        host, port = given.servers[rank]
        try:
            connection = aiomysql.Connection(
                host=host, port=port, user=given.user, password=_as_bytes(given.password), db=given.name, ssl=self._tls,
                autocommit=True, charset="utf8mb4", connect_timeout=seconds, local_infile=False,
                program_name="cloudstack-network-exporter",
            )  # fmt: skip
            session = await opened(connection, rank, self._tls, seconds)
        except TROUBLES as error:
            return trouble(error, f"{host}:{port}")
        failure = await session.measure(self._clock.unix)
        if failure is not None:
            await session.ended()
        return failure or session


def _as_bytes(password: str) -> str:
    """Return what becomes the password's UTF-8 when aiomysql writes it in Latin-1, as it does whatever the charset."""
    return password.encode().decode("latin1")
