"""A piece of management-server.log as it comes, and the position from which the next one is asked."""

from __future__ import annotations

import re
from dataclasses import dataclass

from exporter.model import UnreadableError


@dataclass(frozen=True, slots=True)
class Position:
    """Where reading goes on.

    Attributes:
        offset: in the file, behind the last whole message that was told.
        seen: end of what was looked at. When nothing came behind it until the next call, the last message is whole.
        size: how many bytes at the beginning of the file it is known by, at most 256.
        sum: their checksum.
        mode: ``start`` (nothing was read yet), ``open``, or ``past``: the rest of this file cannot be read.
    """

    offset: int = 0
    seen: int = 0
    size: int = 0
    sum: int = 0
    mode: str = "start"

    def words(self) -> tuple[str, ...]:
        """Return it as parameters."""
        return (f"o{self.offset}", f"s{self.seen}", f"k{self.size}", f"c{self.sum}", self.mode)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One piece of the log.

    Attributes:
        next: where the next piece begins; None: where this one began.
        end: end of what was looked at, in its file.
        total: bytes of its file; of a compressed one as its last bytes tell.
        more: bytes of the current file, where this piece is of an older one.
        is_lost: something between the former position and this piece could not be found any more.
        is_torn: files were moved while it was read, so nothing of it counts.
        is_packed: it is of a compressed file.
        now: unix time by the management server's own clock.
        changed: unix time of the last write to the current file.
        talk: messages of less than a warning that were passed over.
        last: local time of the last message of any level, as it is written; empty when there was none.
        lines: the chosen lines, whole.
    """

    next: Position | None
    end: int
    total: int
    more: int
    is_lost: bool
    is_torn: bool
    is_packed: bool
    now: int
    changed: int
    talk: int
    last: str
    lines: tuple[str, ...] = ()

    @property
    def behind(self) -> int:
        """Return the bytes that were not looked at."""
        return max(self.total - self.end, 0) + self.more


NUMBER = r"(\d{1,18})"
HEAD = re.compile(
    rf"@piece (start|found|lost|waits) (plain|packed) {NUMBER} {NUMBER} {NUMBER} (\d{{1,12}}) (\d{{1,12}}) "
    r"(\d{1,10}) (\d{1,3})"
)
TAIL = re.compile(rf"@end {NUMBER} {NUMBER} {NUMBER} ([0-9: -]{{1,19}})")


def read_piece(text: str) -> Piece:
    """Return the piece; raises UnreadableError when it is none."""
    lines = text.rstrip("\n").split("\n")
    head, tail = HEAD.fullmatch(lines[0]), TAIL.fullmatch(lines[-2]) if len(lines) > 2 else None
    if head is None or tail is None or lines[-1] not in {"@whole", "@torn"}:
        message = "no piece of management-server.log"
        raise UnreadableError(message)
    offset, total, more = (int(number) for number in head.group(3, 4, 5))
    done, got, talk = (int(number) for number in tail.group(1, 2, 3))
    if done > got:
        message = "a piece of management-server.log that ends behind itself"
        raise UnreadableError(message)
    is_torn = lines[-1] == "@torn"
    following = Position(offset + done, offset + got, int(head[9]), int(head[8]), "open")
    return Piece(
        next=None if is_torn or head[1] == "waits" else following,
        end=offset + got,
        total=total,
        more=more,
        is_lost=head[1] == "lost" or (head[2], head[9]) == ("packed", "0"),  # nothing can be unpacked of it
        is_torn=is_torn,
        is_packed=head[2] == "packed",
        now=int(head[6]),
        changed=int(head[7]),
        talk=talk,
        last="" if tail[4] == "-" else tail[4],
        lines=tuple(lines[1:-2]),
    )
