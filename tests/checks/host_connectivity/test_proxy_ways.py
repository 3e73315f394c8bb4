"""Management servers that a console proxy does not find: closed ways and unknown names."""

from __future__ import annotations

from typing import Any

import pytest

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


def said(reach: ProxyReach, looks: int = 2, agent: Agent | None = RUNS, looks_up: str = "", **of: Any) -> list[Sample]:
    """Return what is said of a console proxy."""
    vm = proxy(**of)
    target = ConsoleProxyTarget(vm, "zone-1", None, looks_up=looks_up)
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
    """Nobody was dialled; of names nothing is said where no name server was asked for any."""
    assert values(said(ProxyReach(), looks=1)) == {"management_unreachable": 0}


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
    assert values(said(reach, looks=1)) == {"management_unreachable": 0}
    one = {"a.example": Lookup.KNOWN}
    assert values(said(ProxyReach(names=one), looks=1)) == {"management_unreachable": 0, "names_unknown": 0}


NEEDED = "nas.example"


@pytest.mark.parametrize(
    ("names", "lost"),
    [
        ({NEEDED: Lookup.KNOWN}, 0),
        ({NEEDED: Lookup.TIMEOUT}, 1),
        ({NEEDED: Lookup.UNKNOWN}, 0),
        ({NEEDED: Lookup.TIMEOUT, "ms.example": Lookup.KNOWN}, 0),
        ({NEEDED: Lookup.TIMEOUT, "ms.example": Lookup.TIMEOUT}, 2),
        ({NEEDED: Lookup.KNOWN, "ms.example": Lookup.UNKNOWN}, 1),
    ],
)
def test_name_servers_are_asked_where_settings_have_addresses_only(names: dict[str, Lookup], lost: int) -> None:
    """For a name of the zone: whether they answer, not whether they know it, which may be the outside's to know."""
    samples = said(ProxyReach(names=names), looks_up=NEEDED)
    assert values(samples)["names_unknown"] == lost
    assert ("names_unknown" in values(said(ProxyReach(names=names), looks_up=NEEDED, looks=1))) is (lost == 0)


def test_the_proxy_is_moved_while_nothing_is_reached() -> None:
    """The problems last: where the proxy runs makes no difference to what it cannot reach."""
    reach = ProxyReach(is_connected=False, management={"10.0.0.1": Reach.TIMEOUT}, names={"ms.example": Lookup.TIMEOUT})
    vms = [proxy(), proxy(), proxy(host_id="h-2")]
    found = scene.judged_in_turn(
        lambda vm, answers, cloud: judge(ConsoleProxyTarget(vm, "zone-1", None), answers, cloud),
        vms,
        [{PROXY_REACH: reach, PROXY_AGENT: RUNS}] * 3,
        scene.cloud(system_vms={"v": proxy()}),
    )
    lost = {"management_unreachable": 1, "names_unknown": 1}
    assert [values(samples) for samples in found] == [{}, lost, lost]


def test_what_is_not_known() -> None:
    """No connection and no address to look at: other checks tell of empty settings."""
    assert said(alone()) == []


def test_an_agent_that_does_not_run() -> None:
    """It looks for nobody; that it does not run is told elsewhere."""
    for agent in (Agent(0), None):
        assert said(alone(Reach.REFUSED), agent=agent) == []


def test_a_proxy_that_is_being_made() -> None:
    """Its agent has not begun."""
    assert said(alone(Reach.TIMEOUT), created=scene.NOW - 60) == []
