"""Where reading of each management server's log goes on, and what it has told so far."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field, replace

from exporter.model import Failure, Reason
from exporter.questions.management.log_lines import LogCounts, LogTold, local_seconds, messages
from exporter.questions.management.log_piece import Piece, Position

STUCK = frozenset({Reason.TIMEOUT, Reason.TOO_LARGE, Reason.UNREADABLE})
"""Reasons for which the same place would be asked in vain again."""
PATIENCE = 3  # visits at one place
FOLLOWED = 100  # logs, far more than anybody has management servers


@dataclass(slots=True)
class Follower:
    """One log: its counts, and the position after the last piece that arrived.

    Attributes:
        losses: how often a part of the log was gone before it was read.
        failures: how often in a row nothing came from one place.
        is_talkative: the log tells more than warnings.
        wants_more: another piece can be had at once.
        is_packed: the last piece was of a compressed file.
        last: time of the newest message of any level, as in the log.
    """

    position: Position = field(default_factory=Position)
    counts: LogCounts = field(default_factory=LogCounts)
    losses: int = 0
    failures: int = 0
    is_talkative: bool = False
    wants_more: bool = False
    is_packed: bool = False
    last: float = 0.0
    _is_stalled: bool = False
    _looked: tuple[int, int] | None = None  # the server's clock, and when the log was last written
    _unchanged: int = 0  # seconds for which looks have found it unchanged

    def take(self, asked: Position, piece: Piece) -> LogTold:
        """Count the piece that came for ``asked``, and return what the log has told since it is followed.

        A piece counts at its own place only, so that none can count twice.
        """
        self.wants_more, self.is_packed = piece.is_torn, piece.is_packed
        if asked is self.position and not piece.is_torn:
            self._count(asked, piece)
        return LogTold(
            by_signature=dict(self.counts.by_signature),
            by_level=dict(self.counts.by_level),
            unknown=dict(self.counts.unknown),
            lately=self.counts.lately(piece.now, self.last),
            losses=self.losses,
            behind=piece.behind,
            silent=self._silent(piece) if self.is_talkative else None,
        )

    def _count(self, asked: Position, piece: Piece) -> None:
        self.failures = 0
        self.is_talkative |= piece.talk > 0
        self.last = local_seconds(piece.last) if piece.last else self.last
        self.counts.take(messages(piece.lines), piece.now)
        self.losses += piece.is_lost
        if piece.next is None:
            return
        is_same = (asked.size, asked.sum) == (piece.next.size, piece.next.sum)
        is_stalled = piece.is_packed and is_same and piece.end == asked.seen and piece.end != piece.total
        is_damaged = is_stalled and self._is_stalled  # not merely still being written
        self.losses += is_damaged
        self.position = replace(piece.next, mode="past") if is_damaged else piece.next
        self._is_stalled = is_stalled and not is_damaged
        self.wants_more = piece.behind > 0 and not self._is_stalled

    def _silent(self, piece: Piece) -> int:
        """Return for how long nothing was written; looks that found nothing new count where the clock went back."""
        if self._looked is not None and self._looked[1] == piece.changed:
            self._unchanged += max(piece.now - self._looked[0], 0)
        else:
            self._unchanged = 0
        self._looked = (piece.now, piece.changed)
        return max(piece.now - piece.changed, self._unchanged)

    def failed(self, failure: Failure) -> None:
        """Note that nothing came; a place that is asked in vain again and again is given up for the end of the log."""
        self.failures = self.failures + 1 if failure.reason in STUCK else 0
        if self.failures >= PATIENCE:
            self.failures = 0
            self.losses += self.position.mode != "start"
            self.position = Position()


@dataclass(slots=True)
class Followers:
    """The followers, by the id of their management server; they begin at the end of the log.

    Those that were asked for longest ago are forgotten, so that servers that are gone leave nothing for ever.
    """

    by_server: OrderedDict[str, Follower] = field(default_factory=OrderedDict)

    def of(self, server_id: str) -> Follower:
        """Return the follower of one management server's log."""
        follower = self.by_server.setdefault(server_id, Follower())
        self.by_server.move_to_end(server_id)
        while len(self.by_server) > FOLLOWED:
            self.by_server.popitem(last=False)
        return follower
