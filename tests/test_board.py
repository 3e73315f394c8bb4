"""The board: findings, tiles, accepted findings, and what could not be checked."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from exporter.board import FINDING_ACCEPTED, ISSUE_OBJECTS, JudgmentBoard
from exporter.config import Accept
from exporter.findings import Verdict
from exporter.judging import Judging
from exporter.memory import TargetMemory
from exporter.model import Failure, Issue, Reason
from exporter.model.metrics import LABEL_LENGTH
from exporter.page import Page
from exporter.page.rendering import printable
from tests.clocks import HandClock
from tests.worlds import CHECKS, IS_UP, PENDING, UP, WAITING, answer, cloud, router

R1, R2 = router("r-1-VM"), router("r-2-VM")
NOT_SET = Failure(Reason.NOT_CONFIGURED)


class Desk:
    """A board with a judge before it and a clock beside it."""

    def __init__(self, *accept: Accept) -> None:
        self.clock = HandClock(now=1000.0, offset=0.0)
        self.memories = {R1: TargetMemory(), R2: TargetMemory()}
        self.cloud = cloud("r-1-VM", "r-2-VM")
        self.board = JudgmentBoard(
            self.clock, CHECKS, accept, watch=lambda: tuple(self.memories.items()), cloud=lambda: self.cloud
        )
        self.judging = Judging(CHECKS, self.board.put)
        self.board.defects = self.judging.defects.values

    def visit(self, target: object, up: str, waiting: str = "", lifetime: float = 300) -> None:
        now = self.clock.boot()
        memory = self.memories[target]  # type: ignore[index]
        rows = {IS_UP: answer(up, now, now + lifetime), WAITING: answer(waiting, now, now + lifetime)}
        memory.note(rows, now)
        self.judging.target(target, memory, self.cloud)  # type: ignore[arg-type]

    def tile(self) -> tuple[str, dict[str, int]]:
        tile = self.board.snapshot().tiles[9]
        return tile.state, {verdict.value: number for verdict, number in tile.objects.items() if number}


def accepted(until: date, *matchers: str, metric: str = UP.name) -> Accept:
    return Accept(metric=metric, matchers=matchers, reason="known", until=until)


def test_a_problem_is_a_finding_with_words_age_and_remedies() -> None:
    """Everything an operator asks at night stands in the finding."""
    desk = Desk()
    desk.visit(R1, "yes")
    desk.clock.turn(60)
    desk.visit(R1, "no")
    desk.clock.turn(60)
    desk.visit(R1, "no")
    (finding,) = desk.board.snapshot().findings
    assert (finding.issue, finding.subject_kind, finding.subject) == (Issue.USER_METADATA, "router", "r-1-VM")
    assert (finding.seen, finding.expected, finding.value) == ("no", "yes", 0)
    assert (finding.since, finding.at_least, finding.at) == (1060.0, False, 1120.0)
    assert finding.remedies == ("restart it", "recreate it")


def test_the_board_says_whether_it_is_about_an_object() -> None:
    """About a name, or about any; a visit that brought nothing makes it about none."""
    desk = Desk()
    assert not desk.board.is_about(None)
    desk.visit(R1, "yes")
    assert [desk.board.is_about(name) for name in (None, "r-1-VM", "r-2-VM")] == [True, True, False]


def test_a_check_that_raises_makes_its_object_unknown_and_says_so() -> None:
    """A defect of ours is never a healthy object: law 1; what works again is forgotten."""
    desk = Desk()
    desk.visit(R1, "yes")
    desk.visit(R2, "defect")
    assert desk.tile() == ("unknown", {"healthy": 1, "unknown": 1})
    (row,) = desk.board.snapshot().blind
    assert (row.subject, row.what, row.reason) == ("r-2-VM", ("Router up",), "internal")
    desk.visit(R2, "yes")
    assert desk.tile() == ("healthy", {"healthy": 2})
    desk.visit(R2, "defect")
    desk.judging.forget([("router", "zone1/r-2-VM")])
    assert not [row for row in desk.board.snapshot().blind if row.subject == "r-2-VM"]


def test_a_problem_seen_at_the_first_look_is_at_least_that_old() -> None:
    """After a restart nobody knows how long it has been so."""
    desk = Desk()
    desk.visit(R1, "no")
    (finding,) = desk.board.snapshot().findings
    assert finding.at_least


def test_a_problem_that_ended_and_came_back_counts_anew() -> None:
    """Since when is the newest beginning."""
    desk = Desk()
    for word in ("no", "yes", "no"):
        desk.visit(R1, word)
        desk.clock.turn(60)
    assert [finding.since for finding in desk.board.snapshot().findings] == [1120.0]


def test_a_tile_is_unknown_until_every_object_was_seen() -> None:
    """Law 1 on the wall: half a look is not healthy."""
    desk = Desk()
    desk.visit(R1, "yes")
    assert desk.tile() == ("unknown", {"healthy": 1, "unknown": 1})
    desk.visit(R2, "yes")
    assert desk.tile() == ("healthy", {"healthy": 2})


def test_a_verdict_past_its_time_counts_as_unknown_and_shows_nothing() -> None:
    """Law 2: exactly at its expiry the finding goes, and the object is unknown, not healthy."""
    desk = Desk()
    desk.visit(R1, "no")
    desk.visit(R2, "yes")
    desk.clock.turn(299.9)
    assert len(desk.board.snapshot().findings) == 1
    desk.clock.turn(0.1)
    for memory in desk.memories.values():
        memory.drop_expired(desk.clock.boot())
    assert desk.board.snapshot().findings == ()
    assert desk.tile() == ("unknown", {"unknown": 2})


def test_what_is_not_configured_is_grey_and_no_failure() -> None:
    """A source that is not set up says which setting would light it."""
    desk = Desk()
    for memory in desk.memories.values():
        memory.note({IS_UP: NOT_SET, WAITING: NOT_SET}, 1.0)
    snapshot = desk.board.snapshot()
    assert snapshot.tiles[9].state == "not_configured"
    assert {(row.reason, row.setting) for row in snapshot.blind} == {("not_configured", "ssh")}


def test_issues_without_checks_say_so() -> None:
    """A tile without checks is neither healthy nor unknown."""
    assert Desk().board.snapshot().tiles[0].state == "no_checks"


def test_a_failed_question_is_listed_with_its_reason() -> None:
    """What could not be checked, why, and since when."""
    desk = Desk()
    desk.memories[R1].note(
        {IS_UP: Failure(Reason.AUTH, "key rejected"), WAITING: Failure(Reason.AUTH, "key rejected")}, 9.0
    )
    (row,) = desk.board.snapshot().blind
    assert (row.subject, row.what, row.reason, row.detail, row.since) == (
        "r-1-VM",
        ("is_up", "waiting"),
        "auth",
        "key rejected",
        9.0,
    )


def test_a_command_that_the_cloud_lacks_makes_its_issue_unknown_in_every_zone() -> None:
    """A missing API permission is shown, and never a green tile."""
    desk = Desk()
    desk.visit(R1, "yes")
    desk.visit(R2, "yes")
    desk.cloud = cloud("r-1-VM", "r-2-VM", lacks={"listRouters": Failure(Reason.PERMISSION)})
    assert desk.tile()[0] == "unknown"
    assert [(row.subject, row.reason) for row in desk.board.snapshot().blind] == [("listRouters", "permission")]


@pytest.mark.parametrize(
    ("matchers", "covers"),
    [
        ((), True),
        (('router="r-1-VM"',), True),
        (('router=~"r-[12]-VM"', 'zone="zone1"'), True),
        (('router=~"r-1"',), False),
        (('router!="r-1-VM"',), False),
        (('nolabel="x"',), False),
    ],
)
def test_accept_matches_labels_as_alertmanager_does(matchers: tuple[str, ...], *, covers: bool) -> None:
    """Every matcher must hold, and a regular expression covers the whole value."""
    desk = Desk(accepted(date(2100, 1, 1), *matchers))
    desk.visit(R1, "no")
    desk.visit(R2, "yes")
    (finding,) = desk.board.snapshot().findings
    assert bool(finding.accepted) is covers
    assert desk.tile()[0] == ("healthy" if covers else "problem")
    assert len(desk.board.unmatched()) == (0 if covers else 1)


def test_an_accepted_finding_comes_back_when_its_date_has_passed() -> None:
    """The last day counts; the day after it is a problem again and the entry is reported."""
    today = datetime.fromtimestamp(1000, UTC).date()
    desk = Desk(accepted(today))
    desk.visit(R1, "no", lifetime=1e6)
    assert desk.board.snapshot().findings[0].accepted == "known"
    desk.clock.turn(timedelta(days=1).total_seconds())
    assert desk.board.snapshot().findings[0].accepted == ""
    assert len(desk.board.unmatched()) == 1


def test_accepted_findings_with_long_labels_match_what_alerts_join() -> None:
    """Alerts join the labels that the page shows, and do not cut what they have joined."""
    page = Page(HandClock(now=1000.0, offset=0.0), (FINDING_ACCEPTED,), series_limit=10)
    desk = Desk(accepted(date(2100, 1, 1)))
    routers = [router(f"r-{'x' * 180}-{number}-{'y' * 50}") for number in (1, 2)]
    desk.cloud = cloud(*(one.name for one in routers))
    for one in routers:
        desk.memories[one] = TargetMemory()
        desk.visit(one, "no")
    found = [
        sample for samples in desk.board.samples(()).values() for sample in samples if sample.metric is FINDING_ACCEPTED
    ]
    page.put(("roll-up", "z"), "z", FINDING_ACCEPTED, found, None)
    text = b"".join(page.text()).decode()
    joined = {f"{one.zone}/{printable(one.name)}" for one in routers}
    assert {line.partition('finding="')[2].partition('"')[0] for line in text.splitlines()} >= joined
    assert min(map(len, joined)) > LABEL_LENGTH


def test_one_object_with_several_samples_counts_once_with_the_worst() -> None:
    """A router that is up but has two addresses waiting is one problem."""
    desk = Desk()
    desk.visit(R1, "yes", waiting="10.1.1.5 10.1.1.6")
    desk.visit(R2, "yes")
    assert desk.tile() == ("problem", {"problem": 1, "healthy": 1})
    assert {finding.metric for finding in desk.board.snapshot().findings} == {PENDING.name}


def test_the_roll_up_says_zero_for_every_verdict_of_every_issue_with_checks() -> None:
    """Absence means the zone is not seen, so each verdict has its number."""
    desk = Desk(accepted(date(2100, 1, 1)))
    desk.visit(R1, "no")
    samples = desk.board.samples(tuple(desk.memories.items()))["zone1"]
    rows = {sample.labels: sample.value for sample in samples if sample.metric is ISSUE_OBJECTS}
    expected = {Verdict.ACCEPTED: 1, Verdict.UNKNOWN: 1, Verdict.HEALTHY: 0, Verdict.PROBLEM: 0}
    assert rows == {("user_metadata", "zone1", v.value): expected.get(v, 0) for v in Verdict}
    (finding,) = [sample.labels for sample in samples if sample.metric is not ISSUE_OBJECTS]
    assert finding == (UP.name, "zone1", "r-1-VM", "zone1/r-1-VM")


def test_what_is_forgotten_leaves_the_board() -> None:
    """A deleted router leaves neither finding nor object."""
    desk = Desk()
    desk.visit(R1, "no")
    desk.board.forget([("router", "zone1/r-1-VM")])
    del desk.memories[R1]
    assert desk.board.snapshot().findings == ()
    assert desk.tile() == ("unknown", {"unknown": 1})
