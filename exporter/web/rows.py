"""Cells and bounds that the tables share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from exporter.findings import Finding
from exporter.web.grouping import MOST_ROWS, View
from exporter.web.html import Child, Html, element
from exporter.web.words import age, moment

T = TypeVar("T")


def bounded(rows: Sequence[T], shown: View, noun: str) -> tuple[Sequence[T], Html | None]:
    """Return the first rows, and a link that says how many more there are and shows them; never silently fewer."""
    hidden = len(rows) - shown.rows
    if hidden <= 0:
        return rows, None
    words = f"and {hidden:,} more {noun}{'' if hidden == 1 else 's'}"
    if shown.rows >= MOST_ROWS:
        rest: list[Child] = [f"{words}, all of them in ", element("a", "findings.json", href="findings.json")]
    else:
        rest = [element("a", words, href=shown.link(rows=min(len(rows), MOST_ROWS)))]
    return rows[: shown.rows], element("p", rest, class_="more")


def table(names: Sequence[str], rows: Sequence[Html]) -> Html:
    """Return a table; on narrow screens each cell carries the name of its column (``data-name``)."""
    head = element("tr", [element("th", name, scope="col") for name in names])
    return element("table", element("thead", head), element("tbody", rows))


def object_cell(kind: str, name: str, zone: str) -> Html:
    """Return the cell that names an object."""
    return element(
        "td",
        element("b", name or "\u2013"),
        element("small", " \u00b7 ".join(word for word in (kind.replace("_", " "), zone) if word)),
        data_name="Object",
    )


def since_cell(since: float, now: float, *, at_least: bool = False) -> Html:
    """Return the cell that says since when, and how long that is."""
    if since <= 0:
        return element("td", "\u2013", data_name="Since")
    words = (f"at least {age(now - since)}", "already so at") if at_least else (age(now - since), "since")
    return element("td", element("b", words[0]), element("small", f"{words[1]} {moment(since)}"), data_name="Since")


def evidence(row: Finding, now: float) -> Html:
    """Return the cell with the metric, its labels and value as a person would query it, and its meaning."""
    labels = ", ".join(f'{name}="{value}"' for name, value in row.labels.items())
    series = f"{row.metric}{{{labels}}}" if labels else row.metric
    return element(
        "td",
        element(
            "details",
            element("summary", "metric and labels"),
            element("code", f"{series} {row.value}"),
            element("p", row.help),
            element("small", f"judged {age(now - row.at)} before, {moment(row.at)}"),
            data_key=series,
        ),
        data_name="Evidence",
    )
