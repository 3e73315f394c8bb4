"""Connections as a browser makes them: DNS, TCP, TLS, HTTP. Every step is bounded in time and bytes."""

from __future__ import annotations

import asyncio
import re
import ssl
from dataclasses import dataclass
from pathlib import Path

from exporter.model import Reason, SourceError
from exporter.questions.seen import HttpSeen, TlsSeen
from exporter.sources import tls as contexts
from exporter.sources.dial import HOST_NAME, READ_LIMIT, Streams, dialled, not_a_name
from exporter.sources.dns import Lookups
from exporter.sources.handshake import shown

START_BYTES = 512  # of a body: enough to see what kind of page it is
STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})(?: |$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeSettings:
    """How the probe dials.

    Attributes:
        ca_file: CA certificates (PEM) to trust beside the system's.
        resolvers: name servers, ``address`` or ``address:port``; none: /etc/resolv.conf.
        connect_seconds: for each step as a whole: one lookup, one connection, one handshake, one GET.
        concurrency: connections, and lookups, open at once.
    """

    ca_file: Path | None = None
    resolvers: tuple[str, ...] = ()
    connect_seconds: float = 5.0
    concurrency: int = 64


class Probe:
    """Dials by itself. Keeps two TLS contexts and no connection.

    Raises:
        OSError: when ``settings.ca_file`` cannot be loaded.
    """

    def __init__(self, settings: ProbeSettings) -> None:
        self._seconds = settings.connect_seconds
        self._lookups = Lookups(settings.resolvers, settings.connect_seconds, settings.concurrency)
        self._slots = asyncio.Semaphore(settings.concurrency)
        self._verifying = contexts.verifying(settings.ca_file)
        self._reading = contexts.reading()

    async def resolve(self, name: str) -> tuple[str, ...]:
        """Return the addresses of a name, at least one; an IP literal is its own address.

        Raises:
            SourceError: DNS when the name leads nowhere; other reasons when no name server could be asked.
        """
        return await self._lookups.resolve(name)

    async def tcp(self, address: str, port: int) -> None:
        """Connect and hang up.

        Raises:
            SourceError: REFUSED, TIMEOUT, UNREACHABLE, or NO_WAY without a route from here.
        """
        async with self._slots, dialled(address, port, self._seconds):
            pass

    async def tls(self, address: str, port: int, server_name: str) -> TlsSeen:
        """Return what a TLS handshake showed; the certificate is read even when it does not verify.

        Raises:
            SourceError: as ``tcp``, and TLS or DISCONNECTED when no handshake came about.
        """
        try:
            return await self._handshake(address, port, server_name, self._verifying)
        except SourceError as error:
            cause = error.__cause__
            if not isinstance(cause, ssl.SSLCertVerificationError):
                raise
        seen = await self._handshake(address, port, server_name, self._reading)
        return TlsSeen(seen.certificate, seen.protocol, cause.verify_code, cause.verify_message)

    async def certificate(self, address: str, port: int) -> TlsSeen:
        """Return the certificate that a server shows, whoever signed it, also where it demands one of its clients.

        No name is sent; ``protocol`` is empty where the server ended the handshake for want of our certificate.

        Raises:
            SourceError: as ``tls``; TOO_LARGE when the handshake never ends.
        """
        async with self._slots, dialled(address, port, self._seconds) as streams:
            return await shown(streams, self._reading)

    async def _handshake(self, address: str, port: int, server_name: str, context: ssl.SSLContext) -> TlsSeen:
        """Return what one handshake showed."""
        async with self._slots, dialled(address, port, self._seconds, context, server_name) as (_, writer):
            session: ssl.SSLObject = writer.get_extra_info("ssl_object")
            return TlsSeen(session.getpeercert(binary_form=True) or b"", session.version() or "")

    async def http(self, address: str, port: int, host: str, path: str, *, tls: bool) -> HttpSeen:
        """Return the answer to ``GET path``; redirects are not followed, certificates not judged here.

        Raises:
            SourceError: as ``tls``; UNREADABLE when the answer is not HTTP, TOO_LARGE when its head never ends.
        """
        if not HOST_NAME.fullmatch(host):
            raise not_a_name(host)
        place = host if port == (443 if tls else 80) else f"{host}:{port}"
        context = self._reading if tls else None
        async with self._slots, dialled(address, port, self._seconds, context, host) as streams:
            return await _get(streams, place, path)


async def _get(streams: Streams, place: str, path: str) -> HttpSeen:
    """Ask one GET and return the answer, with as much of the body as came first."""
    reader, writer = streams
    request = f"GET {path} HTTP/1.1\r\nHost: {place}\r\nUser-Agent: cloudstack-network-exporter\r\nAccept: */*\r\n"
    writer.write(f"{request}Connection: close\r\n\r\n".encode())
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError as error:
        raise SourceError(Reason.TOO_LARGE, f"{place} sent more than {READ_LIMIT} bytes of headers") from error
    except asyncio.IncompleteReadError as error:
        if STATUS.match(error.partial) or not error.partial:
            raise
        head = error.partial
    first, *lines = head.split(b"\r\n")
    status = STATUS.match(first)
    if status is None:
        raise SourceError(Reason.UNREADABLE, f"{place} answered something that is not HTTP")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}
    empty = headers.get(b"content-length") == b"0" or status[1] in {b"204", b"304"}
    return HttpSeen(
        int(status[1]),
        headers.get(b"location", b"").decode("latin-1")[:200],
        headers.get(b"content-type", b"").decode("latin-1")[:100],
        b"" if empty else await reader.read(START_BYTES),
    )
