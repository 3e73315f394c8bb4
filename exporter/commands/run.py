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
from exporter.config import Config
from exporter.engine import Engine
from exporter.telemetry import version
from exporter.web.application import WebSettings, application
from exporter.web.serve import listening

log = logging.getLogger("exporter.run")

FREEZES = (60, 300, 900)
"""Seconds after the start when what stands is taken from the collector: a large cloud takes a while to be known."""
LOOPBACK = ("127.", "[::1]", "localhost", "::1")


def run(config: Config) -> int:
    """Serve until SIGTERM or SIGINT; return the exit code."""
    return asyncio.run(_run(config))


async def _run(config: Config) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with serving(config) as addresses:
        for host, port in addresses:
            log.info("listening on %s", url(host, port))
        await stop.wait()
        log.info("stopping")
    return 0


@asynccontextmanager
async def serving(config: Config) -> AsyncIterator[list[tuple[str, int]]]:
    """Run the exporter and yield the addresses it listens on; it is stopped at the end.

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
            task.add_done_callback(_die_loudly)
            for seconds in FREEZES:
                asyncio.get_running_loop().call_later(seconds, _freeze)
            try:
                yield addresses
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)


def url(host: str, port: int) -> str:
    """Return the address as a browser takes it; IPv6 stands in brackets."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def is_ready(engine: Engine) -> bool:
    """Return whether the inventory was read and something was judged."""
    return engine.inventory.cloud is not None and engine.board.has_verdict


def _freeze() -> None:
    """Move what has grown so far out of the collector's way: a full pass over it would stall the loop."""
    gc.collect(1)  # not a full one, for the same reason
    gc.freeze()


def _die_loudly(task: asyncio.Task[None]) -> None:
    """End the process when the engine ends by itself: a supervisor restarts it, silence would not."""
    if not task.cancelled() and task.exception() is not None:
        log.critical("the engine stopped", exc_info=task.exception())
        signal.raise_signal(signal.SIGTERM)
