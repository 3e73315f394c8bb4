"""Readers share a snapshot for as long as it was dear."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from exporter.findings import Snapshot
from exporter.web.shared import PAUSE, Shared


@dataclass
class SlowBoard:
    """A board whose snapshots take so many seconds of a clock."""

    seconds: float
    clock: float = 0.0
    made: list[Snapshot] = field(default_factory=list)

    def snapshot(self) -> Snapshot:
        self.clock += self.seconds
        self.made.append(Snapshot(at=self.clock, tiles=(), findings=(), blind=(), notices=(), inventory_at=0.0))
        return self.made[-1]


def shown(board: SlowBoard, *pauses: float) -> Iterator[float]:
    """Yield what is shown after each pause."""
    shared = Shared(board, lambda: board.clock)
    for pause in pauses:
        board.clock += pause
        yield shared.snapshot().at


def test_readers_of_a_large_cloud_share_what_took_long() -> None:
    """A second of work is shown for ten; then it is made anew."""
    assert list(shown(SlowBoard(1), 0, 0, PAUSE - 1, 1)) == [1, 1, 1, 2 + PAUSE]


def test_what_costs_nothing_is_always_new() -> None:
    """A page that is loaded anew shows what has changed."""
    board = SlowBoard(0.0)
    assert list(shown(board, 1, 1, 0)) == [1, 2, 2]
    assert len(board.made) == 3
