"""Debian's Prometheus scraping /metrics, in both formats, compressed and not."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from aiohttp import web

from exporter.model import Metric
from exporter.web.serve import listening
from tests.real_parts import require

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]

JOBS = {
    "openmetrics-gzip": ("application/openmetrics-text;version=1.0.0", "gzip"),
    "openmetrics-identity": ("application/openmetrics-text;version=1.0.0", "identity"),
    "text-gzip": ("text/plain;version=0.0.4", "gzip"),
    "text-identity": ("text/plain;version=0.0.4", "identity"),
}


def relay(url: str) -> web.Application:
    """Return a relay whose path chooses the headers: this Prometheus has no setting for them."""

    async def answer(request: web.Request) -> web.Response:
        accept, encoding = JOBS[request.match_info["job"]]
        headers = {"Accept": accept, "Accept-Encoding": encoding}
        async with aiohttp.ClientSession(auto_decompress=False) as session, session.get(url, headers=headers) as got:
            kept = {name: got.headers[name] for name in ("Content-Type", "Content-Encoding") if name in got.headers}
            return web.Response(status=got.status, headers=kept, body=await got.read())

    app = web.Application()
    app.router.add_get("/{job}", answer)
    return app


@asynccontextmanager
async def prometheus(folder: Path, targets: dict[str, tuple[str, str]]) -> AsyncIterator[str]:
    """Run Prometheus with a job per target (address and path) and yield its URL."""
    jobs = [
        {"job_name": job, "metrics_path": path, "static_configs": [{"targets": [address]}]}
        for job, (address, path) in targets.items()
    ]
    settings = {"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": jobs}
    (folder / "prometheus.yml").write_text(yaml.safe_dump(settings))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        "prometheus",
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/data",
        f"--web.listen-address=127.0.0.1:{port}",
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()


async def query(url: str, expression: str) -> dict[str, float]:
    """Return the value by job of an instant query, nothing while Prometheus starts."""
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{url}/api/v1/query", params={"query": expression}) as answer,
        ):
            rows = (await answer.json())["data"]["result"] if answer.status == 200 else []
    except aiohttp.ClientError:
        return {}
    return {row["metric"]["job"]: float(row["value"][1]) for row in rows}


async def test_prometheus_reads_every_form(
    served: Callable[..., AbstractAsyncContextManager[Any]], password_metric: Metric, tmp_path: Path
) -> None:
    """All four forms give the same series and values, hostile labels included, and so does a plain scrape."""
    require("prometheus")
    async with served() as exporter:
        names = [f"r-{number}-VM" for number in range(300)] + ['"quoted"', "back\\slash", "new\nline", "é{}=,#", "% d"]
        for place, name in enumerate(names):
            sample = password_metric.sample("z", name, "10.1.1.1", value=place + 0.5)
            exporter.page.put(("router", name), "n", password_metric, [sample], None)
        async with listening(relay(f"{exporter.url}/metrics"), [("127.0.0.1", 0)]) as [(host, port)]:
            targets = {job: (f"{host}:{port}", f"/{job}") for job in JOBS}
            targets["direct"] = (exporter.url.removeprefix("http://"), "/metrics")
            async with prometheus(tmp_path, targets) as url, asyncio.timeout(60):
                expected = dict.fromkeys(targets, float(len(names)))
                while await query(url, f"count by (job) ({password_metric.name})") != expected:
                    await asyncio.sleep(0.2)
                total = sum(place + 0.5 for place in range(len(names)))
                assert await query(url, f"sum by (job) ({password_metric.name})") == dict.fromkeys(targets, total)
                assert await query(url, "min by (job) (up)") == dict.fromkeys(targets, 1.0)
                exporter.page.forget(("router", "r-7-VM"))
                gone = dict.fromkeys(targets, float(len(names) - 1))
                while await query(url, f"count by (job) ({password_metric.name})") != gone:  # staleness markers
                    await asyncio.sleep(0.2)
