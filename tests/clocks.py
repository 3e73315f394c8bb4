"""A clock that tests turn by hand."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class HandClock:
    """Boot and unix time, moved by ``turn``."""

    now: float = 1000.0
    offset: float = 1_795_000_000.0

    def boot(self) -> float:
        """Return the boot clock."""
        return self.now

    def unix(self) -> float:
        """Return unix time."""
        return self.now + self.offset

    def turn(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds
