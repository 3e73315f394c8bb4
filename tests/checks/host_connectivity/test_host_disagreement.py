"""CloudStack's word on a host against the host's own."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.checks.host_connectivity.host_disagreement import RECONNECT, judge
from exporter.checks.host_connectivity.hypervisors import LOOK_AT_AGENT
from exporter.model import Sample
from exporter.questions.hosts.agent import Agent
from tests.checks.host_connectivity import states_scene as scene
from tests.checks.host_connectivity.visits_scene import EARLIER, LATER, looks

RUNS, DEAD = Agent(is_active=True), Agent(is_active=False)
CONNECTED, CUT = ("10.0.0.1",), ()
LOST = ("Down", "Alert", "Disconnected")


def twice(state: str, agent: Agent | None, connections: tuple[str, ...] | None, **changes: Any) -> list[Sample]:
    """Return what is said after two visits that brought the same, with a refresh between them."""
    seen = scene.cloud(scene.host(state=state, **changes))
    return looks(judge, seen, (EARLIER, agent, connections), (LATER, agent, connections), state=state, **changes)


@pytest.mark.parametrize(
    ("state", "agent", "connections"),
    [("Up", RUNS, CONNECTED), ("Up", None, CONNECTED), *((state, DEAD, CUT) for state in LOST), ("Alert", RUNS, CUT)],
)
def test_both_say_the_same(state: str, agent: Agent | None, connections: tuple[str, ...]) -> None:
    """Zero is said, also of a lost host."""
    assert [one.value for one in twice(state, agent, connections)] == [0]


@pytest.mark.parametrize(
    ("state", "agent", "connections", "words"),
    [
        ("Up", RUNS, CUT, "CloudStack says Up, its agent has no connection"),
        ("Up", None, CUT, "CloudStack says Up, its agent has no connection"),
        ("Up", DEAD, CONNECTED, "CloudStack says Up, its agent does not run"),
        *((state, RUNS, CONNECTED, f"CloudStack says {state}, its agent has a connection") for state in LOST),
    ],
)
def test_two_stories(state: str, agent: Agent | None, connections: tuple[str, ...], words: str) -> None:
    """At two visits with a refresh between them."""
    (bad,) = twice(state, agent, connections)
    remedy = LOOK_AT_AGENT if state == "Up" else RECONNECT
    assert (bad.value, bad.seen, bad.remedy) == (1, words, remedy)


def test_one_look_is_none() -> None:
    """CloudStack notices after two and a half minutes; the refresh may be older than the visit."""
    seen = scene.cloud(scene.host())
    assert looks(judge, seen, (EARLIER, RUNS, CUT)) == []
    assert looks(judge, seen, (LATER, RUNS, CUT)) == []
    assert looks(judge, seen, (LATER, RUNS, CUT), (LATER + 60, RUNS, CUT)) == []  # no refresh between them


def test_what_changed_in_between_begins_anew() -> None:
    """An agent that went to another management server had a connection at one of the looks."""
    seen = scene.cloud(scene.host())
    assert [one.value for one in looks(judge, seen, (EARLIER, RUNS, CUT), (LATER, RUNS, CONNECTED))] == [0]
    assert looks(judge, seen, (EARLIER, RUNS, CONNECTED), (LATER, RUNS, CUT)) == []


@pytest.mark.parametrize("state", ["Connecting", "Rebalancing", "Unknown", "Creating", "Error"])
def test_states_on_the_way(state: str) -> None:
    """They are neither up nor lost."""
    assert twice(state, RUNS, CUT) == []


@pytest.mark.parametrize(
    "changes",
    [{"resource_state": "Maintenance"}, {"resource_state": "Disabled"}, {"created": scene.NOW - 60},
     {"hypervisor": "XenServer"}],
)  # fmt: skip
def test_hosts_that_are_not_judged(changes: dict[str, Any]) -> None:
    """Maintenance on purpose, fresh ones, and dom0, which has no agent."""
    assert twice("Up", RUNS, CUT, **changes) == []


def test_the_newest_word_of_cloudstack_counts() -> None:
    """The visit may have been planned by an older one."""
    seen = scene.cloud(scene.host(state="Alert"))
    assert [one.value for one in looks(judge, seen, (EARLIER, RUNS, CUT), (LATER, RUNS, CUT), state="Up")] == [0]
