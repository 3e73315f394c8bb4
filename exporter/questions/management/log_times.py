"""Times that logs of routers write, compared with the router's own clock."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone, tzinfo

from exporter.model import UnreadableError

NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MONTHS = {name: number for number, name in enumerate(NAMES, 1)}
SYSLOG = re.compile(r"(?P<month>[A-Z][a-z]{2}) +(?P<day>\d{1,2}) (?P<time>\d\d:\d\d:\d\d)", re.ASCII)
APACHE = re.compile(
    r"(?P<day>\d{1,2})/(?P<month>[A-Z][a-z]{2})/(?P<year>\d{4}):(?P<time>\d\d:\d\d:\d\d) "
    r"(?P<sign>[+-])(?P<hours>\d\d)(?P<minutes>\d\d)",
    re.ASCII,
)
AHEAD = timedelta(days=1)
"""A stamp without a year that lies further ahead is of last year; a little is a clock that was set."""


def apache_time(text: str) -> datetime:
    """Return the time of ``21/Nov/2026:06:36:23 +0000``.

    Raises:
        UnreadableError: when it is none.
    """
    found = APACHE.fullmatch(text)
    if not found:
        raise _unreadable(text)
    zone = timedelta(hours=int(found["hours"]), minutes=int(found["minutes"]))
    if zone >= AHEAD:
        raise _unreadable(text)
    made = _made(int(found["year"]), found, timezone(-zone if found["sign"] == "-" else zone))
    if made is None:
        raise _unreadable(text)
    return made


def syslog_age(text: str, now: datetime) -> float | None:
    """Return how many seconds before ``now`` it was ``Nov 21 06:33:34``, which names no year: the newest that fits.

    Zero for what lies a little ahead, None for a 29th of February that none of the last two years had.

    Raises:
        UnreadableError: when it is no time at all.
    """
    found = SYSLOG.fullmatch(text)
    if not found or found["month"] not in MONTHS:
        raise _unreadable(text)
    for year in (now.year, now.year - 1):
        made = _made(year, found, now.tzinfo)
        if made is not None and made <= now + AHEAD:
            return max((now - made).total_seconds(), 0.0)
    return None


def _made(year: int, found: re.Match[str], zone: tzinfo | None) -> datetime | None:
    """Return the time, None when there is no such day."""
    hours, minutes, seconds = map(int, found["time"].split(":"))
    try:
        return datetime(
            year, MONTHS.get(found["month"], 0), int(found["day"]), hours, minutes, min(seconds, 59), tzinfo=zone
        )
    except (ValueError, OverflowError):
        return None


def _unreadable(text: str) -> UnreadableError:
    return UnreadableError(f"not a time of a log: {text[:40]!r}")
