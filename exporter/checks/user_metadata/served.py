"""Which guest addresses a router should serve metadata at now, and what every check of it needs for that."""

from __future__ import annotations

from typing import Any

from exporter.cloud.cloud import Cloud
from exporter.cloud.routers import ServedAddress, is_settling, serving
from exporter.cloud.second_look import confirmed
from exporter.cloud.targets import RouterTarget
from exporter.model import Answers, Question
from exporter.questions.router import ROUTER_IDENTITY, ROUTER_REDUNDANCY

NEEDED: tuple[Question[Any], ...] = (ROUTER_IDENTITY, ROUTER_REDUNDANCY)
"""The questions without which :func:`metadata_addresses` cannot tell."""


def metadata_addresses(target: RouterTarget, answers: Answers, cloud: Cloud) -> tuple[ServedAddress, ...]:
    """Return the guest addresses at which this router should give out metadata now.

    None while it settles after a start, and none of a redundant router that is not the primary by its own
    word. Networks served by ConfigDrive or by nobody are not among them.
    """
    if is_settling(target.router, answers.now, answers[ROUTER_IDENTITY].uptime):
        return ()
    if not answers[ROUTER_REDUNDANCY].is_serving:
        return ()
    return tuple(served for served in serving(target.router, cloud) if served.userdata)


def shown_twice(target: RouterTarget, answers: Answers, cloud: Cloud, *key: str, by: tuple[Question[Any], ...]) -> bool:
    """Return whether two visits with a refresh of the Cloud between them have shown what ``key`` names."""
    return confirmed(answers, cloud, *key, target.router.host_id, shown_by=by)
