"""KVM hosts on which the agent does not run."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.checks.host_connectivity.agent_service import START_AGENT, judge
from exporter.cloud.targets import HostTarget
from exporter.model import Answer, Answers, Sample
from exporter.questions.hosts.agent import AGENT, Agent
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


def restarts(*seen: tuple[bool | None, int | None]) -> list[Sample]:
    """Return what is said after visits at which the agent ran or not, with so many restarts behind it."""
    target, given, found = HostTarget(scene.host(), "zone-1", None), [], list[Sample]()
    for number, (is_active, counted) in enumerate(seen):
        given.append(Answer(Agent(is_active=is_active, restarts=counted), 60.0 * number, scene.NOW, 1e12))
        told = Answers(now=scene.NOW, values={AGENT: given[-1]}, previous={AGENT: given[-2]} if number else {})
        found = list(judge(target, told, scene.cloud()))
    return found


@pytest.mark.parametrize("is_active", [True, None, False])
def test_an_agent_that_ends_again_and_again(is_active: bool | None) -> None:
    """Java that dies at once is active now and then: systemd has started it again since the visit before."""
    (bad,) = restarts((True, 7), (is_active, 9))
    assert (bad.value, bad.remedy) == (0, START_AGENT)
    assert bad.seen == "restarts by systemd since the visit before: 2"
    assert len(scene.problems([bad])) == 1


@pytest.mark.parametrize(("before", "now"), [(7, 7), (7, 0), (None, 7), (7, None), (None, None)])
def test_restarts_of_long_ago(before: int | None, now: int | None) -> None:
    """What was counted before is over; whoever starts it begins a new count; an old systemd counts nothing."""
    assert [one.value for one in restarts((True, before), (True, now))] == [1]


def test_the_first_visit_knows_no_other() -> None:
    """An agent that has ended thousands of times may have run for a year since."""
    assert [one.value for one in restarts((True, 4711))] == [1]


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
