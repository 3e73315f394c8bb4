"""Hosts whose agent has no connection: whether the way is closed, or it is the agent itself."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.checks.host_connectivity.host_management_way import judge
from exporter.cloud.targets import HostTarget
from exporter.model import Sample
from exporter.questions.dialling import Reach
from exporter.questions.hosts.agent import AGENT, Agent
from exporter.questions.hosts.reach import HOST_REACH, HostReach
from tests.checks.host_connectivity import reach_scene as scene

RUNS = Agent(is_active=True)
CONNECTED = HostReach()


def alone(*reaches: Reach) -> HostReach:
    """Return the ways of a host without a connection, to one address after the other."""
    return HostReach(is_connected=False, management={f"10.0.0.{n}": one for n, one in enumerate(reaches, start=1)})


def said(reach: HostReach, agent: Agent | None = RUNS, looks: int = 2, **of: Any) -> list[Sample]:
    """Return what is said of a host."""
    host = scene.host(**of)
    values: dict[Any, Any] = {HOST_REACH: reach} | ({AGENT: agent} if agent else {})
    return scene.judged(judge, HostTarget(host, "zone-1", None), values, scene.cloud(host), looks=looks)


def cut(*given: Any, **more: Any) -> dict[tuple[str, ...], float]:
    """Return the verdict; nothing when nothing is said."""
    return scene.values(said(*given, **more), "host_management_unreachable")


@pytest.mark.parametrize("reach", [CONNECTED, alone(Reach.OPEN), alone(Reach.TIMEOUT, Reach.OPEN)])
def test_there_is_a_way(reach: HostReach) -> None:
    """It stands, or could stand: one address is enough."""
    assert cut(reach, looks=1) == {(): 0}


def test_all_ways_are_closed() -> None:
    """Each address is named with what became of it."""
    (sample,) = said(alone(Reach.TIMEOUT, Reach.REFUSED, Reach.UNRESOLVED))
    assert sample.value == 1
    assert sample.seen == "10.0.0.1: timeout; 10.0.0.2: refused; 10.0.0.3: unresolved"


def test_it_is_looked_at_twice() -> None:
    """All management servers may have been restarted."""
    assert cut(alone(Reach.REFUSED), looks=1) == {}


@pytest.mark.parametrize("agent", [Agent(is_active=False), None])
def test_an_agent_that_does_not_run(agent: Agent | None) -> None:
    """It looks for nobody; that it does not run is told elsewhere."""
    assert cut(alone(Reach.REFUSED), agent) == {}


def test_what_is_not_known() -> None:
    """No connection, and no address to look at."""
    assert cut(alone()) == {}


@pytest.mark.parametrize("of", [{"hypervisor": "XenServer"}, {"resource_state": "Maintenance"}])
def test_hosts_that_are_not_judged(of: dict[str, Any]) -> None:
    """XenServer has no agent of its own."""
    assert cut(alone(Reach.TIMEOUT), **of) == {}


def test_a_host_in_alert_is_judged() -> None:
    """This is why it is in Alert."""
    assert cut(alone(Reach.TIMEOUT), state="Alert") == {(): 1}
