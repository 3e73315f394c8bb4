"""Where reading of each management server's log goes on, and what it has told so far."""

from __future__ import annotations

from dataclasses import dataclass, field

from exporter.questions.log_lines import LogCounts, LogTold, messages
from exporter.questions.management_log import Piece, Position


@dataclass(slots=True)
class Follower:
    """One log: its counts, and the position after the last piece that arrived."""

    position: Position = field(default_factory=Position)
    counts: LogCounts = field(default_factory=LogCounts)
    losses: int = 0
    is_settled: bool = False

    def words(self) -> tuple[str, ...]:
        """Return the parameters that ask for the next piece."""
        return self.position.words(is_settled=self.is_settled)

    def take(self, piece: Piece) -> LogTold:
        """Count a piece and return what the log has told since it is followed."""
        self.counts.take(messages(piece.lines))
        self.losses += piece.is_lost
        self.is_settled = piece.read == 0
        self.position = piece.next
        return LogTold(
            by_signature=dict(self.counts.by_signature),
            by_level=dict(self.counts.by_level),
            unknown=dict(self.counts.unknown),
            losses=self.losses,
            behind=piece.behind,
            silent=max(piece.now - piece.changed, 0),
        )


@dataclass(slots=True)
class Followers:
    """The followers, by the id of their management server; they begin at the end of the log."""

    by_server: dict[str, Follower] = field(default_factory=dict)

    def of(self, server_id: str) -> Follower:
        """Return the follower of one management server's log."""
        return self.by_server.setdefault(server_id, Follower())
