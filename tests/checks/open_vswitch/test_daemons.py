"""Daemons of Open vSwitch: alive, in time, not restarted again and again, not busy for long."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from exporter.checks.open_vswitch.daemons import INSTALL, LOOK, START, judge
from exporter.cloud.cloud import Cloud
from exporter.questions.hosts.agent import AGENT, Agent
from exporter.questions.hosts.links import LINKS, Link, Links
from exporter.questions.hosts.ovs import OVS_DATABASE
from exporter.questions.hosts.ovs_runtime import OVS_RUNTIME, Daemon, LongPoll, State
from tests.checks.open_vswitch.switch_scene import (
    EVERY,
    HEALTHY,
    NOW,
    Values,
    cloud,
    database,
    judged,
    problems,
    runtime,
    values_of,
)

DOWN = Daemon(name="ovs-vswitchd", state=State.DOWN)
NATIVE = Agent(bridge_type="native")


def test_healthy_daemons() -> None:
    """Both are up, their starts are told, and no long poll is a zero."""
    assert values_of(judged(judge)) == {
        ("daemon_up", "ovsdb-server"): 1,
        ("daemon_up", "ovs-vswitchd"): 1,
        ("daemon_started_seconds", "ovsdb-server"): 10.5,
        ("daemon_started_seconds", "ovs-vswitchd"): 11.5,
        ("poll_interval_seconds",): 0,
    }
    assert problems(judged(judge)) == set()


@pytest.mark.parametrize(("state", "remedy"), [(State.DOWN, START), (State.HANGS, LOOK)])
@pytest.mark.parametrize(("field", "name"), [("switch", "ovs-vswitchd"), ("database", "ovsdb-server")])
def test_a_daemon_that_is_gone_or_hangs(field: str, name: str, state: State, remedy: str) -> None:
    """Exactly that daemon is named; the other one is judged as before."""
    broken: dict[str, Any] = {field: Daemon(name=name, state=state)}
    found = judged(judge, {**HEALTHY, OVS_RUNTIME: runtime(**broken)}, looks=1)
    (sample,) = (one for one in found if one.metric.problem and one.metric.problem.holds(one.value, NOW))
    assert (sample.label("daemon"), sample.remedy) == (name, remedy)


def test_the_agent_wants_a_switch_that_is_not_there() -> None:
    """Neither daemon is up, and no start is made up."""
    found = judged(judge, {AGENT: Agent(bridge_type="openvswitch"), OVS_RUNTIME: None, OVS_DATABASE: None})
    assert values_of(found) == {("daemon_up", "ovsdb-server"): 0, ("daemon_up", "ovs-vswitchd"): 0}
    assert {sample.remedy for sample in found} == {INSTALL}


IN_USE: dict[str, tuple[Values, Cloud]] = {
    "the agent says so": ({AGENT: Agent(bridge_type="openvswitch")}, cloud(label="")),
    "its driver says so": (
        {AGENT: Agent(vif_driver="com.cloud.hypervisor.kvm.resource.OvsVifDriver")},
        cloud(label=""),
    ),
    "a label names a bridge": ({AGENT: NATIVE, OVS_DATABASE: database()}, cloud()),
    "the agent does not answer, a label names a bridge": ({OVS_DATABASE: database()}, cloud()),
    "the database is down, the kernel has the bridge": (
        {AGENT: NATIVE, LINKS: Links({"cloudbr1": Link(name="cloudbr1", index=4, kind="openvswitch")}, {})},
        cloud(),
    ),
}


@pytest.mark.parametrize("name", IN_USE)
def test_a_switch_that_cloudstack_uses(name: str) -> None:
    """Each sign alone is enough for the alarm."""
    values, seen_by = IN_USE[name]
    found = judged(judge, {**values, OVS_RUNTIME: runtime(switch=DOWN)}, seen_by)
    assert problems(found) == {"daemon_up"}


UNUSED: dict[str, tuple[Values, Cloud]] = {
    "no label names one of its bridges": ({AGENT: NATIVE, OVS_DATABASE: database()}, cloud(label="cloudbr0")),
    "not installed": ({AGENT: NATIVE, OVS_DATABASE: None, OVS_RUNTIME: None}, cloud()),
    "nobody tells whether it is used": ({}, cloud()),
    "no label, no agent": ({OVS_DATABASE: database()}, cloud(label="")),
}


@pytest.mark.parametrize("name", UNUSED)
def test_a_switch_that_cloudstack_does_not_use(name: str) -> None:
    """It never alarms, although its daemon is gone."""
    values, seen_by = UNUSED[name]
    assert judged(judge, {OVS_RUNTIME: runtime(switch=DOWN), **values}, seen_by) == []


SEEN = NOW + 2 * EVERY
"""Unix time of the second visit."""


@pytest.mark.parametrize(
    ("polls", "longest"),
    [
        ((), 0),
        ((LongPoll(SEEN - 60, 1.2),), 1.2),
        ((LongPoll(SEEN - 899, 4.5), LongPoll(SEEN - 60, 2.1)), 4.5),
        ((LongPoll(SEEN - 901, 4.5),), 0),
        ((LongPoll(SEEN + 30, 3),), 3),
    ],
)
def test_long_polls_of_late(polls: tuple[LongPoll, ...], longest: float) -> None:
    """Only the last quarter of an hour counts; a clock a little ahead does not matter, one short delay neither."""
    found = judged(judge, {**HEALTHY, OVS_RUNTIME: runtime(polls=polls)})
    assert values_of(found)["poll_interval_seconds",] == longest
    assert problems(found) == ({"poll_interval_seconds"} if longest > 2 else set())


def test_no_log_is_not_a_quiet_log() -> None:
    """What could not be read yields nothing."""
    found = values_of(judged(judge, {**HEALTHY, OVS_RUNTIME: runtime(polls=None)}))
    assert ("poll_interval_seconds",) not in found


def test_labels_without_a_cluster() -> None:
    """A cluster that CloudStack does not list is named by its id."""
    seen_by: Cloud = replace(cloud(), clusters={})
    assert {sample.labels[:3] for sample in judged(judge, seen_by=seen_by)} == {("zone1", "c", "kvm1")}
