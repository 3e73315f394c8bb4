"""SSH: one lasting connection per machine, one call of the collector per visit, nothing left running."""

from __future__ import annotations

import asyncio
import math
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

import asyncssh

from exporter.clock import Clock
from exporter.cloud.targets import Machine
from exporter.model import Reason, SourceError
from exporter.questions.wrapper import Script, script
from exporter.sources.places import Places
from exporter.sources.sections import Collected, shown
from exporter.sources.ssh_call import Call, call
from exporter.sources.ssh_login import Login, Mode, SshSettings
from exporter.sources.ssh_words import Asked, Hop, Request

__all__ = ["Asked", "Collected", "Hop", "Mode", "Request", "Ssh", "SshSettings"]


GRACE = 0.25  # seconds by which a call ends before its visit, so that what it has received is returned
ATTEMPTS = 5
PAUSE = 0.2  # seconds between attempts to open a session
MANY = 1000  # sessions at once on one connection: as good as no limit


@dataclass(slots=True)
class _Connection:
    """A connection and who uses it; once retired it ends with its last call.

    Attributes:
        sessions: places for calls at once; one after the machine has refused a second.
    """

    ssh: asyncssh.SSHClientConnection
    sessions: Places = field(default_factory=lambda: Places(MANY))
    calls: int = 0
    is_retired: bool = False

    @contextmanager
    def used(self) -> Iterator[None]:
        """Hold the connection for a call."""
        self.calls += 1
        try:
            yield
        finally:
            self.calls -= 1
            self._end_when_idle()

    def retire(self) -> None:
        """Take no further call."""
        self.is_retired = True
        self._end_when_idle()

    def _end_when_idle(self) -> None:
        if self.is_retired and not self.calls:
            self.ssh.abort()


@dataclass(slots=True)
class _Link:
    """What is kept of one machine.

    Attributes:
        hops: places for visits to system VMs through it.
        opening: held by whoever is logging in.
        used: boot-clock time of the end of the last visit.
        visits: under way.
    """

    hops: asyncio.Semaphore
    connection: _Connection | None = None
    opening: asyncio.Lock = field(default_factory=asyncio.Lock)
    refusal: SourceError | None = None
    refused_until: float = 0.0
    used: float = 0.0
    visits: int = 0

    @property
    def is_open(self) -> bool:
        """Return whether there is a connection that has not ended."""
        return self.connection is not None and not self.connection.ssh.is_closed()

    def retire(self, connection: _Connection | None) -> None:
        """Use a connection for no further call; a newer one stays."""
        if connection is not None and self.connection is connection:
            self.connection = None
            connection.retire()


class Ssh:
    """Collects answers from hosts, and from the system VMs behind them.

    ``collector`` is the script that is installed or sent; labs and tests bring their own.
    """

    def __init__(self, settings: SshSettings, clock: Clock, collector: Script | None = None) -> None:
        self._settings = settings
        self._clock = clock
        self._script = collector or script()
        self._input = self._script.text.encode() if settings.mode is Mode.ROOT else b""
        self._login = Login(settings)
        self._hops = asyncio.Semaphore(settings.hops)
        self._links: dict[str, _Link] = {}
        self._swept = clock.boot()

    @property
    def open_connections(self) -> int:
        """Return how many machines we are connected to."""
        return sum(link.is_open for link in self._links.values())

    async def collect(self, machine: Machine, request: Request, *, seconds: float) -> Collected:
        """Return what the machine, or the system VM behind it, answered within ``seconds``.

        Sections that arrived whole are returned whatever happened to the others; ``failure`` says what.

        Raises:
            SourceError: the machine could not be logged in to, or nothing could be asked there.
        """
        deadline = asyncio.get_running_loop().time() + seconds
        self._sweep()
        link = self._links.setdefault(machine.address, _Link(asyncio.Semaphore(self._settings.hops_per_host)))
        link.visits += 1
        try:
            async with asyncio.timeout_at(deadline), self._place(link, request):
                return await self._call(link, machine, request, deadline - GRACE)
        except TimeoutError:
            raise SourceError(Reason.TIMEOUT, f"no session on {machine.name} within {seconds:g} s") from None
        finally:
            link.visits -= 1
            link.used = self._clock.boot()

    async def login(self, machine: Machine, *, seconds: float = 20.0) -> None:
        """Log in and compare the wrapper's version; nothing else is run.

        Raises:
            SourceError: why the machine cannot be asked.
        """
        failure = (await self.collect(machine, Request(), seconds=seconds)).failure
        if failure:
            raise SourceError(failure.reason, failure.detail)

    async def close(self) -> None:
        """Close every connection."""
        links, self._links = self._links, {}
        for link in links.values():
            if link.connection is not None:
                link.connection.ssh.abort()
                await link.connection.ssh.wait_closed()

    def _sweep(self) -> None:
        """Forget machines that have not been visited for a while."""
        now = self._clock.boot()
        if now - self._swept < self._settings.idle_seconds / 10:
            return
        self._swept = now
        idle = [address for address, link in self._links.items() if self._is_idle(link, now)]
        for address in idle:
            link = self._links.pop(address)
            link.retire(link.connection)

    def _is_idle(self, link: _Link, now: float) -> bool:
        return not link.visits and now - link.used > self._settings.idle_seconds

    @asynccontextmanager
    async def _place(self, link: _Link, request: Request) -> AsyncIterator[None]:
        """Hold the places that a visit to a system VM needs; the one on its machine comes first."""
        if request.hop is None:
            yield
            return
        async with link.hops, self._hops:
            yield

    async def _open(self, link: _Link, machine: Machine) -> _Connection:
        """Return the link's connection, opened where there is none. A failed login counts for all for a short time."""
        async with link.opening:
            if link.connection is not None and link.is_open:
                return link.connection
            if link.refusal and self._clock.boot() < link.refused_until:
                raise SourceError(link.refusal.reason, link.refusal.detail)
            try:
                opened = await self._login.open(machine)
            except SourceError as error:
                link.refusal, link.refused_until = error, self._clock.boot() + self._settings.retry_seconds
                raise
            link.refusal, link.connection = None, _Connection(opened)
            return link.connection

    async def _call(self, link: _Link, machine: Machine, request: Request, deadline: float) -> Collected:
        """Call the collector, once more when the connection has just ended or takes one session at a time."""
        said = ""
        for _ in range(ATTEMPTS):
            try:
                return await self._try_call(link, machine, request, deadline)
            except asyncssh.ChannelOpenError as error:
                said = shown(str(error))
                if link.connection is not None and link.is_open:
                    link.connection.sessions.limit = 1
                    await asyncio.sleep(PAUSE)  # sshd frees a session a moment after its end
        link.retire(link.connection)
        raise SourceError(Reason.PERMISSION, f"{machine.name} opens no session: {said}")

    async def _try_call(self, link: _Link, machine: Machine, request: Request, deadline: float) -> Collected:
        """Call the collector as soon as the machine has a place for it."""
        connection = await self._open(link, machine)
        async with connection.sessions.place():
            if connection.is_retired:
                raise asyncssh.ChannelOpenError(asyncssh.OPEN_CONNECT_FAILED, "the connection has just been closed")
            with connection.used():
                return await self._call_once(link, connection, request, deadline)

    async def _call_once(self, link: _Link, connection: _Connection, request: Request, deadline: float) -> Collected:
        """Call the collector on an open connection; one on which nothing comes is not used again."""
        nonce = secrets.token_hex(8)
        left = math.floor(deadline - asyncio.get_running_loop().time()) - 1
        words = request.words(self._script.version, nonce, legacy=self._settings.legacy_system_vms, seconds=left)
        asked = Call(self._command(words), self._input, nonce, request.questions, deadline)
        try:
            collected = await call(connection.ssh, asked)
        except TimeoutError:  # an OSError, yet no disconnection: the machine may have lost its power
            link.retire(connection)
            raise
        except (asyncssh.DisconnectError, OSError) as error:
            raise SourceError(Reason.DISCONNECTED, shown(str(error))) from None
        if not collected.is_spoken and collected.failure and collected.failure.reason is Reason.TIMEOUT:
            link.retire(connection)
        return collected

    def _command(self, words: tuple[str, ...]) -> str:
        """Return the command line that the account's shell, or the forced command, gets."""
        starts = {Mode.SUDO: f"sudo -n {self._settings.wrapper_path}", Mode.FORCED: "collect", Mode.ROOT: "sh -s --"}
        return " ".join((starts[self._settings.mode], *words))
