"""The engine as the daemon runs it, with its own loops: what it tells of itself, and what it judges unasked."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import date

import pytest

from exporter.app import build
from exporter.checks import discover
from exporter.clock import SystemClock
from exporter.config import Accept, load
from exporter.engine import EARLY, Engine
from exporter.lab.lab import Lab
from exporter.lab.options import Options
from exporter.model import Failure, Issue, Reason
from exporter.telemetry import PREFIX
from tests.watching import MovableClock
from tests.worlds import CHECKS, IS_UP, UP, answer

ROUTERS = tuple(registered for registered in discover() if registered.issue is Issue.PASSWORD_RESET)
R6 = '{kind="router",zone="east",target="r-6-VM"}'
SUCCESS, READ = "target_last_success_timestamp_seconds", "inventory_last_success_timestamp_seconds"
REFUSED = 'question_failures_total{reason="refused"}'
IDLE = Accept(metric=UP.name, reason="matches nothing", until=date(2100, 1, 1))

pytestmark = pytest.mark.timeout(180)


@asynccontextmanager
async def running(engine: Engine, interval: float) -> AsyncIterator[None]:
    """Run the engine's loops; no visit is cut off at the end, and none of the loops has ended by itself."""
    task = asyncio.create_task(engine.run(interval))
    try:
        yield
        engine.schedule._heap.clear()  # nobody has a turn any more
        await until(lambda: not any(entry.is_running for entry in engine.schedule.entries.values()))
    finally:
        task.cancel()
        (ended,) = await asyncio.gather(task, return_exceptions=True)
    assert isinstance(ended, asyncio.CancelledError), ended


async def until(is_so: Callable[[], bool]) -> None:
    """Wait for something that must come."""
    async with asyncio.timeout(60):
        while not is_so():
            await asyncio.sleep(0.1)


def told(engine: Engine) -> dict[str, float]:
    """Return series -> value of what the exporter tells of itself, without the prefix of the names."""
    lines = b"".join(engine.page.text()).decode().splitlines()
    rows = (line.removeprefix(f"{PREFIX}_").rpartition(" ") for line in lines if line.startswith(PREFIX))
    return {series: float(value) for series, _, value in rows}


async def test_what_the_daemon_tells_of_itself_while_things_fail() -> None:
    """Each number that the alerts about the exporter, and every other alert's memory, rest on."""
    async with Lab(Options(remembers=True)) as lab:
        lab.world.api["wrong_count"] = ("listPods",)
        quick = {("cloudstack", "per_second"): "100", ("intervals", "router"): "2"}
        config = load(lab.config_file, os.environ, quick).model_copy(update={"accept": (IDLE,)})
        began = SystemClock().unix()
        async with build(config, SystemClock(), ROUTERS) as app, running(app.engine, interval=1):
            await until(lambda: bool(app.engine.schedule.entries) and app.engine.schedule.is_settled)
            await until(lambda: told(app.engine)["accept_entries_unmatched"] == 1)
            await until(lambda: told(app.engine)[f"target_up{R6}"] == 1)  # a busy machine gives up visits that wait
            all_is_well(app.engine, began)
            await lab.set("router_refuses", on=True)
            await a_router_fails(app.engine)
            await lab.set("api_down", on=True)
            await the_api_fails(app.engine)
            last = told(app.engine)[READ]
            await lab.set("api_down", on=False)
            await until(lambda: told(app.engine)["inventory_up"] == 1 and told(app.engine)[READ] > last)


def all_is_well(engine: Engine, began: float) -> None:
    """Look at what is told after the first visits."""
    seen, now, routers = told(engine), SystemClock().unix(), len(engine.schedule.entries)
    assert (seen["inventory_up"], seen[REFUSED]) == (1, 0)
    assert began <= seen[f"{SUCCESS}{R6}"] <= now
    assert began <= seen[READ] <= now
    assert seen['visits_total{kind="router"}'] >= routers
    assert seen['inventory_objects{kind="routers"}'] >= routers
    assert seen['api_requests_total{command="listRouters"}'] >= 1
    assert seen['api_rows_missing_total{command="listPods"}'] >= 1000
    assert (seen['interval_seconds{kind="router"}'], seen['interval_seconds{kind="inventory"}']) == (2, 5)


async def a_router_fails(engine: Engine) -> None:
    """Wait until its failures are told, twice: what was told of its last success stays."""
    await until(lambda: told(engine)[f"target_up{R6}"] == 0 and told(engine)[REFUSED] > 0)
    first = told(engine)
    await until(lambda: told(engine)[REFUSED] > first[REFUSED])
    assert told(engine)[f"{SUCCESS}{R6}"] == first[f"{SUCCESS}{R6}"]


async def the_api_fails(engine: Engine) -> None:
    """Wait until its failures are told, twice: what was told of the last reading stays."""
    failures = 'api_request_failures_total{reason="refused"}'
    await until(lambda: told(engine)["inventory_up"] == 0 and told(engine)[failures] > 0)
    first = told(engine)
    await until(lambda: told(engine)[failures] > first[failures])
    assert (told(engine)["inventory_up"], told(engine)[READ]) == (0, first[READ])


async def test_the_daemon_judges_groups_and_what_expires_unasked() -> None:
    """Nothing is visited and no inventory is read meanwhile: its own loops do it."""
    clock = MovableClock()
    async with Lab(Options(remembers=True)) as lab:
        config = load(lab.config_file, os.environ).model_copy(update={"ssh": None})
        async with build(config, clock, CHECKS) as app, running(app.engine, interval=3600):
            engine = app.engine

            def down() -> str:
                series = '\ncloudstack_network_user_metadata_zone_down{zone="east"} '
                return b"".join(engine.page.text()).decode().partition(series)[2].partition("\n")[0]

            await until(lambda: down() == "0")
            entry, other = [one for one in engine.schedule.entries.values() if one.target.zone == "east"][:2]
            now = clock.boot()
            other.memory.note({IS_UP: answer("yes", now, now + 6000)}, now)
            entry.memory.note({IS_UP: answer("no", now, now + 600)}, now)
            entry.memory.failures[IS_UP] = Failure(Reason.TIMEOUT)
            engine.visited(entry, {})
            await until(lambda: down() == "1")
            clock.moved += now + 600 - EARLY - clock.boot() + 0.1
            await until(lambda: down() == "0")
            await until(lambda: told(engine)["inventory_up"] == 0)  # it was read ten minutes ago
            assert engine.inventory.failure is None
