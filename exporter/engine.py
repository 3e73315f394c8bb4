"""Joins the rooms: a new Cloud or a finished visit becomes judgments, a page and a board."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from exporter.board import FINDING_ACCEPTED, ISSUE_OBJECTS, JudgmentBoard
from exporter.clock import Clock, Slices
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import Group, Membership, groups
from exporter.cloud.groups import key as group_key
from exporter.cloud.targeting import targets
from exporter.cloud.targets import DatabaseTarget, Target, key
from exporter.inventory.keeper import Inventory
from exporter.judging import Judging, Judgment, Key
from exporter.memory import TargetMemory
from exporter.model import Failure, Outcome, Question, Reason
from exporter.page import Page
from exporter.schedule import Entry, Schedule
from exporter.telemetry import Telemetry, about_target

log = logging.getLogger("exporter.engine")

PER_MEMBER = 0.03
"""Seconds of pause for each member of a group, so that a zone of a thousand hosts is judged twice a minute."""
EARLY = 5.0
"""Seconds before its expiry at which an answer is dropped and the rest judged again, so that no gap shows."""
LAGS = 60
"""Seconds of which the longest delay of the loop is told: as long as the longest usual scrape interval."""
ROLL_UP_PAUSE = 20.0
"""The roll-ups of a large cloud wait for so many times what they took, so that they cost a twentieth of the time."""


@dataclass(slots=True)
class Engine:
    """The heart of the daemon; everything in it runs in one event loop.

    Attributes:
        group_pause: seconds between two judgments of a group whose members change.
    """

    clock: Clock
    inventory: Inventory
    schedule: Schedule
    judging: Judging
    board: JudgmentBoard
    page: Page
    telemetry: Telemetry
    group_pause: float = 5.0
    groups: dict[Key, Group] = field(default_factory=dict)
    membership: Membership = field(default_factory=lambda: Membership(()))
    wants_second_look: set[Key] = field(default_factory=set)
    _members: dict[Key, list[Key]] = field(default_factory=dict)
    _dirty: dict[Key, float] = field(default_factory=dict)
    _zones: set[str] = field(default_factory=set)
    _is_changed: bool = False
    _has_trouble: bool = False
    _rests_until: float = 0.0

    def __post_init__(self) -> None:
        self.schedule.on_visited = self.visited
        self.schedule.on_defect = self.judging.on_defect = self.telemetry.internal_errors.inc
        self.judging.sink = self.publish

    async def refresh(self) -> bool:
        """Read the inventory once and adopt it; return whether that succeeded."""
        is_new = await self._read()
        self._tell_inventory()
        self.telemetry.api_rows(self.inventory.api.skipped, self.inventory.api.missing)
        self._is_changed = True
        if is_new and self.inventory.cloud is not None:
            self.telemetry.inventory_success.set(self.inventory.cloud.at)
        return is_new

    def _tell_inventory(self) -> None:
        """Tell whether the inventory is to be relied on; log when that changes."""
        trouble, had_trouble = self.inventory.trouble(), self._has_trouble
        self._has_trouble = trouble is not None
        self.telemetry.inventory_up.set(int(self.inventory.cloud is not None and not self._has_trouble))
        if trouble is not None and not had_trouble:
            log.warning("CloudStack cannot be read: %s %s", trouble[0].reason, trouble[0].detail)
        elif trouble is None and had_trouble:
            log.info("CloudStack is read again")

    async def _read(self) -> bool:
        """Read and adopt once; a defect met on the way keeps the former inventory, as a failure does."""
        try:
            is_new = await self.inventory.refresh_once()
            if is_new and self.inventory.cloud is not None:
                await self.adopt(self.inventory.cloud)
        except Exception:
            log.exception("the inventory could not be made")
            self.telemetry.internal_errors.inc()
            detail = "a defect of the exporter; its log has the details"
            self.inventory.failure = Failure(Reason.INTERNAL, detail)
            self.inventory.failed_since = self.inventory.failed_since or self.clock.unix()
            return False
        return is_new

    async def adopt(self, cloud: Cloud) -> None:
        """Take over a new Cloud: targets come and go, groups are judged, what is gone loses its series."""
        gone = self.schedule.adopt(targets(cloud))
        found = {group_key(group): group for group in groups(cloud)}
        gone |= self.groups.keys() - found.keys()
        self.groups, self.membership = found, Membership(found.values())
        self._members = defaultdict(list)
        for member, entry in self.schedule.entries.items():
            for group in self.membership.of(entry.target):
                self._members[group_key(group)].append(member)
        self._forget(gone)
        self.judging.forget_absent({name: self._members.get(name, ()) for name in found})
        self.telemetry.inventory(cloud)
        self.judging.cloud(cloud)
        slices = Slices()  # a big cloud does not stop the loop
        for group_name in list(found):
            await self._judge_gently(group_name, slices)
        for entry in list(self.schedule.entries.values()):
            if entry.memory.values:
                self.judging.target(entry.target, entry.memory, cloud, cloud_alone_is_new=True)
                await slices.rest()

    def _forget(self, gone: set[Key]) -> None:
        self.judging.forget(gone)
        self.board.forget(gone)
        for name in gone:
            self.page.forget(name)
            self._dirty.pop(name, None)
            self.wants_second_look.discard(name)

    def visited(self, entry: Entry, outcomes: Mapping[Question[Any], Outcome]) -> None:
        """Judge a target after a visit; its groups follow when their pause is over.

        A target that went while it was visited leaves nothing behind, also when another one has come under its name.
        """
        target = entry.target
        self.telemetry.visits.labels(target.kind).inc()
        for outcome in outcomes.values():
            if isinstance(outcome, Failure):
                self.telemetry.failed(outcome.reason)
        if self.schedule.entries.get(key(target)) is not entry:
            return
        told = about_target(target, is_up=bool(entry.is_up), success=entry.last_success, seconds=entry.duration)
        for sample in told:
            self.page.put(key(target), target.home, sample.metric, (sample,), None)
        if isinstance(target, DatabaseTarget):
            self.telemetry.database_unanswered.labels(target.name).set(len(entry.memory.failures))
        self._judge_target(target, entry.memory)

    def _judge_target(self, target: Target, memory: TargetMemory, *, is_urgent: bool = False) -> None:
        cloud = self.inventory.cloud
        name = key(target)
        if cloud is None or name not in self.schedule.entries:
            return
        memory.drop_expired(self.clock.boot())
        self._look_again(name, wants=self.judging.target(target, memory, cloud))
        for group in self.membership.of(target):
            if type(group) in self.judging.follows:
                self._mark(group_key(group), is_urgent=is_urgent)
        self._is_changed = True

    def _mark(self, group: Key, *, is_urgent: bool) -> None:
        """Note that a group is to be judged: at once, or after a pause that grows with the number of its members."""
        pause = self.group_pause + PER_MEMBER * len(self._members.get(group, ()))
        due = 0.0 if is_urgent else self.clock.boot() + pause
        self._dirty[group] = min(self._dirty.get(group, due), due)

    def _judge_group(self, name: Key, *, members_alone_are_new: bool = False) -> None:
        for _ in self._judgments(name, members_alone_are_new=members_alone_are_new):
            pass

    async def _judge_gently(self, name: Key, slices: Slices, *, members_alone_are_new: bool = False) -> None:
        """Judge a group and let others go on between its judgments: those of a large zone are many."""
        for _ in self._judgments(name, members_alone_are_new=members_alone_are_new):
            await slices.rest()

    def _judgments(self, name: Key, *, members_alone_are_new: bool) -> Iterator[None]:
        """Judge a group, one judgment per step. A new Cloud ends it: with that all groups are judged anew."""
        cloud, group = self.inventory.cloud, self.groups.get(name)
        self._dirty.pop(name, None)
        if cloud is None or group is None:
            return
        followed = self._members.get(name, ()) if type(group) in self.judging.follows else ()
        members = {entry.target: entry.memory for entry in map(self.schedule.entries.__getitem__, followed)}
        for memory in members.values():  # a late member must not make the verdict on the others stale
            memory.drop_expired(self.clock.boot())
        wants = False
        for wish in self.judging.group_steps(group, members, cloud, members_alone_are_new=members_alone_are_new):
            wants |= wish
            self._is_changed = True
            yield
            if self.groups.get(name) is not group:
                return
        self._look_again(name, wants=wants)

    def _look_again(self, name: Key, *, wants: bool) -> None:
        if wants:
            self.wants_second_look.add(name)
        else:
            self.wants_second_look.discard(name)

    def publish(self, judgment: Judgment) -> None:
        """Put a judgment on the page and on the board; the sink of ``judging``."""
        by_metric = defaultdict(list)
        for sample in judgment.samples:
            by_metric[sample.metric].append(sample)
        owner = judgment.owner
        for metric in judgment.registered.check.metrics:
            self.page.put(owner.key, owner.home, metric, by_metric[metric], judgment.expires)
        self.board.put(judgment)  # after the page, which refuses what is no sample

    def tick(self, *, at_once: bool = True) -> None:
        """Judge again what rests on answers that expire, drop what is past its time, and roll up.

        ``at_once`` also judges the groups whose pause is over, and rolls up however long that took the last time.
        """
        self._drop_expired()
        for name in self._due() if at_once else ():
            self._judge_group(name, members_alone_are_new=True)
        self.page.expire()
        self._tell_inventory()
        if at_once or time.monotonic() >= self._rests_until:
            began = time.monotonic()
            self._roll_up()
            self._rests_until = time.monotonic() + ROLL_UP_PAUSE * (time.monotonic() - began)

    def _drop_expired(self) -> None:
        """Judge again what rests on answers that expire."""
        early = self.clock.boot() + EARLY
        for entry in list(self.schedule.entries.values()):
            if entry.memory.failures and entry.memory.drop_expired(early):
                self._judge_target(entry.target, entry.memory, is_urgent=True)

    def _due(self) -> list[Key]:
        """Return the groups whose pause is over, the most urgent first."""
        now = self.clock.boot()
        return sorted((name for name, due in self._dirty.items() if due <= now), key=self._dirty.__getitem__)

    def members(self, group: Key) -> tuple[Key, ...]:
        """Return the targets of a group."""
        return tuple(self._members.get(group, ()))

    def settle(self) -> None:
        """Judge all groups that wait, at once; for ``check``."""
        for name in list(self._dirty):
            self._judge_group(name, members_alone_are_new=True)

    def _roll_up(self) -> None:
        if not self._is_changed:
            return
        self._is_changed = False
        by_zone = self.board.samples(tuple(self.schedule.watch()))
        for zone in self._zones | by_zone.keys():
            for metric in (ISSUE_OBJECTS, FINDING_ACCEPTED):
                samples = [sample for sample in by_zone.get(zone, ()) if sample.metric is metric]
                self.page.put(("roll-up", zone), zone, metric, samples, None)
        self._zones = set(by_zone)
        if self.schedule.is_settled:
            self.telemetry.accept_unmatched.set(len(self.board.unmatched()))

    async def run(self, interval: float) -> None:
        """Refresh the inventory, visit and tick, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._inventory_loop(interval))
            group.create_task(self.schedule.run())
            group.create_task(self._group_loop())
            group.create_task(self._tick_loop())

    async def _inventory_loop(self, interval: float) -> None:
        while True:
            started = self.clock.boot()
            succeeded = await self.refresh()
            pause = interval if succeeded else min(interval, 30.0)
            await asyncio.sleep(max(started + pause - self.clock.boot(), 1.0))

    async def _group_loop(self) -> None:
        """Judge the groups whose pause is over, each second, and let others go on between their judgments."""
        while True:
            await asyncio.sleep(1.0)
            for name in self._due():
                await self._judge_gently(name, Slices(), members_alone_are_new=True)

    async def _tick_loop(self) -> None:
        """Tick each second, and measure how late this loop is."""
        longest, since = 0.0, time.monotonic()
        lags: deque[float] = deque(maxlen=LAGS)
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.1)
            longest = max(longest, time.monotonic() - before - 0.1)
            if time.monotonic() - since >= 1.0:
                self.tick(at_once=False)
                lags.append(round(longest, 4))
                self.telemetry.loop_lag.set(max(lags))
                longest, since = 0.0, time.monotonic()
