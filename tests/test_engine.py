"""The engine: what a defect while the inventory is read costs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace

import pytest

from exporter import engine as engine_room
from exporter.app import build
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import DatabaseTarget, key
from exporter.config import load
from exporter.engine import EARLY, PER_MEMBER
from exporter.findings import Verdict
from exporter.lab.lab import Lab
from exporter.model import Failure, Outcome, Reason, Unjudged
from exporter.schedule import Entry
from exporter.sources.guard import Guard
from tests.watching import MovableClock
from tests.worlds import CHECKS, IS_UP, answer


async def test_a_defect_while_the_inventory_is_made_keeps_the_former_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The daemon goes on with what it knew, counts the defect and says that CloudStack is not read."""

    def broken(cloud: Cloud) -> Iterator[object]:
        raise ValueError(cloud.generation)

    async with Lab() as lab, build(load(lab.config_file, os.environ), MovableClock(), ()) as app:
        assert await app.engine.refresh()
        targets = set(app.engine.schedule.entries)
        monkeypatch.setattr(engine_room, "targets", broken)
        assert not await app.engine.refresh()
        assert set(app.engine.schedule.entries) == targets
        assert app.engine.inventory.failure is not None
        assert app.engine.inventory.failure.reason is Reason.INTERNAL
        assert b"internal_errors_total 1.0" in b"".join(app.engine.page.text())
        monkeypatch.undo()
        assert await app.engine.refresh()
        assert app.engine.inventory.failure is None


async def test_a_group_waits_longer_the_more_members_it_has_but_not_when_an_answer_ends() -> None:
    """A zone of a thousand machines is not judged at each visit; what expires leaves no gap."""
    clock = MovableClock()
    async with Lab() as lab, build(load(lab.config_file, os.environ), clock, CHECKS) as app:
        assert await app.engine.refresh()
        engine = app.engine
        entry = next(one for one in engine.schedule.entries.values() if one.target.kind == "router")
        members = len(engine.members(("zone", f"{entry.target.zone}/{entry.target.zone}")))

        def told() -> bool:
            return f'zone_down{{zone="{entry.target.zone}"}} 1'.encode() in b"".join(engine.page.text())

        now = clock.boot()
        entry.memory.note({IS_UP: answer("no", now, now + 300)}, now)
        engine.visited(entry, {})
        clock.moved += engine.group_pause
        engine.tick()
        assert not told()
        clock.moved += PER_MEMBER * members + 0.1
        engine.tick()
        assert told()
        entry.memory.failures[IS_UP] = Failure(Reason.TIMEOUT)
        clock.moved += now + 300 - EARLY - clock.boot() + 0.1
        engine.tick()
        assert not told()


async def test_a_late_member_does_not_make_the_verdict_on_the_others_stale() -> None:
    """Its answer is past its time and no visit has failed: many others hang, or the exporter was suspended."""
    clock = MovableClock()
    async with Lab() as lab, build(load(lab.config_file, os.environ), clock, CHECKS) as app:
        assert await app.engine.refresh()
        engine, now = app.engine, clock.boot()
        routers = [one for one in engine.schedule.entries.values() if one.target.kind == "router"]
        late, other = [one for one in routers if one.target.zone == routers[0].target.zone][:2]
        late.memory.note({IS_UP: answer("no", now, now + 30)}, now)
        other.memory.note({IS_UP: answer("no", now, now + 3000)}, now)
        clock.moved += 60
        engine.visited(other, {})
        engine.settle()
        engine.page.expire()
        assert f'zone_down{{zone="{other.target.zone}"}} 1'.encode() in b"".join(engine.page.text())


async def test_a_new_cloud_ends_a_judgment_of_a_group_that_others_interrupt() -> None:
    """What is judged step by step is never said after what was judged with a newer Cloud."""
    async with Lab() as lab, build(load(lab.config_file, os.environ), MovableClock(), (*CHECKS, *CHECKS)) as app:
        assert await app.engine.refresh()
        engine, name = app.engine, next(name for name in app.engine.groups if name[0] == "zone")
        assert len(list(engine._judgments(name, members_alone_are_new=False))) > 1
        steps = engine._judgments(name, members_alone_are_new=False)
        next(steps)
        assert await engine.refresh()
        assert list(steps) == []


async def test_what_the_database_does_not_answer_is_counted() -> None:
    """All of it, or single statements, for as long as it is so: nothing else tells, since its versions are answered."""
    clock = MovableClock()
    target = DatabaseTarget()
    async with Lab() as lab, build(load(lab.config_file, os.environ), clock, CHECKS) as app:
        engine = app.engine
        entry = Entry(target, (), Guard("database cloud", 60.0))
        engine.schedule.entries[key(target)] = entry

        def told(**outcomes: Outcome) -> str:
            questions = {replace(IS_UP, name=name): outcome for name, outcome in outcomes.items()}
            entry.memory.failures.clear()
            entry.memory.note(questions, clock.boot())
            engine.visited(entry, questions)
            name = b'exporter_database_unanswered{database="cloud"} '
            return b"".join(engine.page.text()).partition(name)[2].split(b"\n")[0].decode()

        behind, good = Failure(Reason.BEHIND), answer("yes", 0.0, 1e9)
        assert told(versions=good, first=behind, second=behind) == "2.0"
        assert told(versions=good, first=Failure(Reason.TIMEOUT), second=good) == "1.0"
        assert told(versions=good, first=good, second=good) == "0.0"


async def test_a_check_that_cannot_say_what_it_leaves_out_costs_only_that() -> None:
    """It is asked once per inventory; what it raises is a defect, shown as unknown until an inventory without it."""
    asked: list[float] = []

    def unjudged(cloud: Cloud) -> Iterator[Unjudged]:
        asked.append(cloud.generation)
        if cloud.generation == 1:
            raise KeyError(cloud.generation)
        yield Unjudged(zone="z", kind="host", name="h", detail="nobody tells")

    check = replace(CHECKS[1], check=replace(CHECKS[1].check, unjudged=unjudged))
    async with Lab() as lab, build(load(lab.config_file, os.environ), MovableClock(), (check,)) as app:
        engine, shown = app.engine, []
        for _ in range(2):
            assert await engine.refresh()
            engine.tick()
            rows = [row for row in engine.board.snapshot().blind if row.reason != "not_configured"]
            verdicts = engine.board.verdicts(engine.schedule.watch())[check.issue].items()
            unknown = {subject for subject, verdict in verdicts if verdict is Verdict.UNKNOWN}
            is_counted = b'{issue="user_metadata",zone="",verdict="unknown"} 1' in b"".join(engine.page.text())
            shown.append((rows[-1].subject, rows[-1].reason, ("z", "host", "h") in unknown, is_counted))
        assert shown == [("CloudStack", "internal", False, True), ("h", "unsupported", True, False)]
        assert asked == [1, 2]
        assert b"internal_errors_total 1.0" in b"".join(engine.page.text())


async def test_an_inventory_past_its_time_is_not_up_although_its_reading_succeeded(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Its verdicts end meanwhile, so what tells that it cannot be relied on must not say that all is well."""
    clock = MovableClock()
    async with Lab() as lab, build(load(lab.config_file, os.environ), clock, ()) as app:
        engine = app.engine

        def told() -> tuple[str, int, int]:
            engine.tick()
            up = b"".join(engine.page.text()).partition(b"\ncloudstack_network_exporter_inventory_up ")[2]
            shown = engine.board.snapshot()
            return up.split(b"\n")[0].decode(), len(shown.notices), sum(row.reason == "timeout" for row in shown.blind)

        assert told() == ("0.0", 0, 0)  # nothing was read yet
        assert await engine.refresh()
        assert told() == ("1.0", 0, 0)
        assert engine.inventory.cloud is not None
        clock.moved += engine.inventory.cloud.expires - clock.boot()
        assert [told(), told()] == [("0.0", 1, 1)] * 2
        assert "(timeout: the inventory is past its 50 s" in engine.board.snapshot().notices[0]
        assert [record.getMessage() for record in caplog.records if "cannot be read" in record.getMessage()] == [
            "CloudStack cannot be read: timeout the inventory is past its 50 s, and the next is not complete"
        ]
        assert await engine.refresh()
        assert told() == ("1.0", 0, 0)
