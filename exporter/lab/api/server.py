"""The lab's CloudStack API: signed requests over a real socket, answered as a management server does.

It pages, filters and wraps; *what exists* comes from ``rows``. It verifies signatures with an
implementation of its own and can be told to misbehave in every way the exporter must survive.

The rows are asked with ``rows(command, parameters)`` and returned as dicts exactly as CloudStack's
JSON has them (absent fields left out, dates as ``2026-11-21T05:43:13+0000``), for every owner and zone:

* rows with a ``projectid`` are only shown with ``projectid=-1``, the others only without it;
* account-owned commands without ``listall=true`` show nothing;
* ``id``, ``zoneid``, ``physicalnetworkid``, ``type``, ... keep the rows whose field equals the parameter;
* ``listConfigurations``: ``name`` is matched as a part of the name; with ``zoneid`` only rows with Zone in
  their ``scope`` are shown, and ``rows`` gives that zone's values;
* ``listApis`` is answered here and is never passed to ``rows``.

Source of the behaviour: ApiServer, ApiServlet, ApiResponseSerializer, BaseListCmd.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Mapping
from typing import Any

from aiohttp import web

from exporter.lab.api.commands import COMMANDS, Command, api_rows
from exporter.lab.api.signature import RefusedError, java_encode, parse_query, verify

Parameters = Mapping[str, str]
Rows = Callable[[str, Parameters], list[dict[str, Any]]]
Faults = Callable[[], Mapping[str, object]]

PATH = "/client/api"
ASKED: web.AppKey[Counter[str]] = web.AppKey("asked", Counter)
REQUESTS: web.AppKey[deque[dict[str, str]]] = web.AppKey("requests", deque)
FILTERS = ("id", "zoneid", "podid", "clusterid", "hostid", "physicalnetworkid", "networkid", "vpcid", "type",
           "systemvmtype", "state", "hypervisor", "traffictype")  # fmt: skip
UNSELECTIVE = frozenset({"page", "pagesize", "apikey", "signature", "signatureversion", "expires", "response"})
"""Parameters that do not change which rows are meant."""
CREDENTIALS_REFUSED = "unable to verify user credentials and/or request signature"
HTML = "<!DOCTYPE html><html><head><title>Error</title></head><body><h2>HTTP ERROR</h2></body></html>"


class ApiError(Exception):
    """An error envelope: HTTP status, which is also ``errorcode``, and ``errortext``."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


def api_application(
    rows: Rows,
    *,
    keys: Mapping[str, str],
    page_size: int = 500,
    faults: Faults = dict,
    content_type: str = "application/json; charset=UTF-8",
    encoded: bool = False,
    unix: Callable[[], float] | None = None,
) -> web.Application:
    """Return an application that serves ``/client/api``.

    Args:
        rows: what exists, by command (see above); a KeyError means the command does not exist.
        keys: API key -> secret key.
        page_size: ``default.page.size``: what a request without pagesize gets, and the most it may ask.
        faults: asked before every answer. Each name maps to True, or to the commands that it strikes:
            ``refuse`` 401 bad key, ``throttle`` 429, ``booting`` 503 HTML, ``missing_page`` 404 HTML,
            ``html`` 200 HTML, ``hang`` no answer while it is on, ``drip`` one byte at a time, ``flood`` never ends,
            ``disconnect`` closes in the middle, ``truncated`` half the JSON, ``redirect`` 302,
            ``wrong_count`` counts too many, ``low_count`` counts one, ``paging_loop`` page 1 for ever,
            ``internal`` 530, ``denied`` 531, ``off`` 432, ``unknown`` the command does not exist and is
            not in listApis, ``forbidden`` refused although listed.
        content_type: old versions say ``text/javascript; charset=UTF-8``.
        encoded: ``encode.api.response``: string values are URL-encoded.
        unix: the lab's unix time.

    ``app[ASKED]`` counts the commands of verified requests, ``app[REQUESTS]`` keeps the parameters of
    the last 1000, without key and signature.
    """
    server = ApiServer(rows, keys, page_size, faults, content_type, encoded, unix or _unix)
    app = web.Application()
    app[ASKED] = server.asked
    app[REQUESTS] = server.requests
    app.router.add_route("*", PATH, server.handle)
    return app


def _unix() -> float:
    return time.clock_gettime(time.CLOCK_REALTIME)


class ApiServer:
    """One management server's API."""

    def __init__(
        self,
        rows: Rows,
        keys: Mapping[str, str],
        page_size: int,
        faults: Faults,
        content_type: str,
        encoded: bool,
        unix: Callable[[], float],
    ) -> None:
        self._rows = rows
        self._keys = keys
        self._page_size = page_size
        self._faults = faults
        self._content_type = content_type
        self._encoded = encoded
        self._unix = unix
        self._selections: dict[tuple[object, ...], tuple[object, list[dict[str, Any]]]] = {}
        self.asked: Counter[str] = Counter()
        self.requests: deque[dict[str, str]] = deque(maxlen=1000)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Return the answer to one request, or the fault that is switched on."""
        query = await request.text() if request.method == "POST" else request.rel_url.raw_query_string
        parameters = parse_query(query)
        command = parameters.get("command", "")
        broken = await self._break(request, command)
        if broken is not None:
            return broken
        try:
            body = self._answer(command, parameters)
        except ApiError as error:
            return self._error(command, error)
        if self._struck("disconnect", command) or self._struck("drip", command):
            return await self._slowly(request, body, "drip" if self._struck("drip", command) else "disconnect")
        return self._respond(200, body[: len(body) // 2] if self._struck("truncated", command) else body)

    def _struck(self, fault: str, command: str) -> bool:
        value = self._faults().get(fault, False)
        return command in value if isinstance(value, Collection) else bool(value)

    async def _break(self, request: web.Request, command: str) -> web.StreamResponse | None:
        """Return the answer of a fault that comes before any look at the request, or None."""
        for fault, status in (("booting", 503), ("missing_page", 404), ("html", 200)):
            if self._struck(fault, command):
                return web.Response(status=status, text=HTML, content_type="text/html")
        if self._struck("redirect", command):
            return web.Response(status=302, headers={"Location": "/client/"})
        if self._struck("hang", command):
            while self._struck("hang", command) and not _gone(request):  # noqa: ASYNC110 - two conditions, no event
                await asyncio.sleep(0.05)
        if self._struck("flood", command):
            return await self._slowly(request, b"", "flood")
        return None

    def _answer(self, command: str, parameters: Parameters) -> bytes:
        """Return the envelope of a list, or raise ApiError."""
        try:
            verify(parameters, self._keys, self._unix())
        except RefusedError:
            raise ApiError(401, CREDENTIALS_REFUSED) from None
        shown = ("apikey", "signature")
        self.requests.append({name: value for name, value in parameters.items() if name.lower() not in shown})
        self.asked[command] += 1
        self._refuse(command)
        if parameters.get("response") != "json":
            raise ApiError(431, "the lab speaks JSON only")
        if command == "listApis":
            known = {name: about for name, about in COMMANDS.items() if not self._struck("unknown", name)}
            return self._envelope("listApis", "api", api_rows(known), None)
        about = COMMANDS[command]
        try:
            found = self._selected(command, parameters)
        except KeyError:
            raise ApiError(401, unknown_text(command)) from None
        return self._envelope(command, about.array, self._page(command, found, parameters), len(found))

    def _selected(self, command: str, parameters: Parameters) -> list[dict[str, Any]]:
        """Return the rows that are asked for; the pages of one list select them once."""
        rows = self._rows(command, parameters)
        key = (command, *sorted((name, value) for name, value in parameters.items() if name not in UNSELECTIVE))
        known, found = self._selections.get(key, (None, []))
        if known is not rows:
            found = select(COMMANDS[command], rows, parameters)
            self._selections[key] = (rows, found)
            if len(self._selections) > 200:
                self._selections.pop(next(iter(self._selections)))
        return found

    def _refuse(self, command: str) -> None:
        """Raise the ApiError of the fault that is switched on, or of an unknown command."""
        if self._struck("refuse", command):
            raise ApiError(401, CREDENTIALS_REFUSED)
        if self._struck("throttle", command):
            raise ApiError(429, "The given user has reached his/her account api limit, please retry later.")
        if self._struck("internal", command):
            raise ApiError(530, "Internal error executing command, please contact your cloud administrator")
        if self._struck("denied", command):
            raise ApiError(531, "Acct does not have permission to operate with resource")
        if self._struck("off", command):
            raise ApiError(432, "The feature is not enabled")
        missing = self._struck("unknown", command) or self._struck("forbidden", command)
        if missing or (command not in COMMANDS and command != "listApis"):
            raise ApiError(401, unknown_text(command))

    def _page(self, command: str, found: list[dict[str, Any]], parameters: Parameters) -> list[dict[str, Any]]:
        size = int(parameters.get("pagesize", self._page_size))
        if size > self._page_size:
            raise ApiError(431, f"Page size can't exceed max allowed page size value: {self._page_size}")
        page = 1 if self._struck("paging_loop", command) else int(parameters.get("page", 1))
        return found[(page - 1) * size : page * size]

    def _envelope(self, command: str, array: str, page: list[dict[str, Any]], total: int | None) -> bytes:
        """Return the JSON: no count and no array for an empty list, no array past the last page."""
        body: dict[str, Any] = {}
        if total != 0:
            body["count"] = len(page) if total is None else self._count(command, total)
        if page:
            body[array] = url_encoded(page) if self._encoded else page
        return json.dumps({f"{command.lower()}response": body}, ensure_ascii=False).encode()

    def _count(self, command: str, total: int) -> int:
        if self._struck("wrong_count", command):
            return total + 1000
        return 1 if self._struck("low_count", command) else total

    def _error(self, command: str, error: ApiError) -> web.Response:
        unknown = error.status == 432 or command not in COMMANDS
        name = "errorresponse" if unknown else f"{command.lower()}response"
        body = {"uuidList": [], "errorcode": error.status, "cserrorcode": 9999, "errortext": error.text}
        response = self._respond(error.status, json.dumps({name: body}).encode())
        response.headers["X-Description"] = error.text
        return response

    def _respond(self, status: int, body: bytes) -> web.Response:
        return web.Response(status=status, body=body, headers={"Content-Type": self._content_type})

    async def _slowly(self, request: web.Request, body: bytes, fault: str) -> web.StreamResponse:
        """Send a body that drips, never ends, or ends in the middle."""
        response = web.StreamResponse(headers={"Content-Type": self._content_type})
        response.content_length = len(body) if body else None
        await response.prepare(request)
        if fault == "disconnect":
            await response.write(body[: len(body) // 2])
            if request.transport:
                request.transport.close()
            return response
        chunk, pause = (b" " * 65536, 0.0) if fault == "flood" else (b"", 0.05)
        for position in range(len(body) or 1 << 20):
            if _gone(request):
                break
            await response.write(chunk or body[position : position + 1])
            await asyncio.sleep(pause)
        return response


def _gone(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()


def unknown_text(command: str) -> str:
    """Return what CloudStack says of a command that it lacks or that the role does not allow."""
    return f"The given command '{command}' either does not exist, is not available for user."


def select(about: Command, rows: list[dict[str, Any]], parameters: Parameters) -> list[dict[str, Any]]:
    """Return the rows that CloudStack would show for these parameters."""
    for name in about.required:
        if not parameters.get(name):
            raise ApiError(431, f"Unable to execute API command due to missing parameter {name}")
    if about.owned:
        projects = parameters.get("projectid") == "-1"
        rows = [row for row in rows if ("projectid" in row) == projects] if parameters.get("listall") == "true" else []
    if about.array == "configuration":
        return [row for row in rows if in_scope(row, parameters)]
    wanted = {name: parameters[name] for name in FILTERS if parameters.get(name)}
    return [row for row in rows if all(str(row.get(name)) == value for name, value in wanted.items())]


def in_scope(row: Mapping[str, Any], parameters: Parameters) -> bool:
    """Return whether listConfigurations shows the row."""
    zone_wide = "zone" in str(row.get("scope", "")).lower()
    return parameters.get("name", "").lower() in str(row["name"]).lower() and ("zoneid" not in parameters or zone_wide)


def url_encoded(value: Any) -> Any:
    """Return JSON whose string values are encoded as with ``encode.api.response``."""
    match value:
        case str():
            return java_encode(value)
        case list():
            return [url_encoded(item) for item in value]
        case dict():
            return {name: url_encoded(item) for name, item in value.items()}
        case _:
            return value
