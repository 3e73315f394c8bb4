"""The report that ``check`` prints."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime

from exporter.findings import Blind, Finding, Snapshot
from exporter.model import Reason

CLEAN, PROBLEMS, NOT_CHECKED = 0, 1, 2
ROWS_PER_REASON = 20


def exit_code(snapshot: Snapshot, unseen: str = "") -> int:
    """Return 0 when all is clean, 1 when there are problems, 2 when none but not all could be checked.

    Args:
        snapshot: what was seen.
        unseen: what was asked for when none of its objects has a verdict: nothing wrong was seen because nothing was.
    """
    if any(not finding.accepted for finding in snapshot.findings):
        return PROBLEMS
    if unseen or any(row.reason != Reason.NOT_CONFIGURED for row in snapshot.blind):
        return NOT_CHECKED
    return CLEAN


def text(snapshot: Snapshot, unseen: str = "") -> str:
    """Return the whole report; see ``exit_code`` for what is ``unseen``, which its last line then says."""
    last = [f"Nothing was checked: no object of {unseen} has a verdict."] if unseen else []
    return "\n".join([*_lines(snapshot), *last]) + "\n"


def _lines(snapshot: Snapshot) -> Iterator[str]:
    problems = [finding for finding in snapshot.findings if not finding.accepted]
    accepted = [finding for finding in snapshot.findings if finding.accepted]
    failed = [row for row in snapshot.blind if row.reason != Reason.NOT_CONFIGURED]
    unlit = [row for row in snapshot.blind if row.reason == Reason.NOT_CONFIGURED]
    yield f"Checked {_moment(snapshot.at)}, inventory of {_moment(snapshot.inventory_at)}"
    yield from (f"Note: {notice}" for notice in snapshot.notices)
    for title, rows in (("PROBLEMS", problems), ("ACCEPTED", accepted)):
        if rows:
            yield ""
            yield f"{title} ({len(rows)})"
            for finding in _causes_first(rows):
                yield from _finding(finding)
    if failed:
        yield ""
        yield f"COULD NOT CHECK ({len(failed)})"
        yield from _failed(failed)
    if unlit:
        yield ""
        yield "NOT CONFIGURED"
        yield from _unlit(unlit)
    yield ""
    yield f"{len(problems)} problems, {len(accepted)} accepted, {len(failed)} could not be checked."
    if snapshot.tiles:
        yield _objects(snapshot)


def _causes_first(rows: list[Finding]) -> Iterator[Finding]:
    """Yield the findings sorted, each followed by those that it explains."""
    ordered = sorted(rows, key=lambda row: (row.issue, row.zone, row.subject, row.metric))
    keys = {row.key for row in rows}
    for row in ordered:
        if row.because not in keys:
            yield row
            yield from (one for one in ordered if one.because == row.key)


def _finding(finding: Finding) -> Iterator[str]:
    yield ""
    yield f"  {finding.subject} in zone {finding.zone}: {finding.check} ({finding.issue})"
    if finding.because:
        yield f"    follows   from {finding.because[0]} above"
    if finding.seen:
        yield f"    seen      {finding.seen}"
    if finding.expected:
        yield f"    expected  {finding.expected}"
    for number, remedy in enumerate(finding.remedies, start=1):
        yield f"    {'remedy' if number == 1 else '      '}    {number}. {remedy}"
    labels = ",".join(f'{name}="{value}"' for name, value in finding.labels.items())
    yield f"    evidence  {finding.metric}{{{labels}}} {_number(finding.value)}"
    if finding.accepted:
        yield f"    accepted  until {finding.accepted_until}: {finding.accepted}"


def _failed(rows: list[Blind]) -> Iterator[str]:
    by_reason: defaultdict[str, list[Blind]] = defaultdict(list)
    for row in rows:
        by_reason[row.reason].append(row)
    for reason, group in sorted(by_reason.items()):
        for row in group[:ROWS_PER_REASON]:
            detail = f" ({row.detail})" if row.detail else ""
            place = f" in zone {row.zone}" if row.zone else ""
            yield f"  {row.subject_kind} {row.subject}{place}: {reason}{detail}: {', '.join(row.what)}"
        if len(group) > ROWS_PER_REASON:
            yield f"  and {len(group) - ROWS_PER_REASON} more with the reason {reason}"


def _unlit(rows: list[Blind]) -> Iterator[str]:
    counts = Counter((row.setting, row.subject_kind) for row in rows)
    for (setting, kind), number in sorted(counts.items()):
        yield f"  {number} x {kind}: set {setting} in the configuration to check them"


def _objects(snapshot: Snapshot) -> str:
    totals: Counter[str] = Counter()
    for tile in snapshot.tiles:
        totals.update({verdict.value: number for verdict, number in tile.objects.items()})
    return (
        "Objects over all issues: " + ", ".join(f"{number} {word}" for word, number in totals.items() if number) + "."
    )


def _number(value: float) -> str:
    """Return a value without the exponent that would hide a timestamp."""
    return f"{value:.0f}" if float(value).is_integer() else f"{value:g}"


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if at else "never"
