"""One connection, bounded in time, always closed, its errors told in our words."""

from __future__ import annotations

import asyncio
import errno
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from exporter.model import Reason, SourceError

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
HOST_NAME = re.compile(r"(?!.{254})[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?")
READ_LIMIT = 16384  # bytes an answer may hold before anybody reads it


@asynccontextmanager
async def dialled(
    address: str, port: int, seconds: float, context: ssl.SSLContext | None = None, server_name: str = ""
) -> AsyncIterator[Streams]:
    """Connect to an IP address, with TLS when a context is given, and hand out the two streams.

    ``seconds`` bounds everything that happens inside. ``server_name`` is sent as SNI.

    Raises:
        SourceError: DNS when ``server_name`` is no host name, NO_WAY without an address or a route from here,
            else what the other side did.
    """
    if not address:
        raise SourceError(Reason.NO_WAY, "CloudStack tells no address")
    if context and not HOST_NAME.fullmatch(server_name):
        raise not_a_name(server_name)
    place = f"{address}:{port}"
    try:
        async with asyncio.timeout(seconds):
            reader, writer = await asyncio.open_connection(
                address,
                port,
                limit=READ_LIMIT,
                ssl=context,
                server_hostname=server_name if context else None,
                ssl_handshake_timeout=seconds if context else None,  # also ends what a cancellation left behind
            )
            try:
                yield reader, writer
            finally:
                writer.transport.abort()  # a polite close would wait for the other side
    except (OSError, EOFError) as error:
        raise trouble(error, place, seconds) from error


def not_a_name(name: str) -> SourceError:
    """Return that a setting makes a host name that is none."""
    return SourceError(Reason.DNS, f"{name[:80]!r} is not a host name")


def trouble(error: OSError | EOFError, place: str, seconds: float) -> SourceError:
    """Return what went wrong with a connection to ``place``, as a reason and a short line."""
    reason, words = Reason.UNREACHABLE, f"{place} cannot be reached"
    match error:
        case TimeoutError():
            reason, words = Reason.TIMEOUT, f"{place} did not answer within {seconds:g} s"
        case ssl.SSLCertVerificationError():
            reason, words = Reason.TLS, f"{place}: {error.verify_message}"
        case ssl.SSLEOFError() | EOFError() | ConnectionResetError() | ConnectionAbortedError() | BrokenPipeError():
            reason, words = Reason.DISCONNECTED, f"{place} closed the connection"
        case ssl.SSLError():
            problem = (error.reason or "handshake failed").lower().replace("_", " ")
            reason, words = Reason.TLS, f"{place} speaks no TLS that we know: {problem}"
        case ConnectionRefusedError():
            reason, words = Reason.REFUSED, f"nobody listens on {place}"
        case _ if error.errno in {errno.ENETUNREACH, errno.EADDRNOTAVAIL}:
            reason, words = Reason.NO_WAY, f"no route from the exporter to {place}"
    return SourceError(reason, words)
