"""Connections of agents as hosts see them: which hosts have none, and where agents are."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.checks.host_connectivity.agent_connections import CORRECT_HOST, OPEN_WAY, judge
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Sample
from exporter.questions.hosts.agent import AGENT, Agent
from exporter.questions.hosts.agent_connection import HOST_AGENT_CONNECTION
from exporter.thresholds import ROWS_PER_TARGET
from tests.checks.host_connectivity import management_scene as scene

ZONE = ZoneGroup("z", "zone-1")
ONE, TWO = "10.0.0.1", "10.0.0.2"
NONE: tuple[str, ...] = ()
RUNS = Agent(management_servers=(ONE, TWO), is_active=True)


def member(
    number: int = 1,
    now: tuple[str, ...] | None = (ONE,),
    before: tuple[str, ...] | None = NONE,
    agent: Agent | None = RUNS,
    **changes: Any,
) -> tuple[HostTarget, Answers]:
    """Return a host and what two looks brought; None: that look brought nothing."""
    target = HostTarget(scene.host(number, cluster_id="c", **changes), "zone-1", None)
    told: dict[Any, Any] = {AGENT: agent} if agent else {}
    told |= {} if now is None else {HOST_AGENT_CONNECTION: frozenset(now)}
    earlier = {} if before is None else {HOST_AGENT_CONNECTION: frozenset(before)}
    return target, scene.answers(told, earlier)


def said(*members: tuple[HostTarget, Answers], cloud: Cloud | None = None) -> list[Sample]:
    """Return what is said of the zone."""
    return list(judge(ZONE, dict(members), cloud or scene.cloud()))


def disconnected(*members: tuple[HostTarget, Answers]) -> dict[str, float]:
    """Return the verdict by host."""
    found = scene.values(said(*members), "agent_disconnected")
    return {host: value for (_, _, host), value in found.items()}


def addresses(*members: tuple[HostTarget, Answers]) -> dict[str, float]:
    """Return how many hosts are connected to each address."""
    found = scene.values(said(*members), "agents_connected")
    return {address: value for (_, address), value in found.items()}


def test_agents_that_are_connected() -> None:
    """Zero is said of each host, at the first look already; the address that nobody uses has none."""
    hosts = [member(1), member(2, before=(ONE,)), member(3, before=None)]
    assert disconnected(*hosts) == {"kvm-1": 0, "kvm-2": 0, "kvm-3": 0}
    assert addresses(*hosts) == {ONE: 3, TWO: 0}
    assert said(*hosts)[0].labels == ("zone-1", "c", "kvm-1")


def test_two_looks_without_any_connection() -> None:
    """One alone is an agent that changes its server; a first one says nothing."""
    hosts = [member(1), member(2, NONE), member(3, NONE, (ONE,)), member(4, NONE, None)]
    assert disconnected(*hosts) == {"kvm-1": 0, "kvm-2": 1, "kvm-3": 0}


def test_what_is_shown_of_a_host_without_a_connection() -> None:
    """Its own list, who of it is Down, and which of it no agent of the zone has reached."""
    cloud = scene.cloud(scene.server(1), scene.server(2, "Down"))
    bad = next(one for one in said(member(1), member(2, NONE), cloud=cloud) if one.labels[-1] == "kvm-2")
    words = [
        "no connection",
        f"host = {ONE}, {TWO}",
        "Down: mgmt-2",
        f"likely unreachable, no agent of the zone is connected to {TWO}",
    ]
    assert (bad.value, bad.seen, bad.remedy) == (1, "; ".join(words), OPEN_WAY)


def test_names_are_not_called_unreachable() -> None:
    """They cannot be compared with addresses."""
    agent = Agent(management_servers=("cloud.example",), is_active=True)
    found = said(member(1, NONE, agent=agent))
    assert [one.seen for one in found] == ["no connection; host = cloud.example"]


def test_a_host_that_looks_for_itself() -> None:
    """Its own file is what is wrong."""
    agent = Agent(management_servers=("localhost", "127.0.0.1"), is_active=True)
    assert next(iter(said(member(1, NONE, agent=agent)))).remedy == CORRECT_HOST


@pytest.mark.parametrize(("is_active", "verdicts"), [(False, {}), (None, {"kvm-1": 1}), (True, {"kvm-1": 1})])
def test_an_agent_that_does_not_run(is_active: bool | None, verdicts: dict[str, float]) -> None:
    """That is not the way; where nobody says whether it runs, connections decide."""
    assert disconnected(member(1, NONE, agent=Agent(is_active=is_active))) == verdicts


def test_a_host_whose_file_may_not_be_read() -> None:
    """Its connections decide alone."""
    found = said(member(1, NONE, agent=None))
    assert [(one.value, one.seen) for one in found] == [(1, "no connection")]


@pytest.mark.parametrize(
    "changes",
    [
        {"resource_state": "Maintenance"}, {"resource_state": "Disabled"}, {"hypervisor": "XenServer"},
        {"state": "Removed"}, {"created": scene.NOW - 60},
    ],
)  # fmt: skip
def test_hosts_that_are_not_judged(changes: dict[str, Any]) -> None:
    """Whoever holds them back knows it, and dom0 has no agent; they do not count."""
    assert said(member(1, NONE, **changes)) == []


def test_a_host_that_has_not_told() -> None:
    """Unknown is not healthy."""
    assert disconnected(member(1, None, None), member(2)) == {"kvm-2": 0}


def test_addresses_are_compared_in_one_form() -> None:
    """As agents write them, and as ss prints them."""
    agent = Agent(management_servers=("2001:DB8:0::1",), is_active=True)
    assert addresses(member(1, ("2001:db8::1",), agent=agent)) == {"2001:db8::1": 1}


def test_rows_are_bounded() -> None:
    """Those with most agents come first."""
    many = [member(number, (f"10.9.0.{number}",), agent=None) for number in range(1, 60)]
    found = addresses(*many, member(80), member(81))
    assert len(found) == ROWS_PER_TARGET
    assert found[ONE] == 2
