"""What is remembered between visits: answers of a target, and since when facts have held."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from exporter.model import Answer, Answers, Failure, Held, Outcome, Question, Reason, Via

FACTS_PER_SCOPE = 5000
"""Facts remembered for one check and target; what comes after them is new at every look."""

TRIED = frozenset(
    {Reason.TIMEOUT, Reason.TOO_LARGE, Reason.UNSUPPORTED, Reason.PERMISSION, Reason.FAILED, Reason.UNREADABLE}
)
"""Why a statement fails that the database has begun with; what fails for other reasons was not asked."""

LASTING = frozenset({Reason.PERMISSION, Reason.UNSUPPORTED})
"""Why a question fails that will fail a minute later too: one that is not asked each time waits for its turn."""

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
        """Return the questions to ask on the next visit; one that failed is asked again at once, or in its turn.

        Those whose answer was too large come last until they have brought another one: they end the visit for
        all that come after them.
        """
        due = [question for question in questions if self._is_urgent(question) or self._since(question) >= 0]
        kept = (question for question in due if not self._gives_way(question, due))
        return tuple(sorted(kept, key=self._too_large.__contains__))

    def _gives_way(self, question: Question[Any], due: Questions) -> bool:
        """Return whether a question that waits steps back, so that what costs processes does not fall together.

        Before what else is not asked each time: as long as its answer lasts, twice its cadence. Before what
        waits too and is rarer, also longer, since that has its turn seldom.
        """
        if not question.waits or self._asks_all:
            return False
        rarer = [other for other in due if other.every > question.every]
        if any(other.waits for other in rarer):
            return self._since(question) < 2 * question.every
        others = any(other.every > 1 and not other.waits for other in due)
        return others and self._since(question) <= question.every + 1

    def _asked(self, question: Question[Any]) -> int:
        """Return the number of the visit at which a question was asked last, as if all had been before the first one.

        What dials others is asked from the second visit on, and lets what else is asked each tenth time go first, so
        that they do not fall together, not even after a visit that has failed: each costs the machine processes.
        """
        return self._last_visit.get(question, int(question.waits and not self._asks_all) - question.every)

    def _since(self, question: Question[Any]) -> int:
        """Return for how many visits it has been a question's turn; below 0 it is not yet."""
        return self.visits - self._asked(question) - question.every

    def _is_urgent(self, question: Question[Any]) -> bool:
        """Return whether a question failed and is asked again at once.

        A statement that the database could not do waits for its turn: each minute it would be load exactly while the
        database is sick; so does what dials others or may hang. Elsewhere a question costs little, and is best asked as
        soon as the machine is back.
        """
        failure = self.failures.get(question)
        if failure is None or (question.every > 1 and failure.reason in LASTING):
            return False
        waits = question.waits or question.via is Via.DATABASE
        return not (waits and failure.reason in TRIED)

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
