"""Health, landing page, headers and stopping."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any
from urllib.parse import urljoin, urlsplit

import aiohttp
import pytest
from aiohttp import web

from exporter.findings import Snapshot
from exporter.web.serve import listening

Serve = Callable[..., AbstractAsyncContextManager[Any]]
Makers = dict[str, Callable[[], Snapshot]]
PATHS = ["/", "/metrics", "/findings", "/findings.json", "/-/healthy", "/-/ready", "/static/style.css", "/no-such-page"]


async def fetch(url: str, method: str = "GET") -> tuple[int, str, dict[str, str]]:
    """Return status, text and headers."""
    async with aiohttp.ClientSession() as session, session.request(method, url) as answer:
        return answer.status, await answer.text(), dict(answer.headers)


@pytest.mark.parametrize("path", PATHS)
async def test_every_answer_has_the_security_headers(served: Serve, path: str) -> None:
    """No answer may be framed, guessed or run anything that is not ours, and none tells our versions."""
    async with served() as exporter:
        _, _, headers = await fetch(exporter.url + path)
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Server"] == "cloudstack-network-exporter"
        assert headers["Cache-Control"] in {"no-store", "no-cache"}


@pytest.mark.parametrize("path", PATHS[:-1])
async def test_head_and_other_methods(served: Serve, path: str) -> None:
    """HEAD has no body; nothing takes a POST."""
    async with served() as exporter:
        assert (await fetch(exporter.url + path, "HEAD"))[:2] == (200, "")
        status, _, headers = await fetch(exporter.url + path, "POST")
        assert (status, headers["Allow"]) == (405, "GET,HEAD")


async def test_not_ready_says_what_is_missing(served: Serve, snapshots: Makers) -> None:
    """503 until there were an inventory and a verdict, with the one that is missing; healthy all the while."""
    async with served(Snapshot(at=1.0, tiles=()), ready=False) as exporter:
        status, words, _ = await fetch(f"{exporter.url}/-/ready")
        assert (status, words) == (503, "Not ready. CloudStack has not been read completely yet.\n")
        assert (await fetch(f"{exporter.url}/-/healthy"))[:2] == (200, "Healthy.\n")
    async with served(snapshots["quiet"](), ready=False) as exporter:
        assert (await fetch(f"{exporter.url}/-/ready"))[:2] == (503, "Not ready. No verdict yet.\n")
    async with served() as exporter:
        assert (await fetch(f"{exporter.url}/-/ready"))[:2] == (200, "Ready.\n")


@pytest.mark.parametrize("path", ["/", "/findings"])
async def test_every_link_leads_somewhere(served: Serve, snapshots: Makers, path: str) -> None:
    """Every address on a page is relative, ours, and answers."""
    async with served(snapshots["busy"]()) as exporter:
        _, page, _ = await fetch(exporter.url + path)
        links = set(re.findall(r'(?:href|src)="([^"#]+)', page))
        assert "findings.json" in links
        for link in links:
            assert not link.startswith(("/", "http"))
            address = urljoin(exporter.url + path, link.replace("&amp;", "&"))
            assert (await fetch(address))[0] == 200


async def test_the_landing_page_names_the_version(served: Serve) -> None:
    """Name and version stand on it."""
    async with served() as exporter:
        _, page, _ = await fetch(exporter.url)
        assert "CloudStack network exporter" in page
        assert "Version 0.1.0" in page


async def test_a_broken_board_leaves_the_metrics_alone(served: Serve, caplog: pytest.LogCaptureFixture) -> None:
    """A defect in what people are shown is a 500 there, and nothing else."""
    async with served() as exporter:
        exporter.board.shown = None
        status, page, _ = await fetch(f"{exporter.url}/findings")
        assert status == 500
        assert "Traceback" not in page
        assert (await fetch(f"{exporter.url}/metrics"))[0] == 200
    assert len(caplog.records) == 1


async def test_stopping_finishes_what_is_under_way() -> None:
    """An answer that has begun is finished; new connections are refused."""
    begun = asyncio.Event()

    async def slow(_request: web.Request) -> web.Response:
        begun.set()
        await asyncio.sleep(0.3)
        return web.Response(text="finished")

    app = web.Application()
    app.router.add_get("/slow", slow)
    async with listening(app, [("127.0.0.1", 0)]) as [(host, port)]:
        answer = asyncio.create_task(fetch(f"http://{host}:{port}/slow"))
        await begun.wait()
    assert (await answer)[:2] == (200, "finished")
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(host, port)


async def test_an_address_in_use_is_an_error_and_leaves_nothing_open(served: Serve) -> None:
    """When the second address cannot be bound, the first is closed again."""
    async with served() as exporter:
        taken = urlsplit(exporter.url)
        app = web.Application()
        with pytest.raises(OSError, match="address already in use"):
            async with listening(app, [("127.0.0.1", 0), (taken.hostname, taken.port)]):
                pytest.fail("must not be entered")
