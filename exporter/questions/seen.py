"""What a probe saw on the wire, before anybody reads it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TlsSeen:
    """One TLS handshake.

    Attributes:
        certificate: the server's own certificate, DER.
        protocol: ``TLSv1.2``, ``TLSv1.3``, ...
        error_code: OpenSSL's X509_V_ERR_* number when the chain did not verify, else None.
        error: OpenSSL's words for it, empty when the chain verified.
    """

    certificate: bytes
    protocol: str
    error_code: int | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class HttpSeen:
    """One answer to a GET. ``start`` is the beginning of the body, at most a few hundred bytes."""

    status: int
    location: str = ""
    content_type: str = ""
    start: bytes = b""
