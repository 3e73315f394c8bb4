"""What is remembered between visits: answers of a target, and since when facts have held."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any

from exporter.model import Answer, Answers, Failure, Held, Outcome, Question, Reason, Via

FACTS_PER_SCOPE = 5000
"""Facts remembered for one check and target; what comes after them is new at every look."""

PROCESSES = 32
"""What the questions of one visit may start on the machine; beside it SSH, sudo and the collector start eight."""

TRIED = frozenset(
    {Reason.TIMEOUT, Reason.TOO_LARGE, Reason.UNSUPPORTED, Reason.PERMISSION, Reason.FAILED, Reason.UNREADABLE}
)
"""Why a statement fails that the database has begun with; what fails for other reasons was not asked."""

LASTING = frozenset({Reason.PERMISSION, Reason.UNSUPPORTED})
"""Why a question fails that will fail a minute later too."""

Questions = Iterable[Question[Any]]


@dataclass(slots=True)
class TargetMemory:
    """The newest valid answer, the one before, and the newest failure of each question of one target.

    Attributes:
        visits: how many visits were made.
        failing_since: unix time of the first of the failures in a row, by question.
        is_on_demand: whether visits are made when somebody asks for them, and not in their turn.
    """

    values: dict[Question[Any], Answer[Any]] = field(default_factory=dict)
    previous: dict[Question[Any], Answer[Any]] = field(default_factory=dict)
    failures: dict[Question[Any], Failure] = field(default_factory=dict)
    failing_since: dict[Question[Any], float] = field(default_factory=dict)
    visits: int = 0
    is_on_demand: bool = False
    _last_visit: dict[Question[Any], int] = field(default_factory=dict)
    _too_large: set[Question[Any]] = field(default_factory=set)
    _asks_all: bool = False

    def due(self, questions: Questions) -> tuple[Question[Any], ...]:
        """Return the questions to ask on the next visit: what is asked each time, then what was asked longest ago.

        What would start more processes than are left stays due. Each visit has room for whatever was asked longest ago,
        so of n questions none waits for more than n - 1 visits. Who asks for all gets all: there is no other visit.

        Those whose answer was too large come last until they have brought another one: they end the visit for
        all that come after them.
        """
        due = [question for question in questions if self._asked(question) + self._pause(question) <= self.visits]
        chosen, left = [], inf if self._asks_all else PROCESSES
        for question in sorted(due, key=lambda question: (question.every > 1, self._asked(question))):
            if question.processes <= left:
                chosen.append(question)
                left -= question.processes
        return tuple(sorted(chosen, key=self._too_large.__contains__))

    def _asked(self, question: Question[Any]) -> float:
        """Return the number of the visit at which a question was asked last."""
        return self._last_visit.get(question, -inf)

    def _pause(self, question: Question[Any]) -> int:
        """Return how many visits after it was asked a question is due again: its cadence, or one when it has failed.

        What fails for a lasting reason keeps its cadence, and so does what was tried in vain by the database, by who
        dials others, or may hang: each minute it would be load exactly while something is sick. Elsewhere a question
        costs little, and is best asked as soon as the machine is back.
        """
        failure = self.failures.get(question)
        is_load = question.waits or question.via is Via.DATABASE
        if failure is None or failure.reason in LASTING or (is_load and failure.reason in TRIED):
            return question.every
        return 1

    def ask_all(self) -> None:
        """Make every question due on the next visit, which is made because somebody waits for it."""
        self._last_visit.clear()
        self._asks_all = self.is_on_demand = True

    def note(self, outcomes: Mapping[Question[Any], Outcome], at: float) -> None:
        """Remember what one visit brought. A failure leaves the last answer standing until it expires."""
        for question, outcome in outcomes.items():
            self._last_visit[question] = self.visits
            if isinstance(outcome, Failure):
                self.failures[question] = outcome
                if outcome.reason is Reason.TOO_LARGE:
                    self._too_large.add(question)
                self.failing_since.setdefault(question, at)
                continue
            if question in self.values:
                self.previous[question] = self.values[question]
            self.values[question] = outcome
            self.failures.pop(question, None)
            self._too_large.discard(question)
            self.failing_since.pop(question, None)
        self.visits += 1
        self._asks_all = False

    def drop_expired(self, now: float) -> bool:
        """Forget answers whose time (boot clock) has passed; return whether there were any."""
        expired = [question for question, answer in self.values.items() if answer.expires <= now]
        for question in expired:
            del self.values[question]
            self.previous.pop(question, None)
        return bool(expired)

    def has(self, questions: Questions) -> bool:
        """Return whether every question has a valid answer."""
        return all(question in self.values for question in questions)

    def answers(self, questions: Questions, held: Callable[[tuple[str, ...], float], Held]) -> Answers:
        """Return what a judge is given: the valid answers to ``questions`` and the reasons for the others."""
        values = {question: self.values[question] for question in questions if question in self.values}
        newest = max(values.values(), key=lambda answer: answer.asked, default=None)
        return Answers(
            now=newest.at if newest else 0.0,
            asked=newest.asked if newest else 0.0,
            is_on_demand=self.is_on_demand,
            values=values,
            failures={question: self.failures[question] for question in questions if question in self.failures},
            previous={question: self.previous[question] for question in values if question in self.previous},
            memory=held,
        )


@dataclass(slots=True)
class Scope:
    """The facts of one check about one target or group, during and between judgments.

    Attributes:
        first: fact -> boot-clock time of the first answer that showed it, and whether it may be older.
        named: the facts of the running judgment; what it does not name is forgotten after it.
        wants_second_look: whether the newest judgment rests on a fact that was new to it.
        judged: whether there was a judgment before.
    """

    first: dict[tuple[str, ...], tuple[float, bool]] = field(default_factory=dict)
    named: set[tuple[str, ...]] = field(default_factory=set)
    wants_second_look: bool = False
    judged: bool = False

    def held(self, key: tuple[str, ...], asked: float) -> Held:
        """Return since when the fact has held, counting from the answer asked at ``asked`` if it is new."""
        if key not in self.first:
            self.wants_second_look = True
            if len(self.first) < FACTS_PER_SCOPE:
                self.first[key] = (asked, not self.judged)
        self.named.add(key)
        since, at_least = self.first.get(key, (asked, True))
        return Held(max(asked - since, 0.0), at_least, since)

    def begin(self) -> None:
        """Start a judgment."""
        self.named = set()
        self.wants_second_look = False

    def end(self) -> None:
        """End a judgment: forget the facts it did not name."""
        for key in self.first.keys() - self.named:
            del self.first[key]
        self.judged = True
