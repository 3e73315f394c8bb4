"""Inconsistencies of the database: two rounds, unknown that is never 0, words, and muting by name."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from exporter.board import FINDING_ACCEPTED, JudgmentBoard
from exporter.checks import Registered
from exporter.checks.hypervisor_links.database_inconsistencies import CHECK, FOUND
from exporter.checks.hypervisor_links.database_kinds import (
    EXAMPLES,
    INCONSISTENCIES,
    LEFTOVERS,
    REMEMBERED,
    Kind,
)
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import DatabaseTarget
from exporter.config import Accept
from exporter.findings import Verdict
from exporter.judging import Judging
from exporter.memory import TargetMemory
from exporter.model import Answer, Failure, Issue, Question, Reason
from exporter.questions.database.found import Found
from exporter.questions.database.hosts import HOST_OF_DEAD_SERVER
from exporter.questions.database.nics import MAC_TWICE
from exporter.questions.database.vlans import VLAN_LEAKED, VLAN_SHARED
from tests.checks.hypervisor_links.database_scene import ROUND, judged, rows
from tests.clocks import HandClock

NAMES = {kind.name for kind in INCONSISTENCIES}
NAME = "inconsistencies"


def test_nothing_found_is_zero_at_once() -> None:
    """Healthy needs no second look: there is nothing that could pass."""
    found = judged(CHECK, {})
    assert {name for _, name in found} == NAMES
    assert {one.value for one in found.values()} == {0}


def test_what_was_found_once_is_neither_healthy_nor_a_problem() -> None:
    """The first look after a start says nothing of it; the others are judged."""
    found = judged(CHECK, {VLAN_LEAKED: rows("guest/150")})
    assert {name for _, name in found} == NAMES - {"vlan_leaked"}


def test_what_comes_and_goes_never_counts() -> None:
    """Operations pass through odd states: another row each round is none of them twice."""
    seen = judged(CHECK, {VLAN_LEAKED: rows("guest/150")}, {VLAN_LEAKED: rows("guest/151")})
    assert seen[NAME, "vlan_leaked"].value == 0
    assert judged(CHECK, {}, {VLAN_LEAKED: rows("a")})[NAME, "vlan_leaked"].value == 0


def test_what_two_rounds_in_a_row_have_found_counts() -> None:
    """By name; with examples, how it should be, and what to do."""
    found = judged(CHECK, {VLAN_LEAKED: rows("a", "b", "c")}, {VLAN_LEAKED: rows("b", "c", "d")})
    one = found[NAME, "vlan_leaked"]
    assert (one.value, one.metric.problem is not None and one.metric.problem.holds(one.value, 0)) == (2, True)
    assert one.seen == "2: b (what is odd about b); c (what is odd about c)"
    assert one.expected == "none: each VLAN taken from the pool belongs to a network"
    assert "database" in one.remedy
    assert {name for (_, name), other in found.items() if other.value} == {"vlan_leaked"}
    shared = judged(CHECK, {VLAN_SHARED: rows("a")}, {VLAN_SHARED: rows("a")})[NAME, "vlan_shared"]
    assert shared.expected == "none: one isolated network per VLAN; tenants may meet"


def test_examples_are_bounded() -> None:
    """Ten of any number, each short: a pool that was emptied by hand does not fill the page."""
    many = tuple(Found(f"{n}-" + "x" * 200, "y" * 200) for n in range(500))
    one = judged(CHECK, {MAC_TWICE: many}, {MAC_TWICE: many})[NAME, "mac_twice"]
    assert one.value == 500
    assert one.seen.count("; ") == EXAMPLES
    assert one.seen.endswith("; ... and 490 more")
    assert len(one.seen) < EXAMPLES * 180


def test_what_could_not_be_asked_is_unknown_and_the_others_are_judged() -> None:
    """A column or a grant that is missing disables one check."""
    for reason in (Reason.UNSUPPORTED, Reason.PERMISSION, Reason.BEHIND):
        found = judged(CHECK, {VLAN_LEAKED: Failure(reason)}, {VLAN_LEAKED: Failure(reason)})
        assert {name for _, name in found} == NAMES - {"vlan_leaked"}


def test_a_database_that_is_behind_says_nothing() -> None:
    """During an upgrade or on a replica that lags no check has a verdict, and old ones expire."""
    assert judged(CHECK, {}, others=Failure(Reason.BEHIND)) == {}


@pytest.mark.parametrize("kind", [*INCONSISTENCIES, *LEFTOVERS], ids=lambda kind: kind.name)
def test_every_kind_has_its_number_and_tells_what_to_do(kind: Kind) -> None:
    """The number stands in the question's reason too; nobody is told to edit the database."""
    assert kind.question.why.startswith(f"{kind.facts}: ")
    assert kind.healthy
    assert 20 < len(kind.remedy) < 400
    assert not {"UPDATE", "DELETE", "SELECT"} & set(kind.remedy.split())


def test_no_remedy_of_a_vlan_restarts_a_network() -> None:
    """restartNetwork replaces routers and keeps the VLAN: only a network that was shut down takes another one."""
    of_vlans = [kind for kind in (*INCONSISTENCIES, *LEFTOVERS) if "vlan" in kind.name]
    assert {kind.facts for kind in of_vlans} >= {"D01", "D02", "D03", "D04", "D05", "D06", "D27", "D28"}
    assert [kind.name for kind in of_vlans if "restartnetwork" in kind.remedy.lower().replace(" ", "")] == []
    remedies = {kind.name: kind.remedy for kind in of_vlans}
    for name in ("vlan_not_taken", "vlan_shared", "public_vlan_taken"):
        assert "wait until its state is Allocated" in remedies[name]
        assert "persistent" in remedies[name]


def test_two_looks_of_who_waits_for_them_say_so() -> None:
    """The command ``check`` looks twice at once; the daemon's finding says nothing of it."""
    found = {VLAN_LEAKED: rows("a")}
    near = judged(CHECK, found, found, apart=5.0, is_on_demand=True)[NAME, "vlan_leaked"]
    assert near.seen == "in two looks only 5 s apart, an operation may be running; 1: a (what is odd about a)"
    assert judged(CHECK, {}, {}, apart=5.0, is_on_demand=True)[NAME, "vlan_leaked"].seen == ""
    far = judged(CHECK, found, found, apart=600.0, is_on_demand=True)[NAME, "vlan_leaked"]
    assert far.seen == "1: a (what is odd about a)"


@pytest.mark.parametrize("interval", [1.0, 5.0, 10.0, 30.0, 59.5, 60.0, 600.0])
@pytest.mark.parametrize(("question", "lasting"), [(VLAN_LEAKED, 600), (HOST_OF_DEAD_SERVER, 300)])
def test_a_row_must_last_whatever_the_interval_is(
    question: Question[tuple[Found, ...]], lasting: float, interval: float
) -> None:
    """With ``intervals.database: 5`` rounds are 50 s apart, and an operation of minutes is in many of them."""
    kind = question.name.removeprefix("database_")
    apart = question.every * interval
    for count in range(1, int(lasting * 1.5 / apart) + 3):
        found = judged(CHECK, *[{question: rows("a")}] * count, apart=apart)
        seconds = (count - 1) * apart
        if count > 1 and seconds >= lasting - apart / 10:
            assert (found[NAME, kind].value, found[NAME, kind].seen) == (1, "1: a (what is odd about a)")
        elif count == 1 or seconds < 0.9 * lasting:
            assert (NAME, kind) not in found


def test_a_row_that_was_away_for_a_round_begins_anew() -> None:
    """Another operation on the same object is another one; of those that last nothing is taken away."""
    seen, away = {VLAN_LEAKED: rows("a", "b")}, {VLAN_LEAKED: rows("b")}
    found = judged(CHECK, *[seen] * 10, away, *[seen] * 5, apart=60.0)[NAME, "vlan_leaked"]
    assert (found.value, found.seen) == (1, "1: b (what is odd about b)")


def test_very_many_rows_are_counted_all() -> None:
    """A pool that was emptied by hand: more than is remembered one by one, and none of another kind is lost by it."""
    many, one = tuple(Found(f"{n:04}", "odd") for n in range(REMEMBERED + 6000)), rows("a")
    crowd = {kind.question: many for kind in INCONSISTENCIES if kind.question is not VLAN_SHARED}
    found = judged(CHECK, *[crowd | {VLAN_SHARED: one}] * 2)
    assert {name: sample.value for (_, name), sample in found.items()} == {
        kind.name: 1 if kind.question is VLAN_SHARED else len(many) for kind in INCONSISTENCIES
    }


def test_rounds_are_ten_visits_apart_or_five() -> None:
    """What the texts say; nothing is compared with what was asked a minute ago."""
    kinds = (*INCONSISTENCIES, *LEFTOVERS)
    assert {(kind.question.every, kind.lasting) for kind in kinds} == {(10, 540), (5, 270)}
    assert {kind.name for kind in kinds if kind.question.every != 10} == {"host_of_dead_server"}


def test_every_fact_has_its_check() -> None:
    """D01 to D34 but the heartbeat and version of management servers (D18, D19) and rules on hosts (D32)."""
    numbers = {int(kind.facts[1:]) for kind in (*INCONSISTENCIES, *LEFTOVERS)}
    assert numbers == set(range(1, 35)) - {18, 19, 32}
    names = [kind.name for kind in (*INCONSISTENCIES, *LEFTOVERS)]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("kinds", "alert"),
    [(INCONSISTENCIES, "CloudStackNetDatabaseInconsistent"), (LEFTOVERS, "CloudStackNetDatabaseLeftovers")],
)
def test_the_runbook_names_every_check_and_how_to_mute_it(kinds: tuple[Kind, ...], alert: str) -> None:
    """At 3 a.m. the label is looked up there."""
    text = (Path(__file__).parents[3] / f"docs/runbooks/{alert}.md").read_text()
    rows_of = {kind.name: f"| `{kind.name}` | {kind.healthy} ({kind.facts}) | {kind.remedy} |" for kind in kinds}
    missing = [name for name, row in rows_of.items() if row not in text]
    assert missing == []
    impact = text[text.index("## Impact") : text.index("## Is it the monitoring?")]
    assert set(re.findall(r"`(\w+)`", impact)) - {"check"} == {kind.name for kind in kinds if kind.is_isolation}
    example = re.search(r"matchers: \['check=\"(\w+)\"'\]", text)
    assert example is not None
    assert example[1] in {kind.name for kind in kinds}


def test_one_check_is_muted_by_name_and_no_other() -> None:
    """An accept entry takes the finding off the list and silences its alert; the same words for another do not."""
    clock = HandClock(now=1000.0, offset=0.0)
    target, memory = DatabaseTarget(), TargetMemory()
    registered = (Registered(Issue.HYPERVISOR_LINKS, "database_inconsistencies", CHECK),)
    accept = Accept(
        metric=FOUND.name, matchers=('check="vlan_leaked"',), reason="known since the migration", until=date(2099, 1, 1)
    )
    board = JudgmentBoard(clock, registered, (accept,), watch=lambda: ((target, memory),), cloud=Cloud)
    judging = Judging(registered, board.put)
    for _ in range(2):
        clock.turn(ROUND)
        now = clock.boot()
        told = dict.fromkeys(CHECK.uses[DatabaseTarget], ()) | {
            VLAN_LEAKED: rows("guest/150"),
            VLAN_SHARED: rows("vlan://100"),
        }
        memory.note({one: Answer(value, now, now, now + 2 * ROUND) for one, value in told.items()}, now)
        judging.target(target, memory, Cloud(expires=1e9))
    findings = {one.labels["check"]: one.accepted for one in board.snapshot().findings}
    assert findings == {"vlan_leaked": "known since the migration", "vlan_shared": ""}
    silenced = [one for one in board.samples(((target, memory),))[""] if one.metric is FINDING_ACCEPTED]
    assert [one.label("finding") for one in silenced] == ["vlan_leaked"]
    assert board.unmatched() == ()
    tile = next(one for one in board.snapshot().tiles if one.issue is Issue.HYPERVISOR_LINKS)
    assert tile.objects[Verdict.PROBLEM] == 1


def test_a_question_that_fails_is_shown_as_blind_and_the_rest_stands() -> None:
    """What could not be asked stands beside the findings with its reason; the database is not called healthy."""
    clock = HandClock(now=1000.0, offset=0.0)
    target, memory = DatabaseTarget(), TargetMemory()
    registered = (Registered(Issue.HYPERVISOR_LINKS, "database_inconsistencies", CHECK),)
    board = JudgmentBoard(clock, registered, watch=lambda: ((target, memory),), cloud=Cloud)
    now = clock.boot()
    answered = {one: Answer((), now, now, now + ROUND) for one in CHECK.uses[DatabaseTarget]}
    lost = Failure(Reason.PERMISSION, "db:3306: SELECT command denied")
    memory.note({**answered, VLAN_LEAKED: lost}, now)
    Judging(registered, board.put).target(target, memory, Cloud(expires=1e9))
    (row,) = board.snapshot().blind
    assert (row.subject, row.what, row.reason) == ("cloud", ("database_vlan_leaked",), "permission")
    tile = next(one for one in board.snapshot().tiles if one.issue is Issue.HYPERVISOR_LINKS)
    assert tile.state == "unknown"
