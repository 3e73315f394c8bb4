"""One phase-shifted timer per target; a target is never visited twice at once."""

from __future__ import annotations

import asyncio
import heapq
import logging
import time
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakValueDictionary

from exporter.clock import Clock
from exporter.cloud.targets import Target, key
from exporter.memory import TargetMemory
from exporter.model import Answer, Failure, Outcome, Question, Reason, SourceError
from exporter.sources.guard import Guard

log = logging.getLogger("exporter.schedule")
NOTHING = object()
"""Stands where a visit brought nothing; None is an answer, such as that a host has no Open vSwitch."""

Key = tuple[str, str]
Questions = tuple[Question[Any], ...]
Visit = Callable[[Target, Sequence[Question[Any]], float], Awaitable[Mapping[Question[Any], Any]]]
"""``(target, due questions, seconds) -> value or Failure per question``; raises SourceError for the whole trip."""

SLOTS_PER_KIND = 64
"""Visits of one kind at the same time; one kind that hangs does not delay the others."""


@dataclass(slots=True)
class Entry:
    """One target under schedule; ``due`` is the boot-clock time of its next turn."""

    target: Target
    questions: Questions
    guard: Guard
    memory: TargetMemory = field(default_factory=TargetMemory)
    due: float = 0.0
    is_running: bool = False
    is_up: bool | None = None
    last_success: float = 0.0
    duration: float = 0.0


@dataclass(slots=True)
class Schedule:
    """Visits every target in its turn.

    Attributes:
        visits: per target type how it is visited; a type whose way is not configured is missing here.
        plan: per target type the questions.
        intervals: seconds between visits by target kind.
        deadline: seconds after which a visit is given up.
        per_machine: visits of one kind at the same time through one machine.
        on_visited: called after each visit with its entry and the failures by reason.
        on_defect: called when a visit raised what it should not.
    """

    clock: Clock
    visits: Mapping[type[Target], Visit]
    plan: Mapping[type[Target], Questions]
    intervals: Mapping[str, float]
    deadline: float
    on_visited: Callable[[Entry, Mapping[Question[Any], Outcome]], None] = lambda _entry, _outcomes: None
    on_defect: Callable[[], None] = lambda: None
    per_machine: int = 2
    entries: dict[Key, Entry] = field(default_factory=dict)
    _heap: list[tuple[float, Key]] = field(default_factory=list)
    _slots: dict[str, asyncio.Semaphore] = field(default_factory=dict)
    _machines: WeakValueDictionary[tuple[str, str], asyncio.Semaphore] = field(default_factory=WeakValueDictionary)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def adopt(self, targets: Iterable[Target]) -> set[Key]:
        """Take over the targets of a new Cloud; return the keys of those that are gone."""
        wanted = {key(target): target for target in targets if self.plan.get(type(target))}
        gone = self.entries.keys() - wanted.keys()
        for name in gone:
            del self.entries[name]
        for name, target in wanted.items():
            entry = self.entries.get(name)
            if entry is None:
                self._add(name, target)
                continue
            if entry.target.via != target.via:
                entry.guard.resume()
            entry.target = target
        self._changed.set()
        return gone

    def _add(self, name: Key, target: Target) -> None:
        interval = self.intervals[target.kind]
        entry = Entry(target, self.plan[type(target)], Guard(f"{target.kind} {target.name}", interval))
        self.entries[name] = entry
        if type(target) in self.visits:
            phase = zlib.crc32("/".join(name).encode()) / 2**32 * interval
            self._set_turn(name, entry, self.clock.boot() + phase)
        else:
            failure = Failure(Reason.NOT_CONFIGURED)
            entry.memory.note(dict.fromkeys(entry.questions, failure), self.clock.unix())

    def _set_turn(self, name: Key, entry: Entry, due: float) -> None:
        entry.due = due
        heapq.heappush(self._heap, (due, name))

    def watch(self) -> Iterator[tuple[Target, TargetMemory]]:
        """Yield every target with its memory."""
        for entry in self.entries.values():
            yield entry.target, entry.memory

    @property
    def is_settled(self) -> bool:
        """Return whether every target was visited at least once."""
        return all(entry.memory.visits for entry in self.entries.values())

    async def run(self) -> None:
        """Visit targets when their time has come, until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                self._changed.clear()
                for entry in self._take_due(self.clock.boot()):
                    entry.is_running = True
                    group.create_task(self._visit_and_release(entry))
                await self._sleep()

    async def _sleep(self) -> None:
        pause = min(max(self._heap[0][0] - self.clock.boot(), 0.0), 1.0) if self._heap else 1.0
        try:
            async with asyncio.timeout(pause + 0.01):
                await self._changed.wait()
        except TimeoutError:
            return

    def _take_due(self, now: float) -> Iterator[Entry]:
        """Yield the targets whose time has come, and put each back for its next turn."""
        while self._heap and self._heap[0][0] <= now:
            due, name = heapq.heappop(self._heap)
            entry = self.entries.get(name)
            if entry is None or entry.due != due:  # the turn of one that went, and may have come back under its name
                continue
            interval = self.intervals[entry.target.kind]
            missed = (now - due) // interval  # after a suspend the lost turns are not made up
            self._set_turn(name, entry, due + (missed + 1) * interval)
            if not entry.is_running and not entry.guard.is_paused(now):
                yield entry

    async def _visit_and_release(self, entry: Entry) -> None:
        try:
            await self.visit(entry)
        finally:
            entry.is_running = False

    async def visit(self, entry: Entry) -> None:
        """Visit one target now, remember what it brought, and tell ``on_visited``."""
        kind = entry.target.kind
        asked, at, started = self.clock.boot(), self.clock.unix(), time.monotonic()
        due = entry.memory.due(entry.questions)
        try:
            async with self._machine(entry.target), self._slots.setdefault(kind, asyncio.Semaphore(SLOTS_PER_KIND)):
                asked, at, started = self.clock.boot(), self.clock.unix(), time.monotonic()
                brought = await self._trip(entry, due)
        except SourceError as error:
            brought = dict.fromkeys(due, Failure(error.reason, error.detail))
        entry.duration = time.monotonic() - started
        outcomes = {
            question: self._stamp(question, brought.get(question, NOTHING), asked, at, kind) for question in due
        }
        self._note(entry, outcomes, at)
        self.on_visited(entry, outcomes)

    @asynccontextmanager
    async def _machine(self, target: Target) -> AsyncIterator[None]:
        """Hold a place of the machine through which a target is reached.

        It is taken before a slot of the kind: machines that hang hold a few of those, and not all.

        Raises:
            SourceError: there was none until the next visit is due.
        """
        if target.via is None:
            yield
            return
        places = self._machines.setdefault((target.kind, target.via.address), asyncio.Semaphore(self.per_machine))
        try:
            async with asyncio.timeout(self.intervals[target.kind]):
                await places.acquire()
        except TimeoutError:
            words = f"{target.via.name} was busy with other visits for {self.intervals[target.kind]:g} s"
            raise SourceError(Reason.TIMEOUT, words) from None
        try:
            yield
        finally:
            places.release()

    async def _trip(self, entry: Entry, due: Questions) -> Mapping[Question[Any], Any]:
        """Return what the visit brought; a trip that failed as a whole gives its reason for each question."""
        try:
            async with asyncio.timeout(self.deadline):
                return await self.visits[type(entry.target)](entry.target, due, self.deadline)
        except SourceError as error:
            failure = Failure(error.reason, error.detail)
        except TimeoutError:
            failure = Failure(Reason.TIMEOUT, f"no answer within {self.deadline:g} s")
        except Exception:
            log.exception("the visit of %s %s failed", entry.target.kind, entry.target.name)
            self.on_defect()
            failure = Failure(Reason.INTERNAL, "a defect of the exporter; its log has the details")
        return dict.fromkeys(due, failure)

    def _stamp(self, question: Question[Any], value: Any, asked: float, at: float, kind: str) -> Outcome:
        if value is NOTHING:
            return Failure(Reason.INTERNAL, "the visit brought neither an answer nor a reason")
        if isinstance(value, Failure):
            return value
        lifetime = 2 * question.every * self.intervals[kind] + self.deadline
        return Answer(value, asked, at, asked + lifetime)

    def _note(self, entry: Entry, outcomes: Mapping[Question[Any], Outcome], at: float) -> None:
        entry.memory.note(outcomes, at)
        failures = [outcome for outcome in outcomes.values() if isinstance(outcome, Failure)]
        entry.is_up = len(failures) < len(outcomes) or not outcomes
        if entry.is_up:
            entry.last_success = at
            entry.guard.succeeded()
        else:
            entry.guard.failed(failures[0], self.clock.boot())
