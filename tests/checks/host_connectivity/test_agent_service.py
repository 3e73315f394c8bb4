"""KVM hosts on which the agent does not run."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.checks.host_connectivity.agent_service import judge
from exporter.questions.hosts.agent import Agent
from tests.checks.host_connectivity import states_scene as scene
from tests.checks.host_connectivity.visits_scene import LATER, looks


def said(agent: Agent, **changes: Any) -> dict[str, float]:
    """Return the verdict by host."""
    found = looks(judge, scene.cloud(), (LATER, agent, None), **changes)
    return scene.values(found, "agent_service_up")


@pytest.mark.parametrize(("is_active", "verdict"), [(True, {"kvm-1": 1}), (False, {"kvm-1": 0}), (None, {})])
def test_what_systemd_says(is_active: bool | None, verdict: dict[str, float]) -> None:
    """While it is being started, and without systemd, nobody can say."""
    assert said(Agent(is_active=is_active)) == verdict


@pytest.mark.parametrize(
    "changes", [{"resource_state": "Maintenance"}, {"resource_state": "Disabled"}, {"created": scene.NOW - 60}]
)
def test_hosts_that_are_held_back(changes: dict[str, Any]) -> None:
    """Whoever stopped it knows that."""
    assert said(Agent(is_active=False), **changes) == {}


@pytest.mark.parametrize("state", ["Down", "Alert", "Disconnected", "Connecting"])
def test_whatever_cloudstack_thinks(state: str) -> None:
    """It is the cause of what CloudStack says."""
    assert said(Agent(is_active=False), state=state) == {"kvm-1": 0}
