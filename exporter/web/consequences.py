"""What follows from a cause: still there and counted, but under the thing that is to be mended first."""

from __future__ import annotations

from collections.abc import Sequence

from exporter.findings import TITLES, Finding
from exporter.web.grouping import View
from exporter.web.html import Html, element
from exporter.web.rows import bounded, evidence, object_cell, since_cell, table
from exporter.web.words import count


def consequences(rows: Sequence[Finding], now: float, shown: View) -> Html | None:
    """Return the findings that end with their cause; nothing when there are none."""
    if not rows:
        return None
    first, more = bounded(rows, shown, "finding that follows")
    names = ("Object", "What", "Seen", "Since", "Evidence")
    return element(
        "div",
        element("h5", f"{count(len(rows), 'finding')} more that should end with this"),
        table(names, [_row(row, now) for row in first]),
        more,
        class_="consequences",
    )


def _row(row: Finding, now: float) -> Html:
    return element(
        "tr",
        object_cell(row.subject_kind, row.subject, row.zone),
        element("td", row.check, element("small", TITLES[row.issue]), data_name="What"),
        element("td", row.seen or f"value {row.value}", data_name="Seen"),
        since_cell(row.since, now, at_least=row.at_least),
        evidence(row, now),
    )
