"""Management servers that a console proxy does not find: closed ways and unknown names."""

from __future__ import annotations

from typing import Any

from exporter.checks.host_connectivity.proxy_ways import judge
from exporter.cloud.targets import ConsoleProxyTarget
from exporter.model import Sample
from exporter.questions.dialling import Reach
from exporter.questions.system_vms.console_proxy import PROXY_AGENT, Agent
from exporter.questions.system_vms.console_proxy_reach import PROXY_REACH, ProxyReach
from exporter.questions.system_vms.storage_ways import Lookup
from tests.checks.host_connectivity import reach_scene as scene
from tests.checks.host_connectivity.test_proxy_screens import proxy

RUNS = Agent(1, "active")


def said(reach: ProxyReach, looks: int = 2, agent: Agent | None = RUNS, **of: Any) -> list[Sample]:
    """Return what is said of a console proxy."""
    vm = proxy(**of)
    target = ConsoleProxyTarget(vm, "zone-1", None)
    given: dict[Any, Any] = {PROXY_REACH: reach} | ({PROXY_AGENT: agent} if agent else {})
    return scene.judged(judge, target, given, scene.cloud(system_vms={vm.id: vm}), looks=looks)


def values(samples: list[Sample]) -> dict[str, float]:
    """Return the value of each metric by the end of its name."""
    return {one.metric.name.rpartition("console_proxy_")[2]: one.value for one in samples}


def alone(*reaches: Reach, **names: Lookup) -> ProxyReach:
    """Return the ways of a proxy without a connection, to one address after the other."""
    management = {f"10.0.0.{number}": reach for number, reach in enumerate(reaches, start=1)}
    return ProxyReach(is_connected=False, management=management, names=names)


def test_a_proxy_that_is_connected() -> None:
    """Nobody was dialled, and nothing needs a name server."""
    assert values(said(ProxyReach(), looks=1)) == {"management_unreachable": 0, "names_unknown": 0}


def test_one_way_is_enough() -> None:
    """The agent tries all of its addresses."""
    assert values(said(alone(Reach.TIMEOUT, Reach.OPEN), looks=1))["management_unreachable"] == 0


def test_all_ways_are_closed() -> None:
    """Each is named, at the second look."""
    reach = alone(Reach.TIMEOUT, Reach.REFUSED)
    sample = scene.only(said(reach), "console_proxy_management_unreachable")
    assert (sample.value, sample.seen) == (1, "10.0.0.1: timeout; 10.0.0.2: refused")
    assert "management_unreachable" not in values(said(reach, looks=1))


def test_names_that_are_not_known() -> None:
    """Even while it is connected: after its next start it is not."""
    reach = ProxyReach(names={"a.example": Lookup.KNOWN, "b.example": Lookup.UNKNOWN, "c.example": Lookup.TIMEOUT})
    sample = scene.only(said(reach), "console_proxy_names_unknown")
    assert (sample.value, sample.seen) == (2, "b.example: unknown; c.example: timeout")
    assert values(said(reach, looks=1)) == {"management_unreachable": 0, "names_unknown": 0}


def test_what_is_not_known() -> None:
    """No connection and no address to look at: other checks tell of empty settings."""
    assert values(said(alone())) == {"names_unknown": 0}


def test_an_agent_that_does_not_run() -> None:
    """It looks for nobody; that it does not run is told elsewhere."""
    for agent in (Agent(0), None):
        assert values(said(alone(Reach.REFUSED), agent=agent)) == {"names_unknown": 0}


def test_a_proxy_that_is_being_made() -> None:
    """Its agent has not begun."""
    assert said(alone(Reach.TIMEOUT), created=scene.NOW - 60) == []
