"""What a person reads first: findings and blind rows filtered, sorted, grouped and bounded."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlencode

from exporter.findings import TITLES, Blind, Finding, Snapshot

T = TypeVar("T")
K = TypeVar("K")

ROWS = 25  # of one group, until a person asks for more
MOST_ROWS = 5000  # of one group; a browser still scrolls them, and the JSON has all


@dataclass(frozen=True, slots=True)
class View:
    """What the address asks to see.

    Attributes:
        issue: slug, or empty for all.
        zone: name, or empty for all.
        rows: of one group.
    """

    issue: str = ""
    zone: str = ""
    rows: int = ROWS

    def link(self, **changes: str | int) -> str:
        """Return the relative address of this view with changes; an empty word removes a filter."""
        chosen = {"issue": self.issue, "zone": self.zone, "rows": self.rows, **changes}
        shown = {name: word for name, word in chosen.items() if word and (name, word) != ("rows", ROWS)}
        return f"?{urlencode(shown, errors='replace')}"

    def wants(self, issues: Iterable[str], zone: str) -> bool:
        """Return whether something of these issues and this zone is shown; what has no zone is in every one."""
        return (not self.issue or self.issue in issues) and (not self.zone or zone in {"", self.zone})


def view(query: Mapping[str, str]) -> View:
    """Return the view of a query string; what is not understood is left at its default."""
    issue, rows = query.get("issue", ""), query.get("rows", "")
    number = int(rows) if rows.isascii() and rows.isdigit() and len(rows) < 6 else ROWS
    return View(
        issue=issue if issue in TITLES else "",
        zone=query.get("zone", ""),
        rows=min(max(number, 1), MOST_ROWS),
    )


def zones(snapshot: Snapshot) -> list[str]:
    """Return the zones that have rows, sorted."""
    rows: tuple[Finding | Blind, ...] = (*snapshot.findings, *snapshot.blind)
    return sorted({row.zone for row in rows} - {""})


def findings(snapshot: Snapshot, shown: View, *, accepted: bool) -> list[Finding]:
    """Return the findings of a view, in the order of issue, check, remedies, zone and object."""
    found = [
        finding
        for finding in snapshot.findings
        if bool(finding.accepted) is accepted and shown.wants((finding.issue,), finding.zone)
    ]
    return sorted(found, key=_place)


def by_cause(found: Iterable[Finding]) -> tuple[list[Finding], dict[tuple[str, ...], list[Finding]]]:
    """Return the findings that stand for themselves, and by the key of their cause those that follow.

    What follows from something that is not among ``found`` stands for itself.
    """
    rows = list(found)
    keys = {row.key for row in rows}
    followers = [row for row in rows if row.because in keys]
    return [row for row in rows if row.because not in keys], grouped(followers, lambda row: row.because)


def _place(row: Finding) -> tuple[object, ...]:
    """Return what findings are sorted by."""
    where = (row.zone, _natural(row.subject), row.metric, tuple(row.labels.values()))
    return (list(TITLES).index(row.issue), row.check, row.remedies, *where)


def _natural(name: str) -> tuple[tuple[int, str], ...]:
    """Return a key that puts r-9-VM before r-10-VM."""
    return tuple((int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"([0-9]{1,18})", name))


def blind(snapshot: Snapshot, shown: View) -> dict[tuple[str, str, tuple[str, ...]], list[Blind]]:
    """Return what could not be checked by reason, setting and what was asked; what is only not set up comes last."""
    found = [row for row in snapshot.blind if shown.wants(row.issues, row.zone)]
    found.sort(key=lambda row: (bool(row.setting), row.reason, row.setting, row.what, row.zone, _natural(row.subject)))
    return grouped(found, lambda row: (row.reason, row.setting, row.what))


def grouped(rows: Iterable[T], key: Callable[[T], K]) -> dict[K, list[T]]:
    """Return rows by key, both in the order in which they came."""
    groups: defaultdict[K, list[T]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return groups
