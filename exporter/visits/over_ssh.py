"""What visits over SSH share: questions become one request, sections become answers or reasons."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from exporter.cloud.targets import (
    ConsoleProxyTarget,
    HostTarget,
    ManagementServerTarget,
    RouterTarget,
    SecondaryStorageVmTarget,
    XenHostTarget,
)
from exporter.model import Failure, Question, Reason, SourceError, UnreadableError
from exporter.sources.sections import MISSING_CODES, TIMEOUT_CODES, Collected, Section, shown
from exporter.sources.ssh import Asked, Hop, Request
from exporter.sources.ssh_words import is_parameter
from exporter.visits.ways import Ways

Questions = Sequence[Question[Any]]
Parameters = Mapping[Question[Any], tuple[str, ...]]
SshTarget = (
    HostTarget | XenHostTarget | RouterTarget | ConsoleProxyTarget | SecondaryStorageVmTarget | ManagementServerTarget
)
REFUSED = re.compile(
    r"permission denied|operation not permitted|must be root|right permissions|access denied|"
    r"authentication unavailable|authentication failed|not authorized",
    re.IGNORECASE,
)
"""What tools and shells say last when the account may not do it. Which exit code they give is their own affair."""

RETURNING = 1.0  # seconds by which a collection ends before its visit, so that what arrived is not lost


async def ask(
    target: SshTarget,
    due: Questions,
    ways: Ways,
    seconds: float,
    hop: Hop | None,
    parameters: Parameters = MappingProxyType({}),
) -> Mapping[Question[Any], Any]:
    """Return for every question its value or a Failure, from one call of the collector.

    ``parameters`` are those that this visit alone knows; others are made from the target.

    Raises:
        SourceError: nothing at all was answered; the reason tells why.
    """
    if ways.ssh is None:
        raise SourceError(Reason.NOT_CONFIGURED)
    if target.via is None:
        raise SourceError(Reason.NO_WAY, f"CloudStack does not say through which machine {target.name} is reached")
    asked = {question: _asked(question, parameters.get(question) or _words(target, question, ways)) for question in due}
    request = Request(tuple(one for one in asked.values() if isinstance(one, Asked)), hop)
    collected = await ways.ssh.collect(target.via, request, seconds=seconds - RETURNING)
    if collected.failure and not collected.sections:
        raise SourceError(collected.failure.reason, collected.failure.detail)
    return {
        question: one if isinstance(one, Failure) else _outcome(question, collected) for question, one in asked.items()
    }


def _words(target: SshTarget, question: Question[Any], ways: Ways) -> tuple[str, ...]:
    return question.parameters(target, ways.ports) if question.parameters else ()


def _asked(question: Question[Any], parameters: tuple[str, ...]) -> Asked | Failure:
    """Return a question with its parameters; one word of no known type costs this question only."""
    for word in parameters:
        if not is_parameter(word):
            return Failure(Reason.NO_WAY, f"CloudStack tells {shown(word)!r}, which is not passed on")
    return Asked(question.name, parameters, question.size)


def _outcome(question: Question[Any], collected: Collected) -> Any:
    """Return what the question's reader makes of its section, or why there is none."""
    section = collected.sections.get(question.name)
    if section is None:
        return collected.failure or Failure(Reason.DISCONNECTED, "the answer did not arrive")
    failure = _failure(question, section)
    if failure:
        return failure
    try:
        return question.read(section.text)
    except UnreadableError as error:
        return Failure(Reason.UNREADABLE, shown(str(error)))
    except (ValueError, LookupError, RecursionError) as error:
        return Failure(Reason.UNREADABLE, f"{type(error).__name__} in {question.name}")


def _failure(question: Question[Any], section: Section) -> Failure | None:
    """Return why a section is not an answer, None when it is one."""
    if section.cut:
        return Failure(Reason.TOO_LARGE, f"more than {question.size} bytes")
    if section.code == 0:
        return None
    if section.code in TIMEOUT_CODES:
        return Failure(Reason.TIMEOUT, f"not done within its time, {question.seconds:g} s or what the visit had left")
    said = shown((section.text.strip().splitlines() or [""])[-1])
    if REFUSED.search(said):
        return Failure(Reason.PERMISSION, said)
    if section.code in MISSING_CODES:
        return Failure(Reason.MISSING, said)
    return Failure(Reason.FAILED, f"exit code {section.code}: {said}")
