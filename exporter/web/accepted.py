"""What the operator has accepted: still there, apart from what is to be done."""

from __future__ import annotations

from exporter.findings import TITLES, Finding, Snapshot
from exporter.web.grouping import View, findings
from exporter.web.html import Html, element
from exporter.web.rows import bounded, evidence, object_cell, since_cell, table
from exporter.web.shell import symbol
from exporter.web.words import count


def accepted_section(snapshot: Snapshot, shown: View) -> Html | None:
    """Return the accepted findings with reason and date; nothing when there are none."""
    found = findings(snapshot, shown, accepted=True)
    if not found:
        return None
    first, more = bounded(found, shown, "accepted finding")
    names = ("Object", "Accepted because", "Until", "Seen", "Since", "Evidence")
    return element(
        "section",
        element("h2", symbol("accepted"), " Accepted ", element("span", count(len(found), "finding"))),
        table(names, [_row(row, snapshot.at) for row in first]),
        more,
        id="accepted",
    )


def _row(row: Finding, now: float) -> Html:
    seen = f"{row.seen or row.value} (expected: {row.expected})" if row.expected else row.seen or f"value {row.value}"
    return element(
        "tr",
        object_cell(f"{TITLES[row.issue]} \u00b7 {row.subject_kind}", row.subject, row.zone),
        element("td", row.accepted, data_name="Accepted because"),
        element("td", row.accepted_until, data_name="Until"),
        element("td", element("span", seen), element("small", row.check), data_name="Seen"),
        since_cell(row.since, now, at_least=row.at_least),
        evidence(row, now),
    )
