"""What one visit may cost a machine: no more than its number of processes, and nothing is left out for long."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import cycle, pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from exporter.checks import discover
from exporter.cloud.targets import HostTarget
from exporter.judging import plan
from exporter.memory import PROCESSES, TargetMemory
from exporter.model import Answer, Failure, Outcome, Question, Reason, Via

Questions = tuple[Question[Any], ...]
ANSWER = Answer("x", 0.0, 0.0, 1e9)
OUTCOMES = st.lists(st.sampled_from([ANSWER, *map(Failure, Reason)]), min_size=1, max_size=60)
EACH = Question("each", Via.HOST, "exec true", str, "none", "a test", processes=4)
ROOM = PROCESSES - EACH.processes
RARE = st.builds(
    lambda number, every, processes, waits: replace(
        EACH, name=f"rare{number}", every=every, processes=processes, waits=waits
    ),
    st.integers(0, 9), st.integers(2, 30), st.integers(0, ROOM), st.booleans(),
)  # fmt: skip
HOSTS = plan(discover())[HostTarget]
VISITS = 45


def asked(questions: Questions, outcomes: Iterable[Outcome]) -> Iterator[Questions]:
    """Yield what is asked at each visit: its questions take one outcome after the other, or all are lost with it."""
    memory, told = TargetMemory(), cycle(outcomes)
    for visit in range(VISITS):
        due = memory.due(questions)
        first = next(told)
        is_lost = isinstance(first, Failure) and first.reason is Reason.DISCONNECTED
        memory.note({question: first if is_lost else next(told) for question in due}, float(visit))
        yield due


def longest_pause(question: Question[Any], visits: list[Questions]) -> int:
    """Return the most visits from one asking to the next, the start and the end of all visits among them."""
    turns = [visit for visit, due in enumerate(visits) if question in due]
    return max(later - earlier for earlier, later in pairwise([-1, *turns, len(visits)]))


@given(rare=st.lists(RARE, max_size=8), outcomes=OUTCOMES)
def test_no_visit_costs_more_than_it_may_and_nothing_starves(
    rare: list[Question[str]], outcomes: list[Outcome]
) -> None:
    """Of n questions that are not asked each time none waits n visits, whatever becomes of it and of the others."""
    questions = (EACH, *rare)
    visits = list(asked(questions, outcomes))
    for due in visits:
        assert EACH in due
        assert sum(question.processes for question in due) <= PROCESSES
    for question in rare:
        assert longest_pause(question, visits) <= question.every + len(rare) - 1
    memory = TargetMemory()
    memory.ask_all()
    assert set(memory.due(questions)) == set(questions)


@given(outcomes=OUTCOMES)
def test_no_answer_of_a_host_ends_because_another_question_is_asked(outcomes: list[Outcome]) -> None:
    """Each is asked again within twice its cadence, which is as long as an answer lasts, whatever fails meanwhile."""
    visits = list(asked(HOSTS, outcomes))
    for question in HOSTS:
        assert longest_pause(question, visits) <= 2 * question.every


def test_whatever_is_asked_fits_beside_what_is_asked_each_time() -> None:
    """Else it would never be asked; only of hosts it is counted."""
    for target, questions in plan(discover()).items():
        each = sum(question.processes for question in questions if question.every == 1)
        rare = [question.processes for question in questions if question.every > 1]
        assert each + max(rare, default=0) <= PROCESSES, target.kind
    assert all(question.processes for question in HOSTS)
