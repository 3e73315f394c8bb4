"""What visits without SSH share: a step brings something or fails, and either may be an answer."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from exporter.model import Failure, Question, Reason, SourceError, UnreadableError


async def tried(step: Awaitable[Any]) -> Any:
    """Return what a step brought, or the SourceError it raised: both are answers."""
    try:
        return await step
    except SourceError as error:
        return error


def outcome(question: Question[Any], raw: object) -> Any:
    """Return what the question's reader makes of what a step brought, or a Failure."""
    if isinstance(raw, Failure):
        return raw
    try:
        return question.read(raw)
    except SourceError as error:
        return Failure(error.reason, error.detail)
    except UnreadableError as error:
        return Failure(Reason.UNREADABLE, str(error))
