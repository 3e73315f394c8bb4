"""The two clocks, so that every other room takes them as a parameter."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """What a room that needs the time is given."""

    def boot(self) -> float:
        """Return seconds since boot, also counted through suspend: for ages and expiry."""

    def unix(self) -> float:
        """Return unix time: for timestamps that people and Prometheus read."""


class SystemClock:
    """The machine's clocks."""

    def boot(self) -> float:
        """Return CLOCK_BOOTTIME in seconds."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    def unix(self) -> float:
        """Return unix time in seconds."""
        return time.clock_gettime(time.CLOCK_REALTIME)
