"""GET /metrics: ready bytes, joined and written."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from aiohttp import hdrs, web

from exporter.page import Page
from exporter.web.negotiation import Format, accepts_gzip, choose_format

_WRITE = 1 << 20  # bytes handed to the socket at once: one giant body is copied again at each partial write


class Scrapes:
    """Answers on the metrics path.

    Args:
        page: what is served.
        limit: how many answers may be under way at once; one more is refused with 503.
        seconds: after this a client that does not read is cut off.
    """

    def __init__(self, page: Page, *, limit: int, seconds: float) -> None:
        self._page = page
        self._limit = limit
        self._seconds = seconds
        self._under_way = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer with the page of this moment."""
        if self._under_way >= self._limit:
            busy = f"{self._limit} scrapes are under way.\n"
            return web.Response(status=503, text=busy, headers={hdrs.RETRY_AFTER: "5"})
        self._under_way += 1
        try:
            return await self._write(request)
        finally:
            self._under_way -= 1

    async def _write(self, request: web.Request) -> web.StreamResponse:
        form = choose_format(",".join(request.headers.getall(hdrs.ACCEPT, ())))
        gzip = accepts_gzip(",".join(request.headers.getall(hdrs.ACCEPT_ENCODING, ())))
        openmetrics = form is Format.OPENMETRICS
        parts = [self._page.gzip(openmetrics=openmetrics)] if gzip else self._page.text(openmetrics=openmetrics)
        response = web.StreamResponse(headers={hdrs.CONTENT_TYPE: form, hdrs.VARY: "Accept, Accept-Encoding"})
        if gzip:
            response.headers[hdrs.CONTENT_ENCODING] = "gzip"
        response.content_length = sum(map(len, parts))
        try:
            async with asyncio.timeout(self._seconds):
                await response.prepare(request)
                if request.method != hdrs.METH_HEAD:
                    for some in _batches(parts):
                        await response.write(some)
                await response.write_eof()
        except (TimeoutError, ConnectionError):  # too slow, or gone: neither is a defect of ours
            if request.transport:
                request.transport.abort()
        return response


def _batches(parts: list[bytes]) -> Iterator[bytes]:
    """Yield the parts joined to writes of about ``_WRITE`` bytes."""
    batch: list[bytes] = []
    size = 0
    for part in parts:
        batch.append(part)
        size += len(part)
        if size >= _WRITE:
            yield b"".join(batch)
            batch, size = [], 0
    yield b"".join(batch)
