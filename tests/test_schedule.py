"""The schedule: phases, no overlap, deadlines, and isolation of what fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from exporter.clock import SystemClock
from exporter.cloud.targets import Machine, RouterTarget, Target
from exporter.model import Failure, Outcome, Question, Reason, SourceError
from exporter.schedule import Entry, Schedule, Visit
from tests.clocks import HandClock
from tests.worlds import IS_UP, WAITING, router

PLAN = {RouterTarget: (IS_UP, WAITING)}


class Log:
    """What a schedule under test did."""

    def __init__(self) -> None:
        self.outcomes: dict[str, list[Mapping[Question[Any], Outcome]]] = {}
        self.changed = asyncio.Event()
        self.defects = 0

    def visited(self, entry: Entry, outcomes: Mapping[Question[Any], Outcome]) -> None:
        self.outcomes.setdefault(entry.target.name, []).append(outcomes)
        self.changed.set()

    def defect(self) -> None:
        self.defects += 1

    async def until(self, **visits: int) -> None:
        """Wait until each target has had so many visits."""
        async with asyncio.timeout(10):
            while any(len(self.outcomes.get(name.replace("_", "-"), ())) < many for name, many in visits.items()):
                self.changed.clear()
                await self.changed.wait()

    def reasons(self, name: str) -> set[Reason | None]:
        """Return the reasons of a target's outcomes, None for an answer."""
        return {
            outcome.reason if isinstance(outcome, Failure) else None
            for outcomes in self.outcomes[name]
            for outcome in outcomes.values()
        }


@asynccontextmanager
async def running(
    visit: Visit, log: Log, *names: str, interval: float = 0.05, deadline: float = 0.5
) -> AsyncIterator[Schedule]:
    schedule = Schedule(
        SystemClock(), {RouterTarget: visit}, PLAN, {"router": interval}, deadline, log.visited, log.defect
    )
    schedule.adopt(router(name) for name in names)
    task = asyncio.create_task(schedule.run())
    try:
        yield schedule
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def answer_all(target: Target, due: Sequence[Question[Any]], seconds: float) -> Mapping[Question[Any], Any]:
    return dict.fromkeys(due, "yes")


async def test_every_target_is_visited_again_and_again() -> None:
    """Each target gets its turns, and answers carry the time they were asked."""
    log = Log()
    async with running(answer_all, log, "r-1", "r-2") as schedule:
        await log.until(r_1=3, r_2=3)
        assert schedule.is_settled
    answer = log.outcomes["r-1"][0][IS_UP]
    assert not isinstance(answer, Failure)
    assert answer.expires == pytest.approx(answer.asked + 2 * 0.05 + 0.5)


@pytest.mark.parametrize(
    ("error", "reason", "defects"),
    [
        (SourceError(Reason.HOST_KEY, "changed"), Reason.HOST_KEY, 0),
        (RuntimeError("a defect"), Reason.INTERNAL, 1),
        (TimeoutError(), Reason.TIMEOUT, 0),
    ],
)
async def test_a_visit_that_fails_changes_only_its_own_target(error: Exception, reason: Reason, defects: int) -> None:
    """Law 3: whatever one visit raises, the other target is visited as before."""
    log = Log()

    async def visit(target: Target, due: Sequence[Question[Any]], seconds: float) -> Mapping[Question[Any], Any]:
        if target.name == "r-1":
            raise error
        return await answer_all(target, due, seconds)

    async with running(visit, log, "r-1", "r-2") as schedule:
        await log.until(r_1=1, r_2=3)
        assert [entry.is_up for entry in schedule.entries.values()] == [False, True]
    assert log.reasons("r-1") == {reason}
    assert log.reasons("r-2") == {None}
    assert min(log.defects, 1) == defects


async def test_a_visit_that_hangs_is_given_up_and_never_doubled() -> None:
    """A hanging target costs its deadline, has one visit at a time, and delays nobody."""
    log, at_once, most = Log(), 0, 0

    async def visit(target: Target, due: Sequence[Question[Any]], seconds: float) -> Mapping[Question[Any], Any]:
        nonlocal at_once, most
        if target.name == "r-2":
            return await answer_all(target, due, seconds)
        at_once += 1
        most = max(most, at_once)
        try:
            await asyncio.Event().wait()
        finally:
            at_once -= 1
        return {}

    async with running(visit, log, "r-1", "r-2", deadline=0.2):
        await log.until(r_1=2, r_2=4)
    assert most == 1
    assert log.reasons("r-1") == {Reason.TIMEOUT}
    assert at_once == 0


async def test_machines_that_hang_leave_slots_to_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """A storage that is away stops many hosts at once: routers elsewhere are visited as before."""
    monkeypatch.setattr("exporter.schedule.SLOTS_PER_KIND", 5)
    log, hanging, most = Log(), 0, 0

    async def visit(target: Target, due: Sequence[Question[Any]], seconds: float) -> Mapping[Question[Any], Any]:
        nonlocal hanging, most
        if target.name.startswith("good"):
            return await answer_all(target, due, seconds)
        hanging += 1
        most = max(most, hanging)
        try:
            await asyncio.Event().wait()
        finally:
            hanging -= 1
        return {}

    async with running(visit, log, "good-1", deadline=2.0) as schedule:
        hung = [replace(router(f"r-{n}"), via=Machine(f"h{n % 2}", f"198.51.100.{n % 2}")) for n in range(20)]
        schedule.adopt([router("good-1"), *hung])
        await log.until(good_1=5, **{f"r_{n}": 1 for n in range(20)})
    assert most == 4
    assert {reason for n in range(20) for reason in log.reasons(f"r-{n}")} == {Reason.TIMEOUT}


async def test_a_question_that_the_visit_forgot_is_a_defect_not_an_answer() -> None:
    """Law 1: nothing is never a value."""
    log = Log()

    async def visit(target: Target, due: Sequence[Question[Any]], seconds: float) -> Mapping[Question[Any], Any]:
        return {IS_UP: "yes"}

    async with running(visit, log, "r-1"):
        await log.until(r_1=1)
    outcome = log.outcomes["r-1"][0][WAITING]
    assert isinstance(outcome, Failure)
    assert outcome.reason is Reason.INTERNAL


async def test_none_is_an_answer() -> None:
    """A host without Open vSwitch says so; that is no defect of the visit."""
    log = Log()

    async def visit(target: Target, due: Sequence[Question[Any]], seconds: float) -> Mapping[Question[Any], Any]:
        return dict.fromkeys(due)

    async with running(visit, log, "r-1"):
        await log.until(r_1=1)
    assert log.reasons("r-1") == {None}


async def test_a_target_that_is_gone_is_visited_no_more() -> None:
    """A router deleted in CloudStack loses its timer and is named as gone."""
    log = Log()
    async with running(answer_all, log, "r-1", "r-2") as schedule:
        await log.until(r_1=1, r_2=1)
        assert schedule.adopt([router("r-2")]) == {("router", "zone1/r-1")}
        before = len(log.outcomes["r-1"])
        await log.until(r_2=len(log.outcomes["r-2"]) + 3)
        assert len(log.outcomes["r-1"]) <= before + 1  # the visit that was under way


async def test_a_target_that_goes_and_comes_back_has_one_turn_per_interval() -> None:
    """A router that migrates is gone for one refresh, often before its next turn; its old timer is not kept beside."""
    clock = HandClock()
    schedule = Schedule(clock, {RouterTarget: answer_all}, PLAN, {"router": 300.0}, 60.0, Log().visited)
    for _ in range(3):
        schedule.adopt([router("r-1")])
        clock.turn(20)
        schedule.adopt([])
        clock.turn(20)
    schedule.adopt([router("r-1")])
    turns = 0
    for _ in range(120):
        clock.turn(30)
        turns += len(list(schedule._take_due(clock.boot())))
    assert turns == 12
    assert len(schedule._heap) == 1


async def test_a_target_with_a_new_way_is_not_left_alone_for_what_the_old_one_did() -> None:
    """A router that was started on another host after its host died is looked at in its next turn."""
    clock = HandClock()
    schedule = Schedule(clock, {RouterTarget: answer_all}, PLAN, {"router": 300.0}, 60.0, Log().visited)
    schedule.adopt([router("r-1")])
    (entry,) = schedule.entries.values()
    for _ in range(6):
        entry.guard.failed(Failure(Reason.UNREACHABLE), clock.boot())
    schedule.adopt([router("r-1")])
    assert entry.guard.is_paused(clock.boot())
    schedule.adopt([replace(router("r-1"), via=Machine("kvm2", "192.0.2.2"))])
    assert not entry.guard.is_paused(clock.boot())


async def test_a_kind_without_a_way_is_not_configured_and_not_visited() -> None:
    """No SSH section: the reason stands at once, no visit is tried, nothing counts as failed."""
    schedule = Schedule(SystemClock(), {}, PLAN, {"router": 0.05}, 1.0, Log().visited)
    schedule.adopt([router("r-1")])
    (entry,) = schedule.entries.values()
    assert {failure.reason for failure in entry.memory.failures.values()} == {Reason.NOT_CONFIGURED}
    assert entry.is_up is None
    assert list(schedule._take_due(1e12)) == []


async def test_phases_spread_the_targets_over_the_interval() -> None:
    """Two thousand routers do not start together."""
    clock = SystemClock()
    schedule = Schedule(clock, {RouterTarget: answer_all}, PLAN, {"router": 300.0}, 60.0, Log().visited)
    now = clock.boot()
    schedule.adopt(router(f"r-{number}") for number in range(2000))
    minutes = [0] * 5
    for due, _ in schedule._heap:
        minutes[min(int((due - now) // 60), 4)] += 1
    assert min(minutes) > 300


async def test_turns_lost_in_a_suspend_are_not_made_up() -> None:
    """After an hour asleep a target is visited once, not sixty times."""
    schedule = Schedule(SystemClock(), {RouterTarget: answer_all}, PLAN, {"router": 60.0}, 60.0, Log().visited)
    schedule.adopt([router("r-1")])
    now = schedule.clock.boot() + 3600
    assert len(list(schedule._take_due(now))) == 1
    assert list(schedule._take_due(now)) == []
    assert now < schedule._heap[0][0] <= now + 60
