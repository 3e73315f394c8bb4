"""CloudStack's request signature, verified as ApiServer.verifyRequest does it.

Written from the server's rules and on purpose not shared with the exporter's own signing: two
implementations that agree prove more than one that agrees with itself.

Source: server/src/main/java/com/cloud/api/ApiServer.java; java.net.URLEncoder for the values.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import unquote_plus

FARTHEST_EXPIRY = 900.0  # seconds ahead, with enforce.post.requests.and.timestamps
LEFT_ALONE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_*")


class RefusedError(Exception):
    """The request is not from who it says, or too late; the text is for the lab's log only."""


def parse_query(text: str) -> dict[str, str]:
    """Return the parameters of a query string or form body; of a repeated one the first counts."""
    found: dict[str, str] = {}
    for part in text.split("&"):
        name, _, value = part.partition("=")
        if name:
            found.setdefault(unquote_plus(name), unquote_plus(value))
    return found


def java_encode(value: str) -> str:
    """Return ``URLEncoder.encode(value, UTF-8)`` with its ``+`` turned to ``%20``."""
    return "".join(chr(byte) if byte in LEFT_ALONE else f"%{byte:02X}" for byte in value.encode())


def expected_signature(parameters: Mapping[str, str], secret: str) -> str:
    """Return the signature that these parameters must carry."""
    names = sorted(name for name in parameters if name.lower() != "signature")
    text = "&".join(f"{name}={java_encode(parameters[name])}" for name in names).lower()
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha1).digest()).decode()


def verify(parameters: Mapping[str, str], keys: Mapping[str, str], now: float) -> str:
    """Return the API key of a request whose signature holds at unix time ``now``, else raise RefusedError."""
    folded = {name.lower(): value for name, value in parameters.items()}
    secret = keys.get(folded.get("apikey", ""))
    if secret is None:
        message = "unknown API key"
        raise RefusedError(message)
    check_expiry(folded, now)
    if not hmac.compare_digest(expected_signature(parameters, secret).encode(), folded.get("signature", "").encode()):
        message = "wrong signature"
        raise RefusedError(message)
    return folded["apikey"]


def check_expiry(folded: Mapping[str, str], now: float) -> None:
    """Raise RefusedError unless the request is of version 3 and expires within the next 15 minutes."""
    if folded.get("signatureversion") != "3":
        message = "signatureversion is not 3"
        raise RefusedError(message)
    try:
        expires = datetime.fromisoformat(folded.get("expires", ""))
    except ValueError:
        message = "expires is not a date"
        raise RefusedError(message) from None
    if expires.tzinfo is None or not 0 < expires.timestamp() - now <= FARTHEST_EXPIRY:
        message = "expires is past, too far ahead or without offset"
        raise RefusedError(message)
