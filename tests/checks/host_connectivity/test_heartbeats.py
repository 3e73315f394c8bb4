"""Heartbeats: which servers stopped, whether any lives, and when the database is no witness."""

from __future__ import annotations

import pytest

from exporter.checks.host_connectivity.heartbeats import judge
from exporter.checks.host_connectivity.servers import HELD_BACK
from exporter.model import Sample
from exporter.questions.database_state import DATABASE_SERVERS, ServerRow
from exporter.thresholds import HEARTBEAT_STALE_SECONDS, SERVER_RETIRED_SECONDS
from tests.checks.host_connectivity import management_scene as scene

WEEK = float(SERVER_RETIRED_SECONDS)


def said(*rows: ServerRow, api_at: float = scene.NOW - 10_000) -> list[Sample]:
    """Return the samples; the API answered last at ``api_at``, long ago unless told."""
    return list(judge(scene.DATABASE, scene.answers({DATABASE_SERVERS: rows}), scene.cloud(at=api_at)))


def lost(*rows: ServerRow) -> dict[tuple[str, ...], float]:
    """Return which servers are missed."""
    return scene.values(said(*rows), "management_server_lost")


def test_two_that_live() -> None:
    """Zero is said of each."""
    found = said(scene.row(1), scene.row(2, age=2.0), api_at=scene.NOW)
    assert scene.values(found, "management_server_lost") == {("mgmt-1",): 0, ("mgmt-2",): 0}
    assert scene.values(found, "management_server_heartbeat_age_seconds") == {("mgmt-1",): 1, ("mgmt-2",): 2}
    assert scene.values(found, "management_servers_alive") == {("cloud",): 2}
    assert scene.values(found, "management_heartbeats_behind") == {("cloud",): 0}


def test_one_of_two_has_stopped() -> None:
    """Before the other one marks it as Down, and after that; the API goes on."""
    for state in ("Up", "Down"):
        found = said(scene.row(1), scene.row(2, state, age=151.0), api_at=scene.NOW)
        assert scene.values(found, "management_server_lost") == {("mgmt-1",): 0, ("mgmt-2",): 1}
        assert scene.only(found, "management_servers_alive").value == 1


def test_at_the_limit_it_lives() -> None:
    """CloudStack itself waits as long."""
    assert lost(scene.row(1, age=float(HEARTBEAT_STALE_SECONDS))) == {("mgmt-1",): 0}


def test_the_only_server_has_died() -> None:
    """Nobody marks it as Down; the API stopped answering when the heartbeats did."""
    found = said(scene.row(1, age=400.0), api_at=scene.NOW - 390)
    alive = scene.only(found, "management_servers_alive")
    assert (alive.value, alive.seen) == (0, "the newest heartbeat is 400 s old")
    assert scene.only(found, "management_server_lost").value == 1


def test_all_of_two_have_died() -> None:
    """One is critical, whatever their rows say."""
    found = said(scene.row(1, age=400.0), scene.row(2, "Down", age=WEEK + 1))
    assert scene.only(found, "management_servers_alive").value == 0
    assert scene.values(found, "management_server_lost") == {("mgmt-1",): 1, ("mgmt-2",): 0}


@pytest.mark.parametrize(("age", "missed"), [(100.0, 0), (3600.0, 1), (WEEK - 1, 1), (WEEK + 1, 0), (1.8e9, 0)])
def test_a_server_that_is_marked_down(age: float, missed: int) -> None:
    """It is missed for a week; then it was taken out of service, as one that never wrote anything."""
    assert lost(scene.row(1), scene.row(2, "Down", age=age))["mgmt-2",] == missed


@pytest.mark.parametrize("state", sorted(HELD_BACK))
def test_a_server_that_somebody_stopped(state: str) -> None:
    """Whoever shuts one down, or works on one in maintenance, knows that it stops."""
    assert lost(scene.row(1), scene.row(2, state, age=4000.0))["mgmt-2",] == 0


def test_a_server_that_died_while_it_started() -> None:
    """A state that this version does not list is not somebody's will."""
    assert lost(scene.row(1), scene.row(2, "Starting", age=4000.0))["mgmt-2",] == 1


def test_a_replica_that_is_late_is_no_witness() -> None:
    """The API has answered after the newest heartbeat: nothing is said of the servers, and why is a finding."""
    found = said(scene.row(1, age=7200.0), scene.row(2, age=7201.0), api_at=scene.NOW - 30)
    assert [one.metric.name.rpartition("_")[2] for one in found] == ["behind"]
    behind = scene.only(found, "management_heartbeats_behind")
    assert (behind.value, behind.seen) == (1, "the newest heartbeat is 7200 s old, the API has answered since")


def test_an_api_that_answered_while_the_last_one_died() -> None:
    """The refresh ended some seconds after the last heartbeat: that is no contradiction."""
    found = said(scene.row(1, age=400.0), api_at=scene.NOW - 400 + 100)
    assert scene.only(found, "management_servers_alive").value == 0


def test_a_server_that_was_installed_anew() -> None:
    """Its former row has the same name; each has a verdict of its own, under the name that CloudStack's list has."""
    rows = (scene.row(1), scene.row(2, "Down", age=WEEK + 1, name="mgmt-1"))
    told = scene.cloud(scene.server(1, name="mgmt-1 (id-1)"), scene.server(2, "Down", name="mgmt-1 (id-2)"))
    for cloud in (told, scene.cloud(scene.server(3))):
        found = list(judge(scene.DATABASE, scene.answers({DATABASE_SERVERS: rows}), cloud))
        assert scene.values(found, "management_server_lost") == {("mgmt-1 (id-1)",): 0, ("mgmt-1 (id-2)",): 0}


def test_no_row_at_all() -> None:
    """Nothing is known."""
    assert said() == []
