"""Which guest addresses a router should serve metadata at now, and what every check of it needs for that."""

from __future__ import annotations

from typing import Any

from exporter.cloud.cloud import Cloud
from exporter.cloud.routers import ServedAddress, is_settling, serving_now
from exporter.cloud.second_look import confirmed
from exporter.cloud.targets import RouterTarget
from exporter.model import Answers, Question
from exporter.questions.routers.state import ROUTER_IDENTITY, ROUTER_REDUNDANCY

NEEDED: tuple[Question[Any], ...] = (ROUTER_IDENTITY, ROUTER_REDUNDANCY)
"""The questions without which the functions of this module cannot tell."""


def metadata_addresses(target: RouterTarget, answers: Answers, cloud: Cloud) -> tuple[ServedAddress, ...]:
    """Return the guest addresses at which this router should give out metadata now.

    Each once. None of a redundant router that is not the primary by its own word. Networks served by ConfigDrive or by
    nobody are not among them.
    """
    now = serving_now(target.router, cloud, serves_shared=answers[ROUTER_REDUNDANCY].is_serving)
    return tuple({served.address: served for served in now if served.userdata}.values())


def settles(target: RouterTarget, answers: Answers) -> bool:
    """Return whether the router has just been made or started, so that what it lacks means nothing yet."""
    return is_settling(target.router, answers.now, answers[ROUTER_IDENTITY].uptime)


def is_certain(target: RouterTarget, answers: Answers, cloud: Cloud, *key: str, by: Question[Any]) -> bool:
    """Return whether a difference to the Cloud is a problem: shown twice, on a router that has settled."""
    return not settles(target, answers) and confirmed(answers, cloud, *key, target.router.host_id, shown_by=(by,))
