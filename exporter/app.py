"""Wiring only: who is built from what."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from exporter import visits
from exporter.board import FINDING_ACCEPTED, ISSUE_OBJECTS, JudgmentBoard
from exporter.checks import Registered, discover
from exporter.clock import Clock
from exporter.cloud.targets import TARGET_TYPES, Target
from exporter.config import Config
from exporter.engine import Engine
from exporter.inventory.keeper import Inventory
from exporter.judging import Judging, plan
from exporter.lint.child import Child
from exporter.lint.directory import Directory
from exporter.lint.here import hypervisor_here
from exporter.model import Metric, Question
from exporter.notices import about_accept, about_inventory
from exporter.page import Page
from exporter.schedule import Schedule, Visit
from exporter.sources.cloudstack import CloudStack
from exporter.sources.database import Database, DatabaseSettings
from exporter.sources.probe import Probe, ProbeSettings
from exporter.sources.ssh import Mode, Ssh, SshSettings
from exporter.telemetry import PER_TARGET, Telemetry
from exporter.visits.ways import Ways


@dataclass(frozen=True, slots=True)
class App:
    """The parts that commands use."""

    config: Config
    clock: Clock
    api: CloudStack
    ways: Ways
    engine: Engine


@asynccontextmanager
async def build(config: Config, clock: Clock, checks: tuple[Registered, ...] | None = None) -> AsyncIterator[App]:
    """Yield the whole exporter built from a configuration; its connections are closed at the end.

    Raises:
        OSError: a file that the configuration names cannot be read.
    """
    chosen = discover() if checks is None else checks
    async with AsyncExitStack() as stack:
        api = cloudstack(config, clock)
        stack.push_async_callback(api.close)
        ways = ways_of(config, clock)
        for source in (ways.ssh, ways.database, ways.images):
            if source is not None:
                stack.push_async_callback(source.close)
        yield App(config, clock, api, ways, engine(config, clock, api, ways, chosen))


def engine(config: Config, clock: Clock, api: CloudStack, ways: Ways, checks: tuple[Registered, ...]) -> Engine:
    """Return the engine with everything joined."""
    intervals = {kind.kind: float(getattr(config.intervals, kind.kind)) for kind in TARGET_TYPES}
    telemetry = Telemetry(tuple(intervals))
    for kind, seconds in {**intervals, "inventory": config.intervals.inventory}.items():
        telemetry.interval.labels(kind).set(seconds)
    api.on_request = telemetry.api_request
    if ways.database is not None:
        ways.database.tell(
            lambda at, told: telemetry.database(at, told.role, told.behind, told.ahead), telemetry.no_database
        )
    deadline = config.intervals.deadline
    inventory = Inventory(api, clock, lifetime=2 * config.intervals.inventory + deadline)
    page = Page(clock, metrics(checks), series_limit=config.limits.series_per_target, own=telemetry.render)
    judging = Judging(checks)
    questions = plan(checks)
    schedule = Schedule(
        clock,
        ways_to_visit(ways, questions),
        questions,
        intervals,
        deadline,
        per_machine=config.ssh.hops_per_host if config.ssh else 1,
    )
    board = JudgmentBoard(
        clock,
        checks,
        config.accept,
        watch=schedule.watch,
        cloud=lambda: inventory.cloud,
        notices=lambda: notices(whole, config),
        failure=inventory.trouble,
        defects=judging.defects.values,
        unjudged=lambda: judging.unjudged,
    )
    pause = min(5.0, min(intervals.values()) / 2)
    whole = Engine(clock, inventory, schedule, judging, board, page, telemetry, group_pause=pause)
    return whole


def cloudstack(config: Config, clock: Clock) -> CloudStack:
    """Return the API client."""
    api = config.cloudstack
    return CloudStack(
        api.url,
        api.api_key.get_secret_value() if api.api_key else "",
        api.secret_key.get_secret_value() if api.secret_key else "",
        clock,
        ca_file=str(api.ca_file) if api.ca_file else None,
        seconds=api.timeout,
        concurrency=api.concurrency,
        per_second=api.per_second,
    )


def ssh_settings(config: Config) -> SshSettings | None:
    """Return the settings of the SSH source, None where it is not configured."""
    given = config.ssh
    if given is None:
        return None
    return SshSettings(
        user=given.user,
        key_file=given.key_file,
        key_passphrase=given.key_passphrase.get_secret_value() if given.key_passphrase else None,
        known_hosts_file=given.known_hosts_file,
        mode=Mode(given.mode),
        wrapper_path=given.wrapper_path,
        port=config.ports.ssh,
        legacy_system_vms=given.legacy_system_vms,
        hops_per_host=given.hops_per_host,
        hops=given.hops,
        compress=given.compress,
    )


def ssh(config: Config, clock: Clock) -> Ssh | None:
    """Return the SSH source, None where it is not configured."""
    settings = ssh_settings(config)
    return Ssh(settings, clock) if settings else None


def ways_of(config: Config, clock: Clock) -> Ways:
    """Return the sources that visits use, each None where it is not configured."""
    return Ways(
        ssh(config, clock),
        probe(config),
        config.ports.ports(),
        database(config, clock),
        management_servers=config.ssh is not None and config.ssh.management_servers,
        dial=Probe(ProbeSettings()) if config.ssh else None,
        images=images(config, clock),
    )


def database(config: Config, clock: Clock) -> Database | None:
    """Return the database source, None where it is not configured."""
    given = config.database
    if given is None:
        return None
    servers = tuple((host.strip("[]"), int(port)) for host, _, port in (one.rpartition(":") for one in given.servers))
    settings = DatabaseSettings(
        servers=servers,
        user=given.user,
        password=given.password.get_secret_value() if given.password else "",
        name=given.name,
        tls=given.tls,
        ca_file=given.ca_file,
        lag_seconds=given.lag_seconds,
    )
    return Database(settings, clock)


def images(config: Config, clock: Clock) -> Directory | None:
    """Return the directory of template images, None where none is configured."""
    given = config.templates
    if given is None:
        return None
    read = Child(given.seconds, given.work_bytes, Path(given.work)).report
    return Directory(given.directory, read, clock, here=str if given.here_anyway else hypervisor_here)


def probe(config: Config) -> Probe | None:
    """Return the probe, None where it is switched off."""
    if not config.console.enabled:
        return None
    return Probe(ProbeSettings(ca_file=config.console.ca_file, resolvers=config.console.resolver))


def metrics(checks: Iterable[Registered]) -> tuple[Metric, ...]:
    """Return every family that the page renders, by name."""
    found = {metric.name: metric for registered in checks for metric in registered.check.metrics}
    found.update({metric.name: metric for metric in (*PER_TARGET, ISSUE_OBJECTS, FINDING_ACCEPTED)})
    return tuple(found[name] for name in sorted(found))


def ways_to_visit(ways: Ways, questions: Mapping[type[Target], tuple[Question[Any], ...]]) -> dict[type[Target], Visit]:
    """Return, per target type whose way is configured, how it is visited. Modules of ``visits`` are discovered."""
    found: dict[type[Target], Visit] = {}
    for module in pkgutil.iter_modules(visits.__path__):
        room = importlib.import_module(f"{visits.__name__}.{module.name}")
        kind: type[Target] | None = getattr(room, "TARGET", None)
        if kind is not None and kind in questions and room.is_lit(ways):
            found[kind] = partial(_visit, room.visit, ways)
    return found


async def _visit(
    visit: Any, ways: Ways, target: Target, due: Sequence[Question[Any]], seconds: float
) -> Mapping[Question[Any], Any]:
    brought: Mapping[Question[Any], Any] = await visit(target, due, ways, seconds)
    return brought


def notices(whole: Engine, config: Config) -> tuple[str, ...]:
    """Return what people must know about the exporter itself; accept entries wait until all was seen once."""
    lines = list(about_inventory(whole.inventory, config.cloudstack.url))
    if whole.schedule.is_settled and whole.inventory.cloud is not None:
        today = datetime.fromtimestamp(whole.clock.unix(), UTC).date()
        lines += about_accept(whole.board.unmatched(), today)
    return tuple(lines)
