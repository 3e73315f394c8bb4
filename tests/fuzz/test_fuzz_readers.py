"""A slice of the fuzzing that ``make fuzz`` does for long: the same runs each time, and what was ever found."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest

from exporter.model import Question, UnreadableError
from exporter.questions import catalogue
from tests.fuzz.__main__ import FOUND, everything
from tests.fuzz.contract import CPU_SECONDS, Target, TooLongError
from tests.fuzz.corpus import BRINGS_TEXT, question_targets
from tests.fuzz.mutations import WORDS, flooded

BYTES_READ = 300_000
FEWEST, MOST = 10, 120
GARBAGE = (
    "lorem", "ipsum", "dolor", "sit", "<html>", "Gateway", "not", "found:", "error", "(", "[", "17", "]", "}",
    "\x1b[31m", "\u00e9", "\u0663",
)  # fmt: skip


@cache
def targets() -> dict[str, Target]:
    """Return all targets by name."""
    return {target.name: target for target in everything()}


NAMES = sorted(targets())


def runs(target: Target) -> int:
    """Return how many runs fit the slice: fewer where the answers are long."""
    size = sum(len(seed) if isinstance(seed, bytes) else 500 for seed in target.seeds) // len(target.seeds)
    return max(FEWEST, min(MOST, BYTES_READ // (size + 1)))


def test_every_question_has_a_corpus() -> None:
    """A question that the lab never answered and no sample fits could not be fuzzed; nothing is listed by hand."""
    known = {target.name: target for target in question_targets()}
    assert known.keys() == {question.name for question in catalogue()}
    assert [name for name, target in known.items() if not target.seeds] == []


@pytest.mark.parametrize("name", NAMES)
def test_broken_answers(name: str) -> None:
    """Whatever is wrong with an answer, its reader returns or says so, in bounded time and memory."""
    target = targets()[name]
    for number in range(runs(target)):
        target.run(number, memory=number % 20 == 0)


@pytest.mark.parametrize("question", [one for one in catalogue() if one.via in BRINGS_TEXT], ids=lambda one: one.name)
def test_answers_of_their_full_size(question: Question[Any]) -> None:
    """What a machine may send at most costs no processor time worth mentioning, whatever fills it."""
    target = targets()[question.name]
    for number in range(4):
        rng = Random(f"full/{question.name}/{number}")
        target.check(flooded(rng, rng.choice(target.seeds), question.size))


@pytest.mark.parametrize("name", [name for name, target in targets().items() if target.refuses_garbage])
def test_garbage_never_becomes_a_value(name: str) -> None:
    """Text of no known format is refused, not taken for an empty answer."""
    rng = Random(name)
    for _ in range(10):
        text = " ".join(rng.choices(GARBAGE, k=rng.randint(3, 12))) + "\n"
        with pytest.raises(UnreadableError):
            targets()[name].read((text * rng.choice((1, 1, 5))).encode())


@pytest.mark.parametrize("path", sorted(FOUND.iterdir()), ids=lambda path: path.name)
def test_what_was_found_before(path: Path) -> None:
    """Inputs that once broke a reader; the name begins with that of the target."""
    targets()[path.name.partition("-")[0]].check(path.read_bytes(), memory=True)


def test_runs_can_be_repeated() -> None:
    """The same run makes the same input in every process, and others make others."""
    target = targets()["host_links"]
    made = [target.case(Random(f"host_links/{number}")) for number in (1, 2, 1)]
    assert made[0] == made[2] != made[1]


def _endless(raw: bytes) -> None:
    while raw:
        pass


def _hungry(raw: bytes) -> bytes:
    return raw * 50_000_000


@pytest.mark.parametrize(
    ("read", "error"),
    [
        (_endless, TooLongError),
        (_hungry, AssertionError),
        (lambda raw: raw[99], IndexError),
        (lambda _: float("nan"), AssertionError),
        (lambda _: {"a": (float("inf"),)}, AssertionError),
    ],
)
def test_the_contract_is_held(monkeypatch: pytest.MonkeyPatch, read: object, error: type[BaseException]) -> None:
    """What does not end, takes all memory, raises anything else or brings no number is found."""
    monkeypatch.setattr("tests.fuzz.contract.CPU_SECONDS", CPU_SECONDS / 50)
    target = Target("broken", read, lambda _: b"x", (UnreadableError,))  # type: ignore[arg-type]
    with pytest.raises(error):
        target.run(1, memory=read is _hungry)


def test_words_are_text() -> None:
    """Each odd word can be put into an answer."""
    assert all(word.encode() for word in WORDS)
