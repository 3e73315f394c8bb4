"""Which templates the database knows, by number, to be compared with what lies in secondary storage.

The tables also hold URLs, in which a password may stand: nothing but numbers is read, and granted.
"""

from __future__ import annotations

import re

from exporter.model import Question, UnreadableError, Via
from exporter.questions.database.rows import Rows

NUMBER = re.compile(r"\d{1,18}", re.ASCII)


def read_templates(rows: Rows) -> frozenset[int]:
    """Return the numbers; raises UnreadableError when one is none."""
    if rows.columns != ("template",):
        message = f"columns {', '.join(rows.columns)[:80]} instead of template"
        raise UnreadableError(message)
    return frozenset(_number(value) for (value,) in rows.rows)


def _number(value: object) -> int:
    if isinstance(value, bool) or not NUMBER.fullmatch(str(value)):
        message = f"{str(value)[:20]!r} is no number of a template"
        raise UnreadableError(message)
    return int(str(value))


KNOWN_TEMPLATES: Question[frozenset[int]] = Question(
    "database_templates",
    Via.DATABASE,
    # A template that was deleted keeps its row in template_store_ref until its directory has been cleaned up.
    "SELECT id AS template FROM vm_template WHERE removed IS NULL UNION SELECT template_id FROM template_store_ref",
    read_templates,
    privilege="SELECT on template_store_ref, vm_template",
    why="The numbers of all templates: of another one CloudStack knows nothing, whatever lies in secondary storage.",
    every=10,
    seconds=1.0,
)
