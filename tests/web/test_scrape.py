"""GET /metrics over HTTP."""

from __future__ import annotations

import asyncio
import gzip
import subprocess
import zlib
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from exporter.model import Metric
from exporter.page import Page
from exporter.web.application import WebSettings
from tests.real_parts import require

Serve = Callable[..., AbstractAsyncContextManager[Any]]
OPENMETRICS = {"Accept": "application/openmetrics-text;version=1.0.0"}


def fill(page: Page, metric: Metric, rows: int = 500) -> None:
    """Put some hosts with up to a thousand rows each on the page."""
    for start in range(0, rows, 1000):
        numbers = range(start, min(start + 1000, rows))
        samples = [metric.sample("z", f"r-{n}-VM", f"10.1.{n // 250}.{n % 250}", value=n % 2) for n in numbers]
        page.put(("host", f"h-{start}"), "c", metric, samples, None)


async def get(url: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers and body as they were on the wire."""
    async with (
        aiohttp.ClientSession(auto_decompress=False, skip_auto_headers=["Accept-Encoding", "Accept"]) as session,
        session.request(method, url, headers=headers) as answer,
    ):
        return answer.status, {name.title(): value for name, value in answer.headers.items()}, await answer.read()


@pytest.mark.parametrize("headers", [{}, OPENMETRICS])
async def test_identity_gzip_and_head_agree(served: Serve, password_metric: Metric, headers: dict[str, str]) -> None:
    """The same bytes plain and compressed, and HEAD says what GET would."""
    async with served() as exporter:
        fill(exporter.page, password_metric)
        url = f"{exporter.url}/metrics"
        status, plain_headers, plain = await get(url, **headers)
        _, packed_headers, packed = await get(url, **headers, **{"Accept-Encoding": "gzip"})
        assert status == 200
        assert plain == b"".join(exporter.page.text(openmetrics=bool(headers)))
        assert gzip.decompress(packed) == plain
        decoder = zlib.decompressobj(31)
        decoder.decompress(packed)
        assert decoder.eof
        assert not decoder.unused_data
        for encoding, expected in (("identity", plain_headers), ("gzip", packed_headers)):
            head_status, head, body = await get(url, "HEAD", **headers, **{"Accept-Encoding": encoding})
            assert (head_status, body) == (200, b"")
            assert head == expected | {"Date": head["Date"]}
        assert int(plain_headers["Content-Length"]) == len(plain)
        assert int(packed_headers["Content-Length"]) == len(packed)
        assert packed_headers["Content-Encoding"] == "gzip"
        assert "Content-Encoding" not in plain_headers
        assert plain_headers["Vary"] == packed_headers["Vary"] == "Accept, Accept-Encoding"


async def test_content_types(served: Serve) -> None:
    """Both formats are named as the negotiation document wants them."""
    async with served() as exporter:
        url = f"{exporter.url}/metrics"
        _, text, _ = await get(url)
        _, openmetrics, body = await get(url, **OPENMETRICS)
        assert text["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        kind = "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores"
        assert openmetrics["Content-Type"] == kind
        assert body.endswith(b"# EOF\n")


async def test_a_scrape_drops_what_is_past_its_time(served: Serve, password_metric: Metric) -> None:
    """Nobody but the scraper comes by, and still the stale sample is gone."""
    async with served() as exporter:
        clock = exporter.clock
        sample = password_metric.sample("z", "r-1-VM", "10.1.1.1", value=1)
        exporter.page.put(("router", "r-1-VM"), "n", password_metric, [sample], clock.boot() + 60)
        assert b"r-1-VM" in (await get(f"{exporter.url}/metrics"))[2]
        clock.turn(60)
        assert b"r-1-VM" not in (await get(f"{exporter.url}/metrics"))[2]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_other_methods_are_refused(served: Serve, method: str) -> None:
    """Everything but GET and HEAD is 405 and told what would do."""
    async with served() as exporter:
        status, headers, _ = await get(f"{exporter.url}/metrics", method)
        assert status == 405
        assert set(headers["Allow"].split(",")) == {"GET", "HEAD"}


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_no_request_body_is_read(served: Serve, method: str) -> None:
    """A request that announces a gigabyte is answered at once and its connection closed."""
    async with served() as exporter:
        address = urlsplit(exporter.url)
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        writer.write(f"{method} /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\nxxx".encode())
        answer = await asyncio.wait_for(reader.read(), 10)
        assert answer.startswith(b"HTTP/1.1 200" if method == "GET" else b"HTTP/1.1 405")
        writer.close()


async def test_another_path(served: Serve) -> None:
    """The path of the metrics is a setting, and the pages link it."""
    async with served(settings=WebSettings(metrics_path="/telemetry")) as exporter:
        assert (await get(f"{exporter.url}/telemetry"))[0] == 200
        assert (await get(f"{exporter.url}/metrics"))[0] == 404
        for page in ("/", "/findings"):
            assert b'href="telemetry"' in (await get(exporter.url + page))[2]


async def slow_client(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Ask for the page and read nothing of it."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port, limit=1024)
    writer.write(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
    await writer.drain()
    await reader.readline()
    return reader, writer


async def test_slow_clients_are_bounded_and_cut_off(
    served: Serve, password_metric: Metric, caplog: pytest.LogCaptureFixture
) -> None:
    """While one client does not read, the next is refused; after its time it is cut off and the place is free."""
    async with served(settings=WebSettings(scrapes=1, write_seconds=1.0)) as exporter:
        fill(exporter.page, password_metric, 150_000)  # more than the socket buffers take
        reader, writer = await slow_client(exporter.url)
        status, headers, _ = await get(f"{exporter.url}/metrics")
        assert status == 503
        assert headers["Retry-After"] == "5"
        assert (await get(f"{exporter.url}/-/healthy"))[0] == 200
        async with asyncio.timeout(20):
            while (await get(f"{exporter.url}/metrics", "HEAD"))[0] != 200:
                await asyncio.sleep(0.05)
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await reader.readexactly(sum(map(len, exporter.page.text())))
        writer.close()
    assert not caplog.records


async def test_a_client_that_leaves_frees_its_place(
    served: Serve, password_metric: Metric, caplog: pytest.LogCaptureFixture
) -> None:
    """A scraper that hangs up in the middle neither keeps its place nor leaves a traceback."""
    async with served(settings=WebSettings(scrapes=1)) as exporter:
        fill(exporter.page, password_metric, 150_000)
        _, writer = await slow_client(exporter.url)
        writer.transport.abort()
        async with asyncio.timeout(20):
            while (await get(f"{exporter.url}/metrics", "HEAD"))[0] != 200:
                await asyncio.sleep(0.05)
    assert not caplog.records


async def test_requests_that_never_end_are_closed(served: Serve) -> None:
    """A connection that sends half a request, or nothing, is closed after the idle time."""
    async with served(idle_seconds=0.3) as exporter:
        address = urlsplit(exporter.url)
        for half in (b"", b"GET /metrics HTT", b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-Long: "):
            reader, writer = await asyncio.open_connection(address.hostname, address.port)
            writer.write(half)
            assert await asyncio.wait_for(reader.read(), 15) == b""
            writer.close()


@pytest.mark.real
@pytest.mark.parametrize("headers", [(), ("-H", "Accept: application/openmetrics-text")])
async def test_curl_reads_the_whole_compressed_page(
    served: Serve, password_metric: Metric, headers: tuple[str, ...]
) -> None:
    """curl --compressed gets every byte, which it would not from several gzip members."""
    require("curl")
    async with served() as exporter:
        fill(exporter.page, password_metric, 3000)
        command = ["curl", "-sS", "--noproxy", "*", "--compressed", *headers, f"{exporter.url}/metrics"]
        done = await asyncio.to_thread(subprocess.run, command, capture_output=True, timeout=30, check=True)
        assert done.stdout == b"".join(exporter.page.text(openmetrics=bool(headers)))
