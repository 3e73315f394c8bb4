"""``config-check``: is the configuration good, and with ``--online``, do the backends let us in?"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from exporter.app import App, build
from exporter.clock import SystemClock
from exporter.cloud.targeting import targets
from exporter.cloud.targets import Machine
from exporter.commands.mistakes import cautions, mistakes
from exporter.config import Config
from exporter.config.mistakes import misplaced
from exporter.inventory.privileges import ALLOWED
from exporter.model import Failure, Reason, SourceError, Via
from exporter.questions import catalogue
from exporter.sources.database import Database

LOGINS_AT_ONCE = 8
DATABASE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Login:
    """One attempt: where, whether it went well, and what was seen."""

    place: str
    is_good: bool
    words: str


def config_check(config: Config, file: Path, *, online: bool) -> int:
    """Print what was found; return 0 when all is good, 1 when a backend refused. What is hardly meant is warned of.

    Args:
        config: what was loaded.
        file: from where, for the lines of mistakes.
        online: whether to log in to the backends too.

    Raises:
        ConfigError: it names what cannot be used or does not exist.
    """
    found = tuple(mistakes(config))
    if found:
        raise misplaced(file, found)
    for caution in str(misplaced(file, cautions(config))).splitlines():
        sys.stderr.write(f"warning: {caution}\n")
    sys.stdout.write("The configuration is good.\n")
    return asyncio.run(_online(config)) if online else 0


async def _online(config: Config) -> int:
    failed = 0
    async with build(config, SystemClock(), ()) as app:
        async for login in _logins(app):
            sys.stdout.write(f"{'ok  ' if login.is_good else 'FAIL'}  {login.place}: {login.words}\n")
            failed += not login.is_good
    return 1 if failed else 0


async def _logins(app: App) -> AsyncIterator[Login]:
    """Yield a login to the API, then to every machine that visits go through. All of it only reads."""
    try:
        yield Login("cloudstack", is_good=True, words=await app.api.login(tuple(ALLOWED)))
    except SourceError as error:
        yield Login("cloudstack", is_good=False, words=str(error))
        return
    if app.ways.database is not None:
        yield await _database(app.ways.database)
    if app.ways.ssh is None:
        yield Login("ssh", is_good=True, words="not configured; hosts, routers and system VMs are not visited")
        return
    if not await app.engine.inventory.refresh_once() or app.engine.inventory.cloud is None:
        yield Login("inventory", is_good=False, words=str(app.engine.inventory.failure))
        return
    slots = asyncio.Semaphore(LOGINS_AT_ONCE)
    machines = {target.via for target in targets(app.engine.inventory.cloud) if target.via is not None}
    for done in asyncio.as_completed([_ssh(app, machine, slots) for machine in sorted(machines, key=_by_name)]):
        yield await done


async def _database(database: Database) -> Login:
    """Ask everything once; a column or table that this schema lacks is no fault of the configuration."""
    asked = [question for question in catalogue() if question.via is Via.DATABASE]
    try:
        async with database.turn(DATABASE_SECONDS) as turn:
            brought, state = await turn.ask(asked), turn.behind or "it is up to date"
            place = f"database {turn.session.place}, {turn.session.freshness.role}"
    except SourceError as error:
        return Login("database", is_good=False, words=str(error))
    failures = [told for told in brought.values() if isinstance(told, Failure)]
    details = sorted({f"{told.reason}: {told.detail}" for told in failures})
    words = "; ".join((state, f"{len(asked) - len(failures)} of {len(asked)} statements are answered", *details))
    return Login(place, is_good=all(told.reason is Reason.UNSUPPORTED for told in failures), words=words)


def _by_name(machine: Machine) -> str:
    return machine.name


async def _ssh(app: App, machine: Machine, slots: asyncio.Semaphore) -> Login:
    place = f"ssh {machine.role} {machine.name} ({machine.address})"
    if app.ways.ssh is None:
        return Login(place, is_good=False, words="not configured")
    async with slots:
        try:
            await app.ways.ssh.login(machine)
        except SourceError as error:
            return Login(place, is_good=False, words=str(error))
    return Login(place, is_good=True, words="logged in; the wrapper is there and of this version")
