"""Connections of management servers with their database: when none is a fault, and when it is another port."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.checks.host_connectivity.server_database import judge
from exporter.cloud.cloud import Cloud
from exporter.model import Answers, Sample
from exporter.questions.database.state import DATABASE_SERVERS, ServerRow
from exporter.questions.management.service import MANAGEMENT_SERVICE, ManagementService
from exporter.questions.management.sockets import MANAGEMENT_SOCKETS
from exporter.thresholds import MANAGEMENT_SETTLES_SECONDS
from tests.checks.host_connectivity import management_scene as scene

Member = tuple[Any, Answers]
RUNS = scene.service()


def member(
    number: int, now: int | None, before: int | None = 0, service: ManagementService | None = RUNS, state: str = "Up"
) -> Member:
    """Return a server, and how many connections two looks found; None: that look brought nothing."""
    told: dict[Any, Any] = {MANAGEMENT_SERVICE: service} if service else {}
    told |= {} if now is None else {MANAGEMENT_SOCKETS: scene.sockets(database=now)}
    earlier = {} if before is None else {MANAGEMENT_SOCKETS: scene.sockets(database=before)}
    return scene.target(scene.server(number, state)), scene.answers(told, earlier)


def database(*rows: ServerRow) -> Member:
    """Return the database and its rows."""
    return scene.DATABASE, scene.answers({DATABASE_SERVERS: rows})


def said(*members: Member, cloud: Cloud | None = None) -> list[Sample]:
    """Return the samples."""
    return scene.of_group(judge, cloud or scene.cloud(), dict(members))


def unconnected(*members: Member, cloud: Cloud | None = None) -> dict[str, float]:
    """Return the verdict by server."""
    found = scene.values(said(*members, cloud=cloud), "management_server_database_unconnected")
    return {name: value for (name,), value in found.items()}


def test_connections_that_stand() -> None:
    """Zero is said of each, and how many there are."""
    members = (member(1, 5), member(2, 3, None))
    assert unconnected(*members) == {"mgmt-1": 0, "mgmt-2": 0}
    found = scene.values(said(*members), "management_server_database_connections")
    assert found == {("mgmt-1",): 5, ("mgmt-2",): 3}


def test_none_at_two_looks_while_another_one_has_some() -> None:
    """One look is a pool that is made anew; a first one says nothing."""
    assert unconnected(member(1, 5), member(2, 0)) == {"mgmt-1": 0, "mgmt-2": 1}
    assert unconnected(member(1, 5), member(2, 0, 4)) == {"mgmt-1": 0, "mgmt-2": 0}
    assert unconnected(member(1, 5), member(2, 0, None)) == {"mgmt-1": 0}
    (bad,) = [one for one in said(member(1, 5), member(2, 0)) if one.metric.problem and one.value]
    assert bad.seen == "no connection to port 3306"


def test_a_port_that_nobody_uses() -> None:
    """The database has another one, perhaps: 0 is said as it is, and no verdict."""
    found = said(member(1, 0), member(2, 0))
    assert {(*one.labels, one.value) for one in found} == {("mgmt-1", 0), ("mgmt-2", 0)}
    assert not any(one.metric.problem for one in found)


def test_a_heartbeat_speaks_against_it() -> None:
    """Who writes it reaches the database, whatever the port; an old one does not."""
    fresh, old = scene.row(2, age=2.0), scene.row(2, age=500.0)
    assert unconnected(member(1, 5), member(2, 0), database(scene.row(1), fresh)) == {"mgmt-1": 0, "mgmt-2": 0}
    assert unconnected(member(2, 0), database(fresh)) == {"mgmt-2": 0}
    assert unconnected(member(1, 5), member(2, 0), database(scene.row(1), old)) == {"mgmt-1": 0, "mgmt-2": 1}


@pytest.mark.parametrize(
    "service",
    [
        None,
        scene.service(state="failed", running=None),
        scene.service(state="activating", running=None),
        scene.service(running=None),
        scene.service(running=MANAGEMENT_SETTLES_SECONDS - 1),
    ],
)
def test_a_server_that_is_not_known_to_run(service: ManagementService | None) -> None:
    """What does not run, or has just been started, needs no connection yet."""
    assert unconnected(member(1, 5), member(2, 0, service=service)) == {"mgmt-1": 0}


@pytest.mark.parametrize("state", ["Down", "Maintenance", "ShuttingDown"])
def test_a_server_out_of_service(state: str) -> None:
    """Only what CloudStack calls Up is judged."""
    cloud = scene.cloud(scene.server(1), scene.server(2, state))
    assert unconnected(member(1, 5), member(2, 0, state=state), cloud=cloud) == {"mgmt-1": 0}


def test_sockets_that_were_not_told() -> None:
    """Unknown is not healthy."""
    assert unconnected(member(1, 5), member(2, None)) == {"mgmt-1": 0}
