"""How the questions about inconsistencies are asked and read: each statement selects what should not be there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from exporter.model import Question, UnreadableError, Via
from exporter.questions.database.rows import Rows

LONGEST = 200


@dataclass(frozen=True, slots=True)
class Found:
    """One row that should not be there: what identifies it for people (uuid or name), and what is odd about it."""

    name: str
    seen: str


def read_found(rows: Rows) -> tuple[Found, ...]:
    """Return the rows of ``SELECT ... AS name, ... AS seen``; raises UnreadableError when they are others."""
    if rows.columns != ("name", "seen"):
        message = f"columns {', '.join(rows.columns)[:80]} instead of name and seen"
        raise UnreadableError(message)
    return tuple(Found(_text(name), _text(seen)) for name, seen in rows.rows)


def _text(value: object) -> str:
    told = value.decode("utf-8", "replace") if isinstance(value, bytes | bytearray) else str(value)
    return told[:LONGEST] if value is not None else "?"


def finds(
    name: str,
    why: str,
    tables: str,
    text: str,
    *,
    every: int = 10,
    seconds: float = 1.0,
    read: Callable[[Rows], tuple[Found, ...]] = read_found,
) -> Question[tuple[Found, ...]]:
    """Return the question that selects one kind of inconsistency; ``tables`` are those that it needs to read."""
    return Question(
        f"database_{name}", Via.DATABASE, " ".join(text.split()), read,
        privilege=f"SELECT on {tables}", why=why, every=every, seconds=seconds,
    )  # fmt: skip
