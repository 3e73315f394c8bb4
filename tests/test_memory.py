"""Memory between visits."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exporter.memory import FACTS_PER_SCOPE, Scope, TargetMemory
from exporter.model import Answer, Failure, Question, Reason, Via

EACH = Question("each", Via.PROBE, "asked each time", str, "none", "a test")
THIRD = Question("third", Via.PROBE, "asked each third time", str, "none", "a test", every=3)
STATEMENT = replace(THIRD, name="statement", via=Via.DATABASE)
DIALLED = replace(THIRD, name="dialled", via=Via.HOST, waits=True)
FAILURE = Failure(Reason.TIMEOUT)


def answer(value: str, asked: float, expires: float = 1e9) -> Answer[str]:
    return Answer(value, asked, asked + 1e9, expires)


def test_a_question_is_due_on_each_nth_visit() -> None:
    """A question with every=3 is asked on the first, fourth and seventh visit."""
    memory = TargetMemory()
    asked = []
    for visit in range(7):
        due = memory.due((EACH, THIRD))
        asked.append(THIRD in due)
        assert EACH in due
        memory.note({question: answer("x", visit) for question in due}, float(visit))
    assert asked == [True, False, False, True, False, False, True]


def test_what_costs_processes_is_asked_when_it_was_asked_longest_ago() -> None:
    """Two that do not fit one visit take turns, the rarer one too; who asks for all gets all."""
    often, rare, small = (replace(THIRD, name=name, processes=20) for name in ("often", "rare", "small"))
    often, rare, small = replace(often, every=2), replace(rare, every=4), replace(small, processes=12)
    memory = TargetMemory()
    asked = []
    for visit in range(8):
        due = memory.due((often, rare, small))
        asked.append([question.name for question in due])
        memory.note({question: answer("x", visit) for question in due}, float(visit))
    assert asked == [
        ["often", "small"], ["rare"], ["often"], ["small"], ["often"], ["rare"], ["small", "often"], [],
    ]  # fmt: skip
    memory.ask_all()
    assert memory.due((often, rare, small)) == (often, rare, small)


def test_who_waits_for_the_verdict_is_known_to_judges() -> None:
    """From the first time that everything is asked for: there are no turns any more."""
    memory = TargetMemory()
    memory.note({EACH: answer("x", 0)}, 0.0)
    before = memory.answers((EACH,), Scope().held)
    memory.ask_all()
    memory.note({EACH: answer("x", 1)}, 1.0)
    assert (before.is_on_demand, memory.answers((EACH,), Scope().held).is_on_demand) == (False, True)


def test_a_failed_question_is_asked_again_at_once() -> None:
    """What failed is due on the next visit, whatever its cadence."""
    memory = TargetMemory()
    memory.note({EACH: answer("x", 0), THIRD: FAILURE}, 0.0)
    assert memory.due((EACH, THIRD)) == (EACH, THIRD)


@pytest.mark.parametrize("reason", [Reason.PERMISSION, Reason.UNSUPPORTED])
def test_what_fails_for_a_lasting_reason_waits_for_its_turn(reason: Reason) -> None:
    """A minute later it would fail too."""
    memory = TargetMemory()
    asked = []
    for visit in range(7):
        due = memory.due((EACH, THIRD))
        asked.append(THIRD in due)
        memory.note(dict.fromkeys(due, Failure(reason)), float(visit))
    assert asked == [True, False, False, True, False, False, True]


@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize("statement", [STATEMENT, DIALLED], ids=lambda question: question.name)
def test_what_was_tried_in_vain_and_costs_others_waits_for_its_turn(statement: Question[str], reason: Reason) -> None:
    """Repeated each minute it would be load while the database is sick; what was not asked is asked at once."""
    memory = TargetMemory()
    asked = []
    for visit in range(7):
        due = memory.due((EACH, statement))
        asked.append(statement in due)
        memory.note({question: Failure(reason) if question is statement else FAILURE for question in due}, float(visit))
    was_tried = reason in {"timeout", "too_large", "unsupported", "permission", "failed", "unreadable"}
    assert asked == ([True, False, False] * 3 if was_tried else [True] * 9)[:7]
    memory.ask_all()
    assert statement in memory.due((EACH, statement))


def test_what_was_too_large_is_asked_last_until_it_is_answered() -> None:
    """Two that flood in turn do not blind the others; a later failure of another kind changes nothing."""
    first, second, good = (replace(EACH, name=name) for name in ("first", "second", "good"))
    every = (first, second, good)
    memory = TargetMemory()
    memory.note({first: Failure(Reason.TOO_LARGE), second: FAILURE, good: FAILURE}, 0.0)
    assert memory.due(every) == (second, good, first)
    memory.note({first: FAILURE, second: Failure(Reason.TOO_LARGE), good: FAILURE}, 1.0)
    assert memory.due(every) == (good, first, second)
    memory.note({first: answer("x", 2), second: FAILURE, good: answer("x", 2)}, 2.0)
    assert memory.due(every) == (first, good, second)


def test_a_failure_leaves_the_last_answer_until_it_expires_and_not_a_second_longer() -> None:
    """Law 2: a failed question keeps the old answer to its time only."""
    memory = TargetMemory()
    memory.note({EACH: answer("old", 10, expires=50)}, 10.0)
    memory.note({EACH: FAILURE}, 20.0)
    assert not memory.drop_expired(49.999)
    assert memory.has((EACH,))
    assert memory.drop_expired(50.0)
    assert not memory.has((EACH,))


def test_failing_since_counts_from_the_first_failure_in_a_row() -> None:
    """The time of the first failure stays until an answer comes."""
    memory = TargetMemory()
    memory.note({EACH: FAILURE}, 5.0)
    memory.note({EACH: FAILURE}, 6.0)
    assert memory.failing_since[EACH] == 5.0
    memory.note({EACH: answer("x", 7)}, 7.0)
    assert EACH not in memory.failing_since
    assert EACH not in memory.failures


def test_answers_give_the_previous_one_with_its_age() -> None:
    """before() compares two visits."""
    memory = TargetMemory()
    memory.note({EACH: answer("old", 10)}, 10.0)
    memory.note({EACH: answer("new", 25)}, 25.0)
    answers = memory.answers((EACH, THIRD), Scope().held)
    assert answers[EACH] == "new"
    assert answers.before(EACH) == ("old", 15.0)
    assert answers.get(THIRD) is None
    assert answers.asked == 25.0


def test_a_fact_is_held_since_the_answer_that_first_showed_it() -> None:
    """The second judgment sees the age of the fact; what was new at the first look is 'at least'."""
    scope = Scope()
    for asked in (100.0, 160.0):
        scope.begin()
        held = scope.held(("pending",), asked)
        late = scope.held(("late",), asked) if asked > 100 else None
        scope.end()
    assert (held.seconds, held.at_least, held.first_asked) == (60.0, True, 100.0)
    assert late is not None
    assert (late.seconds, late.at_least) == (0.0, False)


def test_a_fact_that_a_judgment_does_not_name_is_forgotten() -> None:
    """A problem that went away and came back counts from its return."""
    scope = Scope()
    for asked, names in ((1.0, True), (2.0, False), (3.0, True)):
        scope.begin()
        if names:
            held = scope.held(("gone",), asked)
        scope.end()
    assert held.seconds == 0.0
    assert not held.at_least


@pytest.mark.parametrize(("names", "wants"), [((), False), (("a",), True)])
def test_a_second_look_is_wanted_only_for_new_facts(names: tuple[str, ...], *, wants: bool) -> None:
    """A fact seen for the first time asks for another visit; one that is known does not."""
    scope = Scope()
    for _ in range(2):
        scope.begin()
        for name in names:
            scope.held((name,), 1.0)
        scope.end()
    scope.begin()
    for name in names:
        scope.held((name,), 2.0)
    assert not scope.wants_second_look
    fresh = Scope()
    fresh.begin()
    for name in names:
        fresh.held((name,), 1.0)
    assert fresh.wants_second_look is wants


def test_facts_are_bounded() -> None:
    """A target that shows endless facts fills no memory; what is past the bound is always new."""
    scope = Scope()
    scope.begin()
    for number in range(FACTS_PER_SCOPE + 10):
        scope.held((str(number),), 1.0)
    assert len(scope.first) == FACTS_PER_SCOPE
    assert scope.held((str(FACTS_PER_SCOPE + 5),), 9.0).seconds == 0.0
