"""The lab's signed API on a loopback socket, and servers that answer with given bytes."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from exporter.lab.api.server import PATH, api_application
from exporter.sources.cloudstack import CloudStack
from tests.clocks import HandClock

KEY = "canary-KEY*~9aQ-ZZ_key"
SECRET = "canary-SECRET+7/hW=secret"  # an invented one, looked for in every output
Tables = Mapping[str, list[dict[str, Any]]]


def table(rows: Tables) -> Callable[[str, Mapping[str, str]], list[dict[str, Any]]]:
    """Return ``rows`` for ``api_application``: a command that the table lacks is empty."""
    return lambda command, _: list(rows.get(command, ()))


@asynccontextmanager
async def application(app: web.Application, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """Serve an application while the context lasts; yield the URL of its API."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    scheme, name = ("https", "localhost") if tls else ("http", "127.0.0.1")
    try:
        yield f"{scheme}://{name}:{runner.addresses[0][1]}{PATH}"
    finally:
        await runner.cleanup()


def client(url: str, clock: HandClock | None = None, **settings: Any) -> CloudStack:
    """Return a client that is quick enough for tests."""
    told = {"seconds": 10, "per_second": 0, **settings}
    return CloudStack(url, KEY, SECRET, clock or HandClock(), **told)


@asynccontextmanager
async def lab_api(
    rows: Tables | Callable[[str, Mapping[str, str]], list[dict[str, Any]]],
    faults: dict[str, object] | None = None,
    clock: HandClock | None = None,
    *,
    client_settings: Mapping[str, Any] | None = None,
    **settings: Any,
) -> AsyncIterator[tuple[CloudStack, web.Application]]:
    """Yield a client and the application that it talks to."""
    clock = clock or HandClock()
    switched = {} if faults is None else faults
    app = api_application(
        rows if callable(rows) else table(rows),
        keys={KEY: SECRET},
        faults=lambda: switched,
        unix=clock.unix,
        **settings,
    )
    async with application(app) as url:
        api = client(url, clock, **(client_settings or {}))
        try:
            yield api, app
        finally:
            await api.close()


@asynccontextmanager
async def raw_server(answer: Callable[[asyncio.StreamWriter], Awaitable[None]]) -> AsyncIterator[str]:
    """Serve bytes: once something was said, ``answer`` writes what it likes; then the connection closes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.read(65536)
            await answer(writer)
            await writer.drain()
        except ConnectionError:
            pass  # the client had enough
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}{PATH}"
    finally:
        server.close()
        await server.wait_closed()


def http(body: bytes, status: str = "200 OK", *headers: str) -> Callable[[asyncio.StreamWriter], Awaitable[None]]:
    """Return an ``answer`` that is one HTTP response."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers, "", ""]
        writer.write("\r\n".join(lines).encode() + body)

    return answer
