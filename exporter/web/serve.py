"""Listening and stopping."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from aiohttp import web

_IDLE_SECONDS = 150.0  # longer than any scrape interval; also ends connections that never finish a request
_STOP_SECONDS = 5.0  # for answers under way; an orchestrator waits 10 s or more before it kills


@asynccontextmanager
async def listening(
    app: web.Application, addresses: Sequence[tuple[str, int]], *, idle_seconds: float = _IDLE_SECONDS
) -> AsyncIterator[list[tuple[str, int]]]:
    """Serve ``app`` on every address (host, port) and yield those that are bound; port 0 takes a free one.

    At the end no new connection is taken and answers under way get some seconds to finish.

    Raises:
        OSError: when an address cannot be bound; none is then left open.
    """
    runner = web.AppRunner(
        app,
        access_log=None,
        keepalive_timeout=idle_seconds,
        lingering_time=0.0,  # bodies of requests are never read
        shutdown_timeout=_STOP_SECONDS,
    )
    await runner.setup()
    try:
        for host, port in addresses:
            await web.TCPSite(runner, host or None, port).start()
        yield [bound[:2] for bound in runner.addresses]
    finally:
        await runner.cleanup()
