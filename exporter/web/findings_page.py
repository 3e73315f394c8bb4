"""The findings page: what is broken, where, since when, what to do, and what could not be seen.

It works without scripts: filters are links, details are HTML's own, and it loads again by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from exporter.findings import TITLES, Finding, Snapshot, Verdict
from exporter.model import Issue, Reason
from exporter.web.accepted import accepted_section
from exporter.web.consequences import consequences
from exporter.web.grouping import View, by_cause, findings, grouped, zones
from exporter.web.html import Html, element
from exporter.web.rows import bounded, evidence, object_cell, since_cell, table
from exporter.web.shell import shell
from exporter.web.tiles import tiles
from exporter.web.unchecked import unchecked_section
from exporter.web.words import age, count, moment

Followers = Mapping[tuple[str, ...], Sequence[Finding]]
_COLUMNS = ("Object", "Seen", "Expected", "Since", "Evidence")


def findings_page(snapshot: Snapshot, shown: View, *, metrics_path: str, refresh: int) -> str:
    """Return the whole page for one moment and view."""
    open_ones = [finding for finding in snapshot.findings if not finding.accepted]
    return shell(
        f"({len(open_ones)}) CloudStack network",
        element("p", "", id="lost", role="alert", hidden=True),
        element(
            "main",
            _top(snapshot, open_ones),
            element("ul", [element("li", notice) for notice in snapshot.notices], class_="notices", role="alert")
            if snapshot.notices
            else None,
            tiles(snapshot, shown),
            _filters(snapshot, shown),
            _findings_section(snapshot, shown),
            accepted_section(snapshot, shown),
            unchecked_section(snapshot, shown),
        ),
        element(
            "footer",
            element("a", "Metrics", href=metrics_path.lstrip("/")),
            element("a", "This page as JSON", href="findings.json"),
            element("a", "About", href="./"),
        ),
        refresh=refresh,
        address=shown.link(),
    )


def _top(snapshot: Snapshot, open_ones: Sequence[Finding]) -> Html:
    """Return the headline: how many problems in how many issues, and of which moment."""
    inventory = f"inventory {age(snapshot.at - snapshot.inventory_at)} old" if snapshot.inventory_at else "no inventory"
    return element(
        "header",
        element("h1", "CloudStack network"),
        element("p", _headline(snapshot, open_ones), class_="headline"),
        element("p", list(_rest(snapshot)), class_="rest"),
        element("p", "Data as of ", element("time", moment(snapshot.at)), f" \u00b7 {inventory}", class_="moment"),
    )


def _headline(snapshot: Snapshot, open_ones: Sequence[Finding]) -> str:
    """Return the one sentence for the wall; having seen nothing is not the same as nothing being wrong."""
    if open_ones:
        issues = len({finding.issue for finding in open_ones})
        return f"{count(len(open_ones), 'finding')} in {count(issues, 'issue')}"
    if not snapshot.inventory_at:
        return "Nothing checked yet"
    return "No problem found, but not everything could be checked" if is_blind(snapshot) else "No problem found"


def is_blind(snapshot: Snapshot) -> bool:
    """Return whether anything that is configured could not be judged."""
    failed = any(row.reason != Reason.NOT_CONFIGURED for row in snapshot.blind)
    return failed or any(tile.state == Verdict.UNKNOWN for tile in snapshot.tiles)


def _rest(snapshot: Snapshot) -> Iterator[Html]:
    """Yield what else a reader must know, with links to it."""
    if not snapshot.blind and snapshot.inventory_at and not is_blind(snapshot):
        yield element("span", "every question answered")
    if snapshot.blind:
        yield element("a", f"{len(snapshot.blind):,} not checked", href="#unchecked")
    if accepted := sum(bool(finding.accepted) for finding in snapshot.findings):
        yield element("a", f"{accepted:,} accepted", href="#accepted")


def _filters(snapshot: Snapshot, shown: View) -> Html | None:
    """Return the zones as links, and the way back to everything; nothing where there is nothing to choose."""
    names = zones(snapshot)
    if len(names) < 2 and not shown.issue and not shown.zone:
        return None
    links = [
        element("a", name, href=shown.link(zone=name) + "#findings", aria_current="true" if name == shown.zone else "")
        for name in names
    ]
    return element(
        "nav",
        element("a", "Everything", href="?#findings", aria_current="" if shown.issue or shown.zone else "true"),
        links,
        element("span", f"Only {TITLES[Issue(shown.issue)]}", class_="chosen") if shown.issue else None,
        element("span", "The tiles count all zones.", class_="hint") if shown.zone else None,
        class_="filters",
        aria_label="Filters",
    )


def _findings_section(snapshot: Snapshot, shown: View) -> Html:
    """Return every open finding by issue."""
    causes, followers = by_cause(findings(snapshot, shown, accepted=False))
    by_issue = grouped(causes, lambda finding: finding.issue)
    numbers = {tile.issue: tile.number for tile in snapshot.tiles}
    sections = [
        element(
            "section",
            element("h3", f"{numbers.get(issue, '')} {TITLES[issue]} ", element("span", count(len(rows), "finding"))),
            list(_checks(rows, followers, snapshot.at, shown)),
            class_="issue",
        )
        for issue, rows in by_issue.items()
    ]
    nothing = (
        "Nothing of what was checked is broken. What could not be checked stands below."
        if snapshot.inventory_at
        else "CloudStack has not been read yet, so nothing could be checked."
    )
    return element("section", element("h2", "What is wrong"), sections or element("p", nothing), id="findings")


def _checks(rows: Sequence[Finding], followers: Followers, now: float, shown: View) -> Iterator[Html]:
    """Yield one article per check, its rows by remedy, and under them what follows from them."""
    for check, found in grouped(rows, lambda finding: finding.check).items():
        first, more = bounded(found, shown, "finding")
        by_remedy = grouped(first, lambda finding: finding.remedies)
        yield element(
            "article",
            element("h4", check, " ", element("span", f"{len(found):,}", class_="number")),
            [_by_remedy(remedies, some, now) for remedies, some in by_remedy.items()],
            consequences([one for row in first for one in followers.get(row.key, ())], now, shown),
            more,
        )


def _by_remedy(remedies: Sequence[str], rows: Sequence[Finding], now: float) -> list[Html | None]:
    """Return what to do, and the objects to do it for."""
    return [_remedies(remedies), table(_COLUMNS, [_row(row, now) for row in rows])]


def _remedies(remedies: Sequence[str]) -> Html | None:
    """Return what to do: the first remedy large, the others in order."""
    if not remedies:
        return None
    others = [element("li", remedy) for remedy in remedies[1:]]
    return element(
        "div",
        element("p", element("b", "Do this first: "), remedies[0]),
        element("p", "Then try:") if others else None,
        element("ol", others, start="2") if others else None,
        class_="remedies",
    )


def _row(row: Finding, now: float) -> Html:
    return element(
        "tr",
        object_cell(row.subject_kind, row.subject, row.zone),
        element("td", row.seen or f"value {row.value}", data_name="Seen"),
        element("td", row.expected or "\u2013", data_name="Expected"),
        since_cell(row.since, now, at_least=row.at_least),
        evidence(row, now),
    )
