"""What could not be checked, and why: derived from the questions that have no valid answer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from exporter.checks import Registered
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import Target
from exporter.findings import Blind, Verdict
from exporter.memory import TargetMemory
from exporter.model import Failure, Issue, Question, Reason, Unjudged

Watched = Iterable[tuple[Target, TargetMemory]]
Wanted = dict[type[Target], dict[Issue, tuple[Question[Any], ...]]]
LeftOut = Iterable[tuple[Registered, Unjudged]]
"""The objects that checks cannot judge although everything was answered."""

COMMAND = "API command"
"""The kind of object in a row about a command that the Cloud lacks."""


def needed(checks: Iterable[Registered]) -> Wanted:
    """Return, per target type and issue, the questions that verdicts rest on."""
    found: defaultdict[type[Target], defaultdict[Issue, dict[Question[Any], None]]] = defaultdict(
        lambda: defaultdict(dict)
    )
    for registered in checks:
        check = registered.check
        for wanted in (check.asks, check.uses, *(judge.needs for judge in check.groups)):
            for kind, questions in wanted.items():
                found[kind][registered.issue].update(dict.fromkeys(questions))
    return {kind: {issue: tuple(asked) for issue, asked in issues.items()} for kind, issues in found.items()}


def _asked(checks: Iterable[Registered]) -> set[tuple[type[Target], Issue]]:
    """Return the target types that some check of an issue cannot do without."""
    return {(kind, registered.issue) for registered in checks for kind in registered.check.asks}


def unanswered(
    checks: tuple[Registered, ...], watched: Watched, cloud: Cloud | None, left_out: LeftOut
) -> Iterator[tuple[Issue, tuple[str, str, str], Verdict]]:
    """Yield the objects on which an issue has no full verdict, as unknown or not configured.

    A source that is not configured, and that the issue's checks only take when it is there, is not missed: without a
    database an issue that is about hosts is as healthy as its hosts.
    """
    wanted, asked = needed(checks), _asked(checks)
    for target, memory in watched:
        for issue, questions in wanted.get(type(target), {}).items():
            missing = [question for question in questions if question not in memory.values]
            if not missing:
                continue
            verdict = _verdict(missing, memory)
            if verdict is Verdict.UNKNOWN or (type(target), issue) in asked:
                yield issue, (target.zone, target.subject, target.name), verdict
    if cloud is not None:
        yield from _lacking(checks, cloud)
    for registered, one in left_out:
        yield registered.issue, (one.zone, one.kind, one.name), Verdict.UNKNOWN


def _lacking(checks: tuple[Registered, ...], cloud: Cloud) -> Iterator[tuple[Issue, tuple[str, str, str], Verdict]]:
    """Yield every zone as unknown to the issues whose checks read API commands that the Cloud lacks."""
    for registered in checks:
        if any(command in cloud.lacks for command in registered.check.reads):
            for zone in cloud.zones.values():
                yield registered.issue, (zone.name, "zone", zone.name), Verdict.UNKNOWN


def _verdict(missing: Iterable[Question[Any]], memory: TargetMemory) -> Verdict:
    reasons = {memory.failures[question].reason if question in memory.failures else None for question in missing}
    return Verdict.NOT_CONFIGURED if reasons == {Reason.NOT_CONFIGURED} else Verdict.UNKNOWN


def api_rows(checks: tuple[Registered, ...], failure: tuple[Failure, float] | None) -> Iterator[Blind]:
    """Yield one row when CloudStack cannot be read: all that rests on its state goes blind."""
    if failure is None:
        return
    why, since = failure
    yield Blind(
        issues=tuple(dict.fromkeys(registered.issue for registered in checks)),
        zone="",
        subject_kind="API",
        subject="CloudStack",
        what=("inventory",),
        reason=why.reason.value,
        detail=why.detail,
        since=since,
    )


def blind_rows(
    checks: tuple[Registered, ...], watched: Watched, cloud: Cloud | None, left_out: LeftOut
) -> Iterator[Blind]:
    """Yield one row per target and reason, per API command that the Cloud lacks, per object that nobody can judge."""
    wanted = needed(checks)
    for target, memory in watched:
        yield from _target_rows(target, memory, wanted.get(type(target), {}))
    if cloud is None:
        return
    for command, failure in cloud.lacks.items():
        issues = tuple(dict.fromkeys(r.issue for r in checks if command in r.check.reads))
        if issues:
            yield Blind(
                issues=issues,
                zone="",
                subject_kind=COMMAND,
                subject=command,
                what=(command,),
                reason=failure.reason.value,
                detail=failure.detail,
                since=cloud.at,
            )
    for registered, one in left_out:
        yield Blind(
            issues=(registered.issue,),
            zone=one.zone,
            subject_kind=one.kind,
            subject=one.name,
            what=(registered.check.title,),
            reason=Reason.UNSUPPORTED.value,
            detail=one.detail,
            since=cloud.at,
        )


def _target_rows(
    target: Target, memory: TargetMemory, wanted: dict[Issue, tuple[Question[Any], ...]]
) -> Iterator[Blind]:
    by_failure: defaultdict[Failure, dict[Question[Any], None]] = defaultdict(dict)
    for questions in wanted.values():
        for question in questions:
            if question in memory.failures:
                by_failure[memory.failures[question]][question] = None
    for failure, questions_failed in by_failure.items():
        first = next(iter(questions_failed))
        yield Blind(
            issues=tuple(issue for issue, questions in wanted.items() if questions_failed.keys() & set(questions)),
            zone=target.zone,
            subject_kind=target.subject,
            subject=target.name,
            what=tuple(question.name for question in questions_failed),
            reason=failure.reason.value,
            detail=failure.detail,
            setting=first.via.setting if failure.reason is Reason.NOT_CONFIGURED else "",
            since=min(memory.failing_since.get(question, 0.0) for question in questions_failed),
        )
