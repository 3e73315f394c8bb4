"""The second look: when a difference between Cloud and reality is a problem."""

from __future__ import annotations

from typing import Any

from exporter.cloud.cloud import Cloud
from exporter.model import Answers, Question


def confirmed(answers: Answers, cloud: Cloud, *key: str, shown_by: tuple[Question[Any], ...] = ()) -> bool:
    """Return whether two visits with a complete refresh of the Cloud between them have shown this difference.

    Call it exactly while the difference holds. ``key`` names it and must hold the id of the host on which
    CloudStack says the object runs: after a live migration the key is another one and the count begins
    anew, so a machine that moved between the refresh and the visit is never reported. ``shown_by`` names
    the questions that show the difference: an old answer judged again is not a second visit.

    A refresh that comes later does not take a confirmation back: the word "unconfirmed" is then named
    later than the difference itself, because it was not named while the difference was confirmed.
    """
    first = answers.held(*key).first_asked
    seen = min((answers.values[question].asked for question in shown_by), default=answers.asked)
    if first < cloud.asked and cloud.finished <= seen:
        return True
    return answers.held(*key, "unconfirmed").first_asked > first
