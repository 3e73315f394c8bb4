"""The page and the HTTP interface that switch faults; it works without JavaScript."""

from __future__ import annotations

import re
from collections import Counter
from html import escape
from typing import Protocol

from aiohttp import web

from exporter.lab.faults import CATALOGUE, Fault
from exporter.lab.seen import Seen

STYLE = (
    "body{font:16px/1.4 sans-serif;max-width:70em;margin:2em auto;padding:0 1em}"
    "table{border-collapse:collapse;width:100%}td{border-bottom:1px solid #ccc;padding:.3em .6em;vertical-align:top}"
    "tr.on{background:#fde2e2}button{min-width:8em}code{white-space:nowrap}"
)

REACH = re.compile(r" host_reach:(\S+)")


class Switchboard(Protocol):
    """What the page needs of the lab."""

    on: list[str]
    seen: Seen

    async def set(self, name: str, *, on: bool) -> None:
        """Switch a fault."""


def control_application(lab: Switchboard) -> web.Application:
    """Return the application: ``GET /``, ``GET /faults``, ``POST /faults/<name>/on|off`` and ``GET /seen``.

    A POST answers JSON, or leads back to the page where a browser sent it. One that comes from a page of
    another site is refused.
    """

    async def page(_: web.Request) -> web.Response:
        return web.Response(text=_page(lab.on), content_type="text/html")

    async def faults(_: web.Request) -> web.Response:
        return web.json_response([_row(fault, lab.on) for fault in CATALOGUE.values()])

    async def seen(_: web.Request) -> web.Response:
        ways = Counter(way for _, command in lab.seen.ssh for way in ("host", "hop") if f" {way} " in command)
        told = sum(_dials(command) for _, command in lab.seen.ssh)
        dialled = Counter(what for _, what in lab.seen.dials)
        return web.json_response({"ssh": len(lab.seen.ssh), "places": told, **dialled, **ways})

    async def switch(request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if request.headers.get("Origin", str(request.url.origin())) != str(request.url.origin()):
            raise web.HTTPForbidden(text="not from this page\n")
        if name not in CATALOGUE:
            raise web.HTTPNotFound(text=f"no fault is named {name}\n")
        await lab.set(name, on=request.match_info["state"] == "on")
        if "text/html" in request.headers.get("Accept", ""):
            raise web.HTTPSeeOther(request.app.router["page"].url_for())
        return web.json_response(_row(CATALOGUE[name], lab.on))

    app = web.Application()
    app.router.add_get("/", page, name="page")
    app.router.add_get("/faults", faults)
    app.router.add_get("/seen", seen)
    app.router.add_post(r"/faults/{name:[a-z0-9_]+}/{state:on|off}", switch)
    return app


def _dials(command: str) -> int:
    """Return how many connections a host was told to make: two to each neighbour, one to each image store."""
    words = [word for found in REACH.findall(command) for word in found.split(",") if "." in word]
    return sum(1 if "@" in word else 2 for word in words)


def _row(fault: Fault, on: list[str]) -> dict[str, object]:
    return {
        "name": fault.name,
        "on": fault.name in on,
        "sentence": fault.sentence,
        "issue": str(fault.issue or ""),
        "expects": sorted(fault.expects),
    }


def _page(on: list[str]) -> str:
    """Return the page: one row and one button for each fault."""
    rows = "".join(_line(fault, is_on=fault.name in on) for fault in CATALOGUE.values())
    head = f"<!DOCTYPE html><html lang=en><meta charset=utf-8><title>Lab faults</title><style>{STYLE}</style>"
    state = f"{len(on)} on: {escape(', '.join(on))}" if on else "none is on, the cloud is healthy"
    return f"{head}<h1>Faults of the lab cloud</h1><p>{state}.</p><table>{rows}</table></html>"


def _line(fault: Fault, *, is_on: bool) -> str:
    action, word, kind = ("off", "switch off", " class=on") if is_on else ("on", "switch on", "")
    button = f"<form method=post action=/faults/{fault.name}/{action}><button>{word}</button></form>"
    cells = (f"<code>{fault.name}</code>", escape(fault.sentence), escape(str(fault.issue or "the wires")), button)
    return f"<tr{kind}>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
