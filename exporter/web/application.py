"""The web application: /metrics, the findings page and its JSON, health, and a page that links them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib.resources import files

from aiohttp import hdrs, web

from exporter.findings import Board
from exporter.page import Page
from exporter.web.as_json import findings_json
from exporter.web.findings_page import findings_page
from exporter.web.grouping import view
from exporter.web.landing import landing_page
from exporter.web.scrape import Scrapes
from exporter.web.shared import Shared

_STATIC = {"style.css": "text/css", "refresh.js": "text/javascript", "icon.svg": "image/svg+xml"}
_CONTENT_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    hdrs.SERVER: "cloudstack-network-exporter",
    "Content-Security-Policy": _CONTENT_POLICY,
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """What an operator may set.

    Attributes:
        metrics_path: where the page is scraped; starts with a slash.
        refresh_seconds: how often the findings page renews itself.
        scrapes: answers under way at once; one more gets 503.
        write_seconds: a client that has not read its answer by then is cut off.
    """

    metrics_path: str = "/metrics"
    refresh_seconds: int = 30
    scrapes: int = 40
    write_seconds: float = 60.0


def application(
    page: Page, board: Board, ready: Callable[[], bool], *, version: str, settings: WebSettings | None = None
) -> web.Application:
    """Return the application.

    Args:
        page: what is scraped.
        board: what people are shown.
        ready: whether there were a first complete inventory and a first verdict.
        version: of the exporter, for people.
        settings: None for the defaults.
    """
    chosen = settings or WebSettings()
    pages = _Pages(Shared(board), ready, version, chosen)
    app = web.Application(client_max_size=1024)
    app.on_response_prepare.append(_add_headers)
    scrapes = Scrapes(page, limit=chosen.scrapes, seconds=chosen.write_seconds)
    app.add_routes(
        [
            web.get("/", pages.landing),
            web.get(chosen.metrics_path, scrapes.answer),
            web.get("/findings", pages.findings),
            web.get("/findings.json", pages.findings_json),
            web.get("/-/healthy", pages.healthy),
            web.get("/-/ready", pages.ready),
            *(web.get(f"/static/{name}", _static(name, kind)) for name, kind in _STATIC.items()),
        ]
    )
    return app


@dataclass(frozen=True, slots=True)
class _Pages:
    """The handlers for people and for health checks."""

    board: Shared
    is_ready: Callable[[], bool]
    version: str
    settings: WebSettings

    async def landing(self, _request: web.Request) -> web.Response:
        return _html(landing_page(self.version, metrics_path=self.settings.metrics_path))

    async def findings(self, request: web.Request) -> web.Response:
        refresh = self.settings.refresh_seconds
        shown = view(request.query)
        path = self.settings.metrics_path
        snapshot = self.board.snapshot()
        # A thread: thousands of rows take a tenth of a second, and visits must not wait for readers.
        return _html(await asyncio.to_thread(findings_page, snapshot, shown, metrics_path=path, refresh=refresh))

    async def findings_json(self, _request: web.Request) -> web.Response:
        text = await asyncio.to_thread(findings_json, self.board.snapshot())
        return web.Response(text=text, content_type="application/json")

    async def healthy(self, _request: web.Request) -> web.Response:
        """Answer at all: the event loop runs."""
        return web.Response(text="Healthy.\n")

    async def ready(self, _request: web.Request) -> web.Response:
        if self.is_ready():
            return web.Response(text="Ready.\n")
        read = self.board.snapshot().inventory_at > 0
        missing = "No verdict yet." if read else "CloudStack has not been read completely yet."
        return web.Response(status=503, text=f"Not ready. {missing}\n")


def _html(text: str) -> web.Response:
    return web.Response(body=text.encode(), content_type="text/html", charset="utf-8")


def _static(name: str, kind: str) -> Handler:
    """Return a handler for one of our own files, read once."""
    body = (files("exporter.web") / "static" / name).read_bytes()

    async def serve(_request: web.Request) -> web.Response:
        return web.Response(body=body, content_type=kind, charset="utf-8", headers={hdrs.CACHE_CONTROL: "no-cache"})

    return serve


async def _add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers.setdefault(hdrs.CACHE_CONTROL, "no-store")
    response.headers.update(_HEADERS)
