"""One snapshot for all who ask at about the same time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from exporter.findings import Board, Snapshot

PAUSE = 10.0
"""A snapshot is shown for so many times what it took: readers, however many, cost a tenth of the time."""


@dataclass(slots=True)
class Shared:
    """A board whose snapshots are shared: in a large cloud one stops the loop for half a second."""

    board: Board
    now: Callable[[], float] = time.monotonic
    _snapshot: Snapshot | None = None
    _until: float = 0.0

    def snapshot(self) -> Snapshot:
        """Return what stands now, or a moment ago."""
        began = self.now()
        if self._snapshot is None or began >= self._until:
            self._snapshot = self.board.snapshot()
            made = self.now()
            self._until = made + PAUSE * (made - began)
        return self._snapshot
