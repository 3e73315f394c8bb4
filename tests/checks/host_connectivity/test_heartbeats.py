"""Heartbeats: which servers stopped, whether any lives, and when the database is no witness."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exporter.checks.host_connectivity.heartbeats import judge
from exporter.checks.host_connectivity.servers import HELD_BACK
from exporter.cloud.cloud import Cloud
from exporter.memory import Scope
from exporter.model import Answer, Answers, Sample
from exporter.questions.database.state import DATABASE_SERVERS, ServerRow
from exporter.thresholds import HEARTBEAT_STALE_SECONDS, SERVER_RETIRED_SECONDS
from tests.checks.host_connectivity import management_scene as scene

RETIRED = float(SERVER_RETIRED_SECONDS)
LONG_AGO = scene.NOW - 10_000
THRESHOLD = "cluster.heartbeat.threshold"
DEADLINE = 60.0
HOUR = 3600.0


def said(
    *rows: ServerRow, stands: bool = True, api_at: float = LONG_AGO, looks: int = 2, limit: str = ""
) -> list[Sample]:
    """Return the samples of the second look; old heartbeats stand still; the API answered long ago unless told."""
    before = tuple(scene.earlier(row, stands=stands and abs(row.heartbeat_age) > 60) for row in rows)
    answers = scene.answers({DATABASE_SERVERS: rows}, {DATABASE_SERVERS: before} if looks > 1 else None)
    return list(judge(scene.DATABASE, answers, scene.cloud(at=api_at, expires=1e9, settings={THRESHOLD: limit})))


def lost(*rows: ServerRow) -> dict[tuple[str, ...], float]:
    """Return which servers are missed."""
    return scene.values(said(*rows), "management_server_lost")


def kinds(samples: list[Sample]) -> list[str]:
    """Return the last word of each metric."""
    return [one.metric.name.rpartition("_")[2] for one in samples]


class Visits:
    """A database that is visited each minute, with the memory of the judge; the inventory is read each ``interval``."""

    def __init__(self, interval: float = 300.0) -> None:
        self.lifetime = 2 * interval + DEADLINE
        self.scope = Scope()
        self.asked = 1000.0
        self.shown: Answer[tuple[ServerRow, ...]] | None = None

    def visit(self, *rows: ServerRow, api_age: float) -> list[Sample]:
        """Return what is said after a minute; the inventory was complete ``api_age`` seconds ago."""
        self.asked += 60
        now = Answer(rows, self.asked, scene.NOW, 1e12)
        previous = {DATABASE_SERVERS: self.shown} if self.shown else {}
        self.shown = now
        began = self.asked - api_age - 5
        cloud = scene.cloud(
            at=scene.NOW - api_age, asked=began, finished=self.asked - api_age, expires=began + self.lifetime
        )
        answers = Answers(
            now=scene.NOW, asked=self.asked, values={DATABASE_SERVERS: now}, previous=previous, memory=self.scope.held
        )
        self.scope.begin()
        found = list(judge(scene.DATABASE, answers, cloud))
        self.scope.end()
        return found


def test_two_that_live() -> None:
    """Zero is said of each, at the first look already."""
    for looks in (1, 2):
        found = said(scene.row(1), scene.row(2, age=2.0), api_at=scene.NOW, looks=looks)
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


def test_one_look_at_an_old_heartbeat_is_no_verdict() -> None:
    """It may be a clock; the other server has its verdict."""
    found = said(scene.row(1), scene.row(2, age=151.0), looks=1)
    assert scene.values(found, "management_server_lost") == {("mgmt-1",): 0}
    assert kinds(said(scene.row(1, age=151.0), looks=1)) == ["seconds"]


def test_at_the_limit_it_lives() -> None:
    """CloudStack itself waits as long."""
    assert lost(scene.row(1, age=float(HEARTBEAT_STALE_SECONDS))) == {("mgmt-1",): 0}


@pytest.mark.parametrize(
    ("setting", "missed"),
    [("150000", 1), ("600000", 0), (" 300000 ", 0), ("1000", 1), ("", 1), ("x", 1), ("-600000", 1), ("\u0663", 1)],
)
def test_the_limit_is_the_clouds_own(setting: str, missed: int) -> None:
    """In milliseconds; one that is shorter than as shipped, or no number, is not taken."""
    found = said(scene.row(1), scene.row(2, age=200.0), limit=setting)
    assert scene.values(found, "management_server_lost")["mgmt-2",] == missed


def test_the_only_server_has_died() -> None:
    """Nobody marks it as Down; the API stopped answering when the heartbeats did."""
    found = said(scene.row(1, age=400.0), api_at=scene.NOW - 390)
    alive = scene.only(found, "management_servers_alive")
    assert (alive.value, alive.seen) == (0, "the newest heartbeat is 400 s old")
    assert scene.only(found, "management_server_lost").value == 1
    assert scene.only(found, "management_heartbeats_behind").value == 0


def test_all_of_two_have_died() -> None:
    """One is critical, whatever their rows say."""
    found = said(scene.row(1, age=400.0), scene.row(2, "Down", age=RETIRED + 1))
    assert scene.only(found, "management_servers_alive").value == 0
    assert scene.values(found, "management_server_lost") == {("mgmt-1",): 1, ("mgmt-2",): 0}


@pytest.mark.parametrize("api_age", [10, 40, 60, 120, 200, 290])
@pytest.mark.parametrize("skew", [200.0, 3600.0])
def test_a_clock_that_is_behind_is_not_a_death(skew: float, api_age: int) -> None:
    """The heartbeats are old by the database's clock, and go on: the only server lives, whenever the API answered."""
    found = said(scene.row(1, age=skew), stands=False, api_at=scene.NOW - api_age)
    assert scene.only(found, "management_servers_alive").value == 1
    assert scene.only(found, "management_server_lost").value == 0
    behind = scene.only(found, "management_heartbeats_behind")
    assert (behind.value, behind.seen) == (1, f"mgmt-1: {skew:.0f} s old, and it goes on")


@pytest.mark.parametrize(("age", "words"), [(200.0, "200 s old"), (-HOUR, "3600 s ahead of the database's clock")])
def test_one_of_two_clocks_is_wrong(age: float, words: str) -> None:
    """Both live; the clock is named."""
    found = said(scene.row(1), scene.row(2, age=age), stands=False, api_at=scene.NOW)
    assert scene.values(found, "management_server_lost") == {("mgmt-1",): 0, ("mgmt-2",): 0}
    assert scene.only(found, "management_servers_alive").value == 2
    behind = scene.only(found, "management_heartbeats_behind")
    assert (behind.value, behind.seen) == (1, f"mgmt-2: {words}, and it goes on")


def test_a_server_whose_clock_is_ahead_has_died() -> None:
    """Its last heartbeat looks new for hours: that it stands still at two looks tells."""
    found = said(scene.row(1), scene.row(2, age=-HOUR), api_at=scene.NOW)
    lost_one = next(one for one in found if one.labels == ("mgmt-2",) and one.value == 1)
    assert lost_one.seen == "Up, its last heartbeat is 3600 s ahead of the database's clock"
    assert scene.values(found, "management_server_lost") == {("mgmt-1",): 0, ("mgmt-2",): 1}
    assert scene.only(found, "management_servers_alive").value == 1
    assert scene.only(found, "management_heartbeats_behind").value == 0


@pytest.mark.parametrize(("age", "missed"), [(-119.0, 0), (-121.0, 1)])
def test_a_clock_that_is_ahead_by_little(age: float, missed: int) -> None:
    """Its heartbeats are of now; when they stop they are old some minutes later."""
    assert lost(scene.row(1), scene.row(2, age=age))["mgmt-2",] == missed


def test_the_only_server_dies_and_its_clock_is_ahead() -> None:
    """By no clock can be told when: it is said as soon as an API that answers had renewed the inventory."""
    visits, verdicts = Visits(), list[float]()
    for minute in range(15):
        found = visits.visit(scene.row(1, age=60.0 * minute - 4 * HOUR, beat="last"), api_age=10 + 60 * minute)
        verdicts += scene.values(found, "management_servers_alive").values()
        assert 1 not in verdicts
    assert verdicts
    assert scene.only(found, "management_heartbeats_behind").value == 0


@pytest.mark.parametrize("skew", [0.0, 200.0])
@pytest.mark.parametrize("before", [10.0, 150.0, 290.0])
def test_the_only_server_dies(skew: float, before: float) -> None:
    """The API answered last some seconds before: with any clock it is said, at the latest after an inventory's time."""
    visits = Visits()
    visits.visit(scene.row(1, age=skew, beat="alive"), api_age=before)
    verdicts = []
    for minute in range(1, 12):
        row = scene.row(1, age=skew + 60.0 * minute, beat="last")
        found = visits.visit(row, api_age=before + 60 * minute)
        verdicts += [*scene.values(found, "management_servers_alive").values()]
        if 60 * minute > max(visits.lifetime - before, HEARTBEAT_STALE_SECONDS + 60):
            assert verdicts[-1] == 0
    assert verdicts == sorted(verdicts, reverse=True)


@pytest.mark.parametrize("skew", [7200.0, -7200.0])
@pytest.mark.parametrize("interval", [60, 300, 900])
def test_a_database_that_no_longer_follows(interval: int, skew: float) -> None:
    """A writable server of long ago is read: whenever the API answers, and however rarely, no server is called dead."""
    for phase in range(0, interval, 30):
        visits = Visits(interval)
        found = visits.visit(scene.row(1), api_age=phase)
        for minute in range(1, 40):
            row = scene.row(1, age=skew + 60 * minute, beat="long ago")
            found = visits.visit(row, api_age=(phase + 60 * minute) % interval)
            assert 0 not in scene.values(found, "management_servers_alive").values()
        assert scene.only(found, "management_heartbeats_behind").value == 1


@pytest.mark.parametrize(("age", "missed"), [(100.0, 0), (3600.0, 1), (RETIRED - 1, 1), (RETIRED + 1, 0), (1.8e9, 0)])
def test_a_server_that_is_marked_down(age: float, missed: int) -> None:
    """It is missed for a day; then it was taken out of service, as one that never wrote anything."""
    assert lost(scene.row(1), scene.row(2, "Down", age=age))["mgmt-2",] == missed


def test_a_server_that_nobody_marked_is_missed_for_ever() -> None:
    """Up without a heartbeat is never somebody's will."""
    assert lost(scene.row(1), scene.row(2, age=30 * RETIRED))["mgmt-2",] == 1


@pytest.mark.parametrize("state", sorted(HELD_BACK))
def test_a_server_that_somebody_stopped(state: str) -> None:
    """Whoever shuts one down, or works on one in maintenance, knows that it stops."""
    assert lost(scene.row(1), scene.row(2, state, age=4000.0))["mgmt-2",] == 0


def test_a_server_that_died_while_it_started() -> None:
    """A state that this version does not list is not somebody's will."""
    assert lost(scene.row(1), scene.row(2, "Starting", age=4000.0))["mgmt-2",] == 1


def test_a_replica_that_is_late_goes_on() -> None:
    """Its heartbeats are as old at each look: nobody is missed, and why they are old is a finding."""
    rows = (scene.row(1, age=7200.0), scene.row(2, age=7201.0))
    found = said(*rows, stands=False, api_at=scene.NOW - 30)
    assert scene.values(found, "management_server_lost") == {("mgmt-1",): 0, ("mgmt-2",): 0}
    assert scene.only(found, "management_heartbeats_behind").value == 1


def test_a_database_that_stands_still_is_no_witness() -> None:
    """The API has answered since: nothing is said of the servers but the age."""
    found = said(scene.row(1, age=7200.0), scene.row(2, age=7201.0), api_at=scene.NOW - 30)
    assert kinds(found) == ["seconds", "seconds", "behind"]
    behind = scene.only(found, "management_heartbeats_behind")
    assert (behind.value, behind.seen) == (1, "the newest heartbeat is 7200 s old, the API has answered since")


def test_an_api_that_answered_while_the_last_one_died() -> None:
    """The refresh ended some seconds after the last heartbeat: that is no contradiction."""
    found = said(scene.row(1, age=400.0), api_at=scene.NOW - 400 + 100)
    assert scene.only(found, "management_servers_alive").value == 0


def test_a_server_that_is_new_to_the_table() -> None:
    """Its row is old at once: the look before has not shown it, so that nothing is said of it."""
    rows = (scene.row(1), scene.row(2, age=500.0))
    answers = scene.answers({DATABASE_SERVERS: rows}, {DATABASE_SERVERS: rows[:1]})
    found = list(judge(scene.DATABASE, answers, scene.cloud()))
    assert scene.values(found, "management_server_lost") == {("mgmt-1",): 0}


def test_a_server_that_was_installed_anew() -> None:
    """Its former row has the same name; each has a verdict of its own, under the name that CloudStack's list has."""
    rows = (scene.row(1), scene.row(2, "Down", age=RETIRED + 1, name="mgmt-1"))
    told: Cloud = scene.cloud(scene.server(1, name="mgmt-1 (id-1)"), scene.server(2, "Down", name="mgmt-1 (id-2)"))
    before = tuple(replace(row) for row in rows)
    for cloud in (told, scene.cloud(scene.server(3))):
        found = list(judge(scene.DATABASE, scene.answers({DATABASE_SERVERS: rows}, {DATABASE_SERVERS: before}), cloud))
        assert scene.values(found, "management_server_lost") == {("mgmt-1 (id-1)",): 0, ("mgmt-1 (id-2)",): 0}


def test_no_row_at_all() -> None:
    """Nothing is known."""
    assert said() == []
