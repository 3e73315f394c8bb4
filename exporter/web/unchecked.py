"""What could not be checked and why: a blind issue must never look like a healthy one."""

from __future__ import annotations

from collections.abc import Sequence

from exporter.findings import TITLES, Blind, Snapshot
from exporter.web.grouping import View, blind
from exporter.web.html import Child, Html, element
from exporter.web.rows import bounded, object_cell, since_cell, table
from exporter.web.words import count, reason

_NAMED = 8  # objects named before one opens the list


def unchecked_section(snapshot: Snapshot, shown: View) -> Html:
    """Return what could not be checked, by reason and by what was asked."""
    groups = blind(snapshot, shown)
    total = sum(map(len, groups.values()))
    articles = [_group(rows, snapshot.at, shown) for rows in groups.values()]
    nothing = "Every question was answered." if snapshot.inventory_at else "No question has been asked yet."
    return element(
        "section",
        element("h2", "What could not be checked ", element("span", count(total, "object") if total else "")),
        articles or element("p", nothing),
        id="unchecked",
    )


def _group(rows: Sequence[Blind], now: float, shown: View) -> Html:
    """Return one reason: which questions, which issues they blind, which setting would light them, which objects."""
    one = rows[0]
    titles = dict.fromkeys(TITLES[issue] for row in rows for issue in row.issues)
    first, more = bounded(rows, shown, "object")
    return element(
        "article",
        element("h4", reason(one.reason), " ", element("span", f"{len(rows):,}", class_="number")),
        element("p", "Not answered: ", _codes(one.what), f". Blind: {', '.join(titles)}."),
        element("p", "The setting ", element("code", one.setting), " would light it.") if one.setting else None,
        element(
            "details",
            element("summary", _names(rows)),
            table(("Object", "Detail", "Since"), [_row(row, now) for row in first]),
            more,
            data_key="/".join((one.reason, one.setting, *one.what)),
        ),
        class_="blind" if one.setting else "blind failed",
    )


def _names(rows: Sequence[Blind]) -> str:
    """Return the first objects by name, and how many more there are."""
    named = ", ".join(row.subject for row in rows[:_NAMED])
    return named if len(rows) <= _NAMED else f"{named} and {len(rows) - _NAMED:,} more"


def _codes(words: Sequence[str]) -> list[Child]:
    """Return words as code with commas between them."""
    return [[", " if place else "", element("code", word)] for place, word in enumerate(words)]


def _row(row: Blind, now: float) -> Html:
    return element(
        "tr",
        object_cell(row.subject_kind, row.subject, row.zone),
        element("td", row.detail or "\u2013", data_name="Detail"),
        since_cell(row.since, now),
    )
