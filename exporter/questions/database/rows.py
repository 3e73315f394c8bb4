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
    """Return the statement for a schema that has ``columns``, each ``table.column``."""
    return OPTIONAL.sub(lambda found: found["text"] if found["column"] in columns else "", text)
