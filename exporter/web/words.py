"""How times, states and reasons are said to people."""

from __future__ import annotations

from datetime import UTC, datetime

from exporter.model import Reason

STATES = {
    "problem": "Problem",
    "unknown": "Unknown",
    "healthy": "Healthy",
    "accepted": "Accepted",
    "not_configured": "Not configured",
    "no_objects": "No objects",
    "no_checks": "No checks",
}
"""State of a tile, or verdict -> the word that is shown. Another state is shown as unknown."""

REASONS: dict[str, str] = {
    Reason.NOT_CONFIGURED: "Not configured",
    Reason.DNS: "The name does not resolve",
    Reason.REFUSED: "Connection refused",
    Reason.UNREACHABLE: "No route, or host down",
    Reason.TIMEOUT: "No answer in time",
    Reason.DISCONNECTED: "Disconnected in the middle",
    Reason.TLS: "TLS handshake failed",
    Reason.HOST_KEY: "SSH host key unknown or changed",
    Reason.AUTH: "Key or password rejected",
    Reason.PERMISSION: "Permission missing",
    Reason.THROTTLED: "The other side asks us to slow down",
    Reason.BOOTING: "The management server is starting",
    Reason.BEHIND: "Not fresh enough to be judged",
    Reason.UNSUPPORTED: "This version does not offer it",
    Reason.MISSING: "A needed command or file is not there",
    Reason.FAILED: "The command ended with an error",
    Reason.TOO_LARGE: "The answer is too large",
    Reason.UNREADABLE: "The answer is in an unknown format",
    Reason.WRAPPER: "The wrapper on the host is missing or of another version",
    Reason.WRONG_MACHINE: "Another machine answered",
    Reason.NO_WAY: "CloudStack names no way to the machine",
    Reason.INTERNAL: "A defect of the exporter",
}
"""Reason -> a heading for people; a test demands every one."""


def reason(word: str) -> str:
    """Return the heading of a reason; one that is not on the list stands for itself."""
    return REASONS.get(word, word)


def state(word: str) -> str:
    """Return the state, or ``unknown`` when it is none that has a word."""
    return word if word in STATES else "unknown"


def age(seconds: float) -> str:
    """Return a length of time: ``45 s``, ``12 min``, ``3 h 5 min``, ``2 d 4 h``, ``40 d``."""
    whole = max(0, int(seconds))
    days, hours, minutes = whole // 86400, whole // 3600 % 24, whole // 60 % 60
    if days:
        return f"{days} d {hours} h" if hours and days < 10 else f"{days} d"
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{minutes} min" if minutes else f"{whole} s"


def moment(unix: float) -> str:
    """Return a unix time as ``2026-11-21 09:01:35 UTC``, or ``never`` for 0 and what is no time."""
    try:
        return datetime.fromtimestamp(unix, UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if unix > 0 else "never"
    except (OverflowError, ValueError, OSError):
        return "never"


def count(number: int, noun: str) -> str:
    """Return ``1 problem``, ``2 problems``, ``2,000 problems``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
