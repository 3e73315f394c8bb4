"""One bounded GET after another to one HTTP server: verified TLS, no redirects, no cookies, no proxy.

Every failure is a SourceError whose text is ours: what the libraries say may hold the URL with its signature.
"""

from __future__ import annotations

import asyncio
import email.utils
import errno
import ssl
from dataclasses import dataclass

import aiohttp
import yarl

from exporter.model import Reason, SourceError

CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back; ``date`` is the server's unix time, None when it did not say."""

    status: int
    body: bytes
    date: float | None


class Transport:
    """Connections to one server, kept and used again."""

    def __init__(self, url: str, tls: ssl.SSLContext, *, seconds: float, connections: int, most_bytes: int) -> None:
        self._url = url
        self._tls = tls
        self._seconds = seconds
        self._connections = connections
        self._most_bytes = most_bytes
        self._session: aiohttp.ClientSession | None = None

    async def get(self, query: str) -> Reply:
        """Return the whole answer to a GET with this encoded query, or raise SourceError.

        The time limit covers everything, so a server that drips gains nothing.
        """
        try:
            async with asyncio.timeout(self._seconds):
                return await self._get(query)
        except TimeoutError:
            raise SourceError(Reason.TIMEOUT, f"no complete answer within {self._seconds:g} seconds") from None
        except aiohttp.ClientError as error:
            raise connection_error(error) from None
        except OSError as error:
            raise SourceError(_os_reason(error), type(error).__name__) from None

    async def close(self) -> None:
        """Close the connections; the next ``get`` opens new ones."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _get(self, query: str) -> Reply:
        url = yarl.URL(f"{self._url}?{query}", encoded=True)
        async with self._open().get(url, allow_redirects=False, ssl=self._tls) as response:
            if response.headers.get("Content-Encoding", "identity") != "identity":
                raise SourceError(Reason.UNREADABLE, "a compressed answer that was not asked for")
            body = bytearray()
            async for chunk in response.content.iter_chunked(CHUNK):
                body += chunk
                if len(body) > self._most_bytes:
                    raise SourceError(Reason.TOO_LARGE, f"more than {self._most_bytes} bytes")
            return Reply(response.status, bytes(body), _unix(response.headers.get("Date", "")))

    def _open(self) -> aiohttp.ClientSession:
        """Return the session; made late because it belongs to the running loop."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections),
                cookie_jar=aiohttp.DummyCookieJar(),  # a session cookie would outrank the key
                timeout=aiohttp.ClientTimeout(total=None),
                auto_decompress=False,
                headers={
                    "Accept": "application/json",
                    "Accept-Encoding": "identity",
                    "User-Agent": "cloudstack-network-exporter",
                },
            )
        return self._session


def connection_error(error: aiohttp.ClientError) -> SourceError:
    """Return the SourceError for what aiohttp says, without its text."""
    match error:
        case aiohttp.ClientConnectorDNSError():
            return SourceError(Reason.DNS, f"the name {error.host} does not resolve")
        case aiohttp.ClientConnectorCertificateError():
            why = getattr(error.certificate_error, "verify_message", "") or "it is not valid"
            return SourceError(Reason.TLS, f"the certificate of {error.host} is refused: {why}")
        case aiohttp.ClientSSLError():
            return SourceError(Reason.TLS, "the TLS handshake failed")
        case aiohttp.ClientConnectorError():
            return SourceError(_os_reason(error.os_error), f"cannot connect to {error.host}:{error.port}")
        case aiohttp.ClientConnectionError() | aiohttp.ClientPayloadError():
            return SourceError(Reason.DISCONNECTED, "the server closed the connection in the middle")
        case _:
            return SourceError(Reason.UNREADABLE, f"not HTTP as we know it ({type(error).__name__})")


def _os_reason(error: OSError) -> Reason:
    match error.errno:
        case errno.ECONNREFUSED:
            return Reason.REFUSED
        case errno.ECONNRESET | errno.EPIPE | errno.ECONNABORTED:
            return Reason.DISCONNECTED
        case errno.ETIMEDOUT:
            return Reason.TIMEOUT
        case _:
            return Reason.UNREACHABLE


def _unix(date: str) -> float | None:
    try:
        return email.utils.parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError):
        return None
