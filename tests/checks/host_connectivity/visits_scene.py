"""Visits to one KVM host, as judges of what its agent says get them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import HostTarget
from exporter.memory import Scope
from exporter.model import Answer, Answers, Sample
from exporter.questions.hosts.agent import AGENT, Agent
from exporter.questions.hosts.agent_connection import HOST_AGENT_CONNECTION
from tests.checks.host_connectivity import states_scene as scene

EARLIER, LATER = 50.0, 200.0
"""Boot-clock times of two visits; the refresh of scene.cloud() lies between them."""


def looks(
    judge: Callable[..., Any],
    cloud: Cloud,
    *visits: tuple[float, Agent | None, Collection[str] | None],
    **changes: Any,
) -> list[Sample]:
    """Return what is said after the last of these visits: when, what agent.properties said, and the connections."""
    target = HostTarget(scene.host(**changes), "zone-1", None)
    scope, found = Scope(), []
    for asked, agent, connections in visits:
        told: dict[Any, Any] = {
            AGENT: agent,
            HOST_AGENT_CONNECTION: None if connections is None else frozenset(connections),
        }
        values = {
            question: Answer(value, asked, scene.NOW, 1e12) for question, value in told.items() if value is not None
        }
        scope.begin()
        found = list(judge(target, Answers(now=scene.NOW, asked=asked, values=values, memory=scope.held), cloud))
        scope.end()
    return found
