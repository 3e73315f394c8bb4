"""Alert rows: what a person writes, one small YAML file per issue, checked whole."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

SOURCE = Path(__file__).parent / "src"
PREFIX = "CloudStackNet"
SEVERITIES = ("critical", "warning", "info", "none")
EXPORTER = "exporter"  # the file of alerts about the exporter itself
FIELDS = {
    "alert", "severity", "component", "for", "summary", "description",
    "metrics", "limit", "expr", "keep_firing_for", "fires", "quiet", "labels",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One alert as written.

    Attributes:
        issue: slug of the issue, or ``exporter``; the name of its file.
        hold: minutes the condition must hold (``for``).
        metrics: metrics whose own problem is the condition; they share labels up to their object.
        limit: name in exporter/thresholds.py that replaces the metrics' own limit: a second band.
        expr: a hand-written condition: about the exporter itself, or the rate of counters of an issue; {NAME} is a
            threshold.
        keep: minutes of ``keep_firing_for`` for a hand-written condition.
        fires: series of the page that differ from a healthy one when it must fire: a number, or ``0+1`` for what
            rises by one each minute.
        quiet: the same for the nearest case in which it must not.
        labels: labels that the alert then carries, beside the job.
    """

    alert: str
    issue: str
    severity: str
    component: str
    hold: int
    summary: str
    description: str
    metrics: tuple[str, ...] = ()
    limit: str = ""
    expr: str = ""
    keep: int = 0
    fires: tuple[tuple[str, str], ...] = ()
    quiet: tuple[tuple[str, str], ...] = ()
    labels: tuple[tuple[str, str], ...] = ()


class RowError(ValueError):
    """A row cannot be used; the message names the file, the alert and the mistake."""


def sources(folder: Path = SOURCE) -> tuple[Path, ...]:
    """Return every source file, by name."""
    return tuple(sorted(folder.glob("*.yml")))


def load(path: Path) -> tuple[Row, ...]:
    """Return the rows of one source file in their order.

    Raises:
        RowError: at the first row that cannot be used.
    """
    return tuple(_row(entry, path.stem) for entry in yaml.safe_load(path.read_text(encoding="utf-8")) or ())


def minutes(text: str | int) -> int:
    """Return 15 for ``15m``, 120 for ``2h`` and 0 for 0."""
    found = re.fullmatch(r"(\d+)([mh])", str(text))
    if found is None:
        if text in {0, "0"}:
            return 0
        message = f"{text!r} is no duration like 15m or 2h"
        raise RowError(message)
    return int(found[1]) * (60 if found[2] == "h" else 1)


def _row(entry: dict[str, Any], issue: str) -> Row:
    name = str(entry.get("alert"))
    mistakes = list(_mistakes(entry, issue))
    if mistakes:
        message = f"alerts/src/{issue}.yml: {name}: {'; '.join(mistakes)}"
        raise RowError(message)
    return Row(
        alert=name,
        issue=issue,
        severity=entry["severity"],
        component=entry["component"],
        hold=minutes(entry["for"]),
        summary=_line(entry["summary"]),
        description=_line(entry["description"]),
        metrics=tuple(entry.get("metrics", ())),
        limit=entry.get("limit", ""),
        expr=entry.get("expr", "").strip(),
        keep=minutes(entry.get("keep_firing_for", 0)),
        fires=_texts(entry, "fires"),
        quiet=_texts(entry, "quiet"),
        labels=_texts(entry, "labels"),
    )


def _texts(entry: dict[str, Any], key: str) -> tuple[tuple[str, str], ...]:
    return tuple((str(name), str(value)) for name, value in entry.get(key, {}).items())


def _line(text: str) -> str:
    return " ".join(text.split())


def _mistakes(entry: dict[str, Any], issue: str) -> list[str]:
    """Return what is wrong with a row; annotations may hold no value, it is not the metric's while blind."""
    found = [f"unknown key {key}" for key in entry if key not in FIELDS]
    needed = ("alert", "severity", "component", "for", "summary", "description")
    found += [f"{key} is missing" for key in needed if not str(entry.get(key, ""))]
    if found:
        return found
    if not re.fullmatch(PREFIX + r"([A-Z][a-z0-9]+)+", entry["alert"]):
        found.append(f"name must be {PREFIX}<Thing><State>")
    if entry["severity"] not in SEVERITIES:
        found.append(f"severity must be one of {', '.join(SEVERITIES)}")
    if ("expr" in entry) == ("metrics" in entry) or ("metrics" in entry and issue == EXPORTER):
        found.append("issues give metrics or, for rates of counters, expr; the exporter's own alerts give expr")
    words = f"{entry['summary']} {entry['description']}"
    if any(not re.match(r"\$labels\.\w+ \}\}", part.lstrip()) for part in words.split("{{")[1:]):
        found.append("annotations may use {{ $labels.name }} only")
    return found
