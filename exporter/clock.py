"""The two clocks, so that every other room takes them as a parameter; and slices of time for long work."""

from __future__ import annotations

import asyncio
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


class Slices:
    """Cuts long work in the event loop into slices, between which others go on.

    A rest after every small step would let work of many steps wait for all others as often.
    """

    def __init__(self, seconds: float = 0.02) -> None:
        """Begin the first slice of so many seconds."""
        self._seconds = seconds
        self._began = time.monotonic()

    async def rest(self) -> None:
        """Let others go on if the slice is over."""
        if time.monotonic() - self._began >= self._seconds:
            await asyncio.sleep(0)
            self._began = time.monotonic()
