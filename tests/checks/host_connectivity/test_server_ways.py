"""Management servers that do not reach others which are Up and alive."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.checks.host_connectivity.server_ways import judge
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ManagementServers
from exporter.cloud.storage import Place
from exporter.memory import Scope
from exporter.model import Answer, Answers, Sample
from exporter.questions.database.state import DATABASE_SERVERS
from exporter.questions.dialling import Reach
from exporter.questions.management.service import MANAGEMENT_SERVICE
from exporter.questions.management.ways import MANAGEMENT_WAYS
from tests.checks.host_connectivity import management_scene as scene

ONE, TWO = scene.target(scene.server(1)), scene.target(scene.server(2))
GOOD, LOST = {2: Reach.ESTABLISHED}, {2: Reach.TIMEOUT}
Ways = dict[int, Reach]


def said(
    *looks: Ways | None, others: dict[Any, dict[Any, Any]] | None = None, refreshed: bool = True, **fields: Any
) -> list[Sample]:
    """Return what is said after these looks from mgmt-1; None: it was not asked anew.

    Between two looks the Cloud is refreshed. ``others`` are further members, ``fields`` those of the Cloud.
    """
    scope, found, asked, shown = Scope(), [], 100.0, None
    servers = fields.pop("servers", (scene.server(1), scene.server(2)))
    for ways in looks:
        asked += 600.0
        if ways is not None:
            places = {Place(f"10.0.0.{number}", 9090): reach for number, reach in ways.items()}
            shown = Answer(places, asked, scene.NOW, 1e12)
        values = {MANAGEMENT_WAYS: shown} if shown else {}
        members: dict[Any, Answers] = {
            ONE: Answers(now=scene.NOW, asked=asked, values=values, memory=scope.held),
            **{target: scene.answers(given) for target, given in (others or {}).items()},
        }
        times: dict[str, Any] = {"asked": asked - 300, "finished": asked - 290} if refreshed else {}
        cloud: Cloud = scene.cloud(*servers, **times, **fields)
        scope.begin()
        found = list(judge(ManagementServers(), members, cloud))
        scope.end()
    return found


def lost(*looks: Ways | None, **more: Any) -> dict[tuple[str, ...], float]:
    """Return how many are not reached, by server; nothing when nothing is said."""
    return scene.values(said(*looks, **more), "management_server_peers_unreachable")


@pytest.mark.parametrize("reach", [Reach.OPEN, Reach.ESTABLISHED])
def test_the_other_one_is_reached(reach: Reach) -> None:
    """By a connection that stands, or by one that was made."""
    assert lost({2: reach}) == {("mgmt-1",): 0}


@pytest.mark.parametrize("reach", [Reach.REFUSED, Reach.TIMEOUT, Reach.UNREACHABLE])
def test_two_looks_show_a_way_that_is_lost(reach: Reach) -> None:
    """CloudStack calls both Up: only the dial tells."""
    assert lost({2: reach}) == {}
    (one,) = said({2: reach}, {2: reach})
    assert (one.value, one.seen, one.expected) == (1, f"mgmt-2: {reach}", "all 1 others reached")
    assert one.metric.problem is not None
    assert one.metric.problem.holds(one.value, 0)


def test_it_is_mended_at_once() -> None:
    """One good look."""
    assert lost(LOST, LOST, GOOD) == {("mgmt-1",): 0}


def test_an_old_look_judged_again_is_none() -> None:
    """It is dialled every ten minutes, and judged every minute; until the second look nobody knows."""
    assert lost(LOST, None, None) == {}


def test_a_server_that_is_restarted() -> None:
    """No complete reading of CloudStack between two looks: it may have been known as Up from before."""
    assert lost(LOST, LOST, refreshed=False) == {}


@pytest.mark.parametrize("state", ["Down", "Maintenance", "PreparingForShutDown"])
def test_whom_cloudstack_holds_back_is_nobodys_peer(state: str) -> None:
    """Neither as the one that dials nor as the one that is dialled."""
    assert lost(LOST, LOST, servers=(scene.server(1), scene.server(2, state))) == {("mgmt-1",): 0}
    assert lost(LOST, LOST, servers=(scene.server(1, state), scene.server(2))) == {}


@pytest.mark.parametrize(
    "others",
    [
        {TWO: {MANAGEMENT_SERVICE: scene.service(state="failed", running=None)}},
        {scene.DATABASE: {DATABASE_SERVERS: (scene.row(1), scene.row(2, age=400.0))}},
    ],
)
def test_a_dead_one_is_told_by_other_checks(others: dict[Any, dict[Any, Any]]) -> None:
    """By its service, or by its heartbeat."""
    assert lost(LOST, LOST, others=others) == {("mgmt-1",): 0}


@pytest.mark.parametrize(
    "others",
    [
        {TWO: {MANAGEMENT_SERVICE: scene.service()}},
        {TWO: {MANAGEMENT_SERVICE: scene.service(state="activating", running=None)}},
        {TWO: {}},
        {scene.DATABASE: {DATABASE_SERVERS: (scene.row(1), scene.row(2))}},
        {scene.DATABASE: {}},
    ],
)
def test_a_living_one_and_one_that_nobody_knows_of(others: dict[Any, dict[Any, Any]]) -> None:
    """Up is CloudStack's word until something speaks against it."""
    assert lost(LOST, LOST, others=others) == {("mgmt-1",): 1}


def test_a_server_alone() -> None:
    """It has nobody to reach, and that is healthy."""
    assert lost({}, servers=(scene.server(1),)) == {("mgmt-1",): 0}


def test_what_was_not_dialled_is_unknown() -> None:
    """A server that has just come, or one whose address leads nowhere; one that is lost is told all the same."""
    servers = (scene.server(1), scene.server(2), scene.server(3))
    assert lost(GOOD, servers=servers) == {}
    assert lost({}) == {}
    assert lost(LOST, LOST, servers=servers) == {("mgmt-1",): 1}
    assert said(None) == []


def test_several_are_named() -> None:
    """By name, four at most."""
    servers = tuple(scene.server(number) for number in range(1, 8))
    ways = dict.fromkeys(range(2, 8), Reach.REFUSED)
    (one,) = said(ways, ways, servers=servers)
    assert (one.value, one.seen) == (6, "mgmt-2: refused; mgmt-3: refused; mgmt-4: refused; mgmt-5: refused")
