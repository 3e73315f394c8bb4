"""What a statement brought from the database, before anybody reads it; and statements that fit every schema."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

OPTIONAL = re.compile(r"\[\[(?P<column>[a-z0-9_]+\.[a-z0-9_]+):(?P<text>[^\[\]]*)\]\]")
"""``[[user_ip_address.forsystemvms: AND u.forsystemvms = 0]]``: a part that is asked only where the column exists."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one statement, whole: names of the columns, and a tuple per row."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        """Yield each row by column name."""
        for row in self.rows:
            yield dict(zip(self.columns, row, strict=True))


def for_schema(text: str, columns: frozenset[str]) -> str:
    """Return the statement for a schema that has ``columns``, each ``table.column``, of what the account is shown.

    Parts are left out only of a table of which other columns are shown. One that is not shown at all may be granted by
    the time the statement is asked: then it must be whole, and until then the server says what is missing.
    """
    tables = {column.partition(".")[0] for column in columns}

    def part(found: re.Match[str]) -> str:
        is_absent = found["column"] not in columns and found["column"].partition(".")[0] in tables
        return "" if is_absent else found["text"]

    return OPTIONAL.sub(part, text)
