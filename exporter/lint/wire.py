"""Reports as JSON: what ``lint-template --json`` prints, for pipelines and for the exporter that started it."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from exporter.lint.rule import shown
from exporter.model import UnreadableError
from exporter.questions.template_images import SEVERITIES, ImageReport

MOST_FLAWS = 1000


def dumped(reports: Iterable[ImageReport]) -> bytes:
    """Return reports as one JSON array, readable by people too."""
    return msgspec.json.format(msgspec.json.encode(tuple(reports)), indent=2) + b"\n"


def loaded(raw: bytes) -> tuple[ImageReport, ...]:
    """Return the reports in JSON.

    Raises:
        UnreadableError: it holds something else.
    """
    try:
        reports = msgspec.json.decode(raw, type=tuple[ImageReport, ...])
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        message = "not what lint-template prints"
        raise UnreadableError(message) from error
    for report in reports:
        if len(report.flaws) > MOST_FLAWS or any(not _is_sound(flaw.severity, flaw.seen) for flaw in report.flaws):
            message = "a flaw that lint-template cannot have found"
            raise UnreadableError(message)
    return reports


def _is_sound(severity: str, seen: str) -> bool:
    return severity in SEVERITIES and seen == shown(seen)
