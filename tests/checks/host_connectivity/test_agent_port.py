"""The port of agents, and what is connected."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.checks.host_connectivity.agent_port import judge
from exporter.cloud.cloud import Cloud
from exporter.model import Sample
from exporter.questions.management.service import MANAGEMENT_SERVICE, ManagementService
from exporter.questions.management.sockets import MANAGEMENT_SOCKETS, ManagementSockets
from exporter.thresholds import MANAGEMENT_SETTLES_SECONDS
from tests.checks.host_connectivity import management_scene as scene

OPEN = scene.sockets()
RUNS = scene.service()
CLOSED = scene.sockets(listening=frozenset({("*", 22), ("*", 8080)}), agents=0)


def said(
    now: ManagementSockets,
    before: ManagementSockets | None = OPEN,
    service: ManagementService | None = RUNS,
    cloud: Cloud | None = None,
) -> list[Sample]:
    """Return the samples of two visits."""
    given: dict[Any, Any] = {MANAGEMENT_SOCKETS: now} | ({MANAGEMENT_SERVICE: service} if service else {})
    answers = scene.answers(given, {MANAGEMENT_SOCKETS: before} if before else None)
    return list(judge(scene.target(scene.server()), answers, cloud or scene.cloud()))


def closed(*given: Any, **more: Any) -> list[float]:
    """Return the verdict, empty when there is none."""
    return list(scene.values(said(*given, **more), "management_server_agent_port_closed").values())


def test_agents_can_connect() -> None:
    """Zero is said, and what is connected."""
    found = said(OPEN)
    assert closed(OPEN) == [0]
    assert closed(OPEN, None) == [0]
    assert scene.values(found, "management_server_agent_connections") == {("mgmt-1",): 12}


def test_two_looks_found_it_closed() -> None:
    """One is a restart; a first look alone says nothing."""
    assert closed(CLOSED, CLOSED) == [1]
    assert closed(CLOSED, OPEN) == [0]
    assert closed(CLOSED, None) == []
    (one,) = [one for one in said(CLOSED, CLOSED) if one.metric.problem]
    assert one.seen == "nobody listens on 8250, 0 agents are connected"


def test_loopback_alone_is_closed() -> None:
    """Agents come from other machines; one address of its own is open."""
    local = scene.sockets(listening=frozenset({("127.0.0.1", 8250), ("::1", 8250)}))
    assert closed(local, local) == [1]
    own = scene.sockets(listening=frozenset({("10.0.0.1", 8250)}))
    assert closed(own, own) == [0]


def test_another_port() -> None:
    """The one that was asked about counts."""
    moved = scene.sockets(agent_port=8251)
    assert closed(moved, moved) == [1]


@pytest.mark.parametrize("running", [0.0, MANAGEMENT_SETTLES_SECONDS - 1])
def test_a_server_that_was_just_started(running: float) -> None:
    """It opens its ports within some minutes."""
    assert closed(CLOSED, CLOSED, scene.service(running=running)) == []


@pytest.mark.parametrize("state", ["activating", "failed", "inactive"])
def test_a_server_that_does_not_run(state: str) -> None:
    """That is another finding."""
    assert closed(CLOSED, CLOSED, scene.service(state=state, running=None)) == []


def test_a_server_whose_service_is_not_known() -> None:
    """Its sockets alone decide; so they do without systemd."""
    assert closed(CLOSED, CLOSED, None) == [1]
    assert closed(CLOSED, CLOSED, scene.service(state="", running=None)) == [1]


@pytest.mark.parametrize("state", ["Down", "Maintenance", "PreparingForShutDown"])
def test_a_server_out_of_service(state: str) -> None:
    """Its agents are elsewhere."""
    assert closed(CLOSED, CLOSED, cloud=scene.cloud(scene.server(1, state))) == []
