"""CloudStack's request signature, version 3.

Source: ApiServer.verifyRequest; values as java.net.URLEncoder writes them, with ``%20`` for a space.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote

LIFETIME = 480.0  # seconds; the server refuses more than 900 and its clock may differ from ours


def encode(value: str) -> str:
    """Return the value as Java encodes it: ``*`` stays, ``~`` does not, a space is ``%20``."""
    return quote(value, safe="*", errors="replace").replace("~", "%7E")


def query(parameters: Mapping[str, str]) -> str:
    """Return ``name=value&...`` in the order in which the server sorts it: by name as sent."""
    return "&".join(f"{name}={encode(value)}" for name, value in sorted(parameters.items()))


class Signer:
    """An API key with its secret; never shows either."""

    __slots__ = ("_key", "_secret")

    def __init__(self, key: str, secret: str) -> None:
        self._key = key
        self._secret = secret

    def __repr__(self) -> str:
        return "Signer()"

    def sign(self, parameters: Mapping[str, str], now: float) -> str:
        """Return the signed query string of a request made at unix time ``now``.

        Names must be in lower case: the server sorts them as sent but signs them in lower case.
        """
        if any(name != name.lower() for name in parameters):
            message = "API parameter names are sent in lower case"
            raise ValueError(message)
        expires = datetime.fromtimestamp(now + LIFETIME, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")
        text = query({**parameters, "apikey": self._key, "signatureversion": "3", "expires": expires})
        digest = hmac.new(self._secret.encode(), text.lower().encode(), hashlib.sha1).digest()
        return f"{text}&signature={quote(base64.b64encode(digest), safe='')}"

    def redact(self, text: str) -> str:
        """Return the text without the key and the secret, should the other side echo them."""
        for hidden in (self._secret, self._key):
            text = text.replace(hidden, "***") if hidden else text
        return text
