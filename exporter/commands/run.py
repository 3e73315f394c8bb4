"""``run``: the daemon."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from exporter.app import build
from exporter.clock import SystemClock
from exporter.commands.mistakes import cautions
from exporter.config import Config
from exporter.config.mistakes import dotted
from exporter.engine import Engine
from exporter.telemetry import version
from exporter.web.application import WebSettings, application
from exporter.web.serve import listening

log = logging.getLogger("exporter.run")

FULL_PASSES = 20_000
"""Middle passes of Python's collector until it makes a full one, which stops the loop for seconds in a large cloud.

What is remembered has no cycles; a full pass finds two objects for each middle one (bench/lab_scale.md), so that some
megabytes are waited for, in a cloud of any size.
"""
LOOPBACK = ("127.", "[::1]", "localhost", "::1")


def run(config: Config) -> int:
    """Serve until SIGTERM or SIGINT; return the exit code. SIGHUP is answered with a line in the log."""
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, FULL_PASSES)
    return asyncio.run(_run(config))


async def _run(config: Config) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, log.warning, "SIGHUP: nothing is read again; restart to use what changed")
    async with serving(config) as (addresses, engine):
        for host, port in addresses:
            log.info("listening on %s", url(host, port))
        for place, words in cautions(config):
            log.warning("%s: %s", dotted(place), words)
        return await ended(stop, engine)


async def ended(stop: asyncio.Event, engine: asyncio.Task[None]) -> int:
    """Wait for the signal to stop, or for the end of the engine; return the exit code.

    The engine ends by itself for a defect only: then a supervisor restarts the process, and silence would not.
    """
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({stopping, engine}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not engine.done():
        log.info("stopping")
        return 0
    log.critical("the engine stopped", exc_info=None if engine.cancelled() else engine.exception())
    return 1


@asynccontextmanager
async def serving(config: Config) -> AsyncIterator[tuple[list[tuple[str, int]], asyncio.Task[None]]]:
    """Run the exporter; yield the addresses it listens on, and its engine. It is stopped at the end.

    Raises:
        OSError: the address cannot be bound, or a file that the configuration names cannot be read.
    """
    async with build(config, SystemClock()) as app:
        engine, settings = app.engine, WebSettings(metrics_path=config.web.telemetry_path)
        pages = application(engine.page, engine.board, lambda: is_ready(engine), version=version(), settings=settings)
        host, _, port = config.web.listen_address.rpartition(":")
        async with listening(pages, [(host.strip("[]"), int(port))]) as addresses:
            if not config.web.listen_address.startswith(LOOPBACK):
                log.warning("listening on %s without TLS or password: let a firewall or proxy guard it", host or "*")
            task = asyncio.create_task(engine.run(config.intervals.inventory))
            try:
                yield addresses, task
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)


def url(host: str, port: int) -> str:
    """Return the address as a browser takes it; IPv6 stands in brackets."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def is_ready(engine: Engine) -> bool:
    """Return whether the inventory was read and something was judged."""
    return engine.inventory.cloud is not None and engine.board.has_verdict
