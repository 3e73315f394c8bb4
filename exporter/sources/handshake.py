"""The certificate of a server that may demand one of its client, as libvirt does.

With TLS 1.3 the handshake is done for the client before the server looks for its certificate. Before 1.3 the server
ends it; by then its own certificate has come, and in the clear.
"""

from __future__ import annotations

import ssl

from exporter.model import Reason, SourceError
from exporter.questions.seen import TlsSeen
from exporter.sources.dial import READ_LIMIT, Streams

HANDSHAKE, CERTIFICATE = 22, 11
"""Type of a record, and of a message in it (RFC 5246)."""
MOST = 131072
"""Bytes of a handshake: chains are some thousand."""


async def shown(streams: Streams, context: ssl.SSLContext) -> TlsSeen:
    """Return what a handshake over open streams shows; ``protocol`` is empty where the server ended it.

    Raises:
        ssl.SSLError: the handshake failed before a certificate came.
        EOFError: the other side hung up before.
        SourceError: TOO_LARGE when the other side does not stop sending.
    """
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = context.wrap_bio(incoming, outgoing)
    came = bytearray()
    try:
        while not _is_done(session):
            await _exchange(streams, incoming, outgoing, came)
    except (ssl.SSLError, EOFError, ConnectionError):
        certificate = certificate_in(bytes(came))
        if not certificate:
            raise
        return TlsSeen(certificate, "")
    return TlsSeen(session.getpeercert(binary_form=True) or b"", session.version() or "")


def _is_done(session: ssl.SSLObject) -> bool:
    """Go on with the handshake as far as what has come allows."""
    try:
        session.do_handshake()
    except ssl.SSLWantReadError:
        return False
    return True


async def _exchange(streams: Streams, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, came: bytearray) -> None:
    """Send what is to be sent, take what comes."""
    reader, writer = streams
    writer.write(outgoing.read())
    await writer.drain()
    piece = await reader.read(READ_LIMIT)
    if not piece:
        message = "hung up in the handshake"
        raise EOFError(message)
    came += piece
    if len(came) > MOST:
        raise SourceError(Reason.TOO_LARGE, f"a handshake of more than {MOST} bytes")
    incoming.write(piece)


def certificate_in(stream: bytes) -> bytes:
    """Return the server's certificate, DER, from what it sent in the clear; empty when it is not there whole."""
    messages, at = _messages(stream), 0
    while at + 4 <= len(messages):
        end = at + 4 + int.from_bytes(messages[at + 1 : at + 4], "big")
        if messages[at] == CERTIFICATE:
            start = at + 10  # behind the message's head and two lengths: of the whole chain, of its first link
            stop = start + int.from_bytes(messages[at + 7 : start], "big")
            return messages[start:stop] if stop <= min(end, len(messages)) else b""
        at = end
    return b""


def _messages(stream: bytes) -> bytes:
    """Return what the handshake records at the beginning carry."""
    found, at = bytearray(), 0
    while at + 5 <= len(stream) and stream[at] == HANDSHAKE:
        end = at + 5 + int.from_bytes(stream[at + 3 : at + 5], "big")
        found += stream[at + 5 : end]
        at = end
    return bytes(found)
