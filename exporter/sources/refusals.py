"""What CloudStack means when it does not answer with data.

Source: ApiErrorCode, ExceptionResponse; Jetty's pages while a management server starts; proxies before it.
"""

from __future__ import annotations

import re

from exporter.model import Reason, SourceError

LONGEST_DETAIL = 300  # characters
STATUSES = {
    401: Reason.AUTH,
    403: Reason.PERMISSION,
    404: Reason.BOOTING,
    429: Reason.THROTTLED,
    432: Reason.UNSUPPORTED,
    502: Reason.BOOTING,
    503: Reason.BOOTING,
    504: Reason.BOOTING,
    511: Reason.AUTH,
    531: Reason.PERMISSION,
}
"""HTTP status, which CloudStack repeats as errorcode -> reason; any other is FAILED."""
HINTS = {
    Reason.AUTH: "(check key, secret, that the user is enabled, and the clocks)",
    Reason.BOOTING: "(the management server is starting, or this is not its API)",
    Reason.THROTTLED: "(lower the request rate or raise api.throttling.max)",
}
PAGE_SIZE = re.compile(r"\b431 .*page ?size\D*(\d+)\D*$", re.IGNORECASE)


def refusal(status: int, text: str, *, listed: bool | None) -> SourceError:
    """Return the error for CloudStack's own error code and text.

    Args:
        status: errorcode or HTTP status.
        text: errortext.
        listed: whether listApis has the command, None when that is not known. A 401 means both a bad
            key and a command that is absent or not allowed; only the text tells them apart.
    """
    if status == 401 and ("does not exist" in text or "not available" in text):
        reason = Reason.PERMISSION if listed else Reason.UNSUPPORTED
        return SourceError(reason, "the role does not allow it, or this version does not have it")
    reason = STATUSES.get(status, Reason.FAILED)
    return SourceError(reason, " ".join(filter(None, (str(status), HINTS.get(reason), text))))


def page_refusal(status: int, body: bytes) -> SourceError:
    """Return the error for an answer that is not JSON."""
    if 300 <= status < 400:
        return SourceError(
            Reason.UNREADABLE, f"{status} redirect, which is not followed: set the URL to the API itself"
        )
    reason = STATUSES.get(status)
    if body.lstrip()[:1] == b"<":
        return SourceError(reason or Reason.BOOTING, f"{status} with HTML instead of JSON {HINTS[Reason.BOOTING]}")
    if status == 200:
        return SourceError(Reason.UNREADABLE, f"{len(body)} bytes that are not JSON as CloudStack writes it")
    return SourceError(reason or Reason.FAILED, f"{status} without an explanation")


def allowed_page_size(error: SourceError) -> int | None:
    """Return the largest page that the server allows, when the error says that ours was larger."""
    found = PAGE_SIZE.search(error.detail) if error.reason is Reason.FAILED else None
    return int(found[1]) if found else None


def one_line(text: str) -> str:
    """Return the text on one line, printable and bounded."""
    return "".join(letter if letter.isprintable() else " " for letter in text[:LONGEST_DETAIL])
