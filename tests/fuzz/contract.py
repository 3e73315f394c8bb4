"""The contract of every reader: it returns or says that it cannot read, in bounded time and memory, and never lies."""

from __future__ import annotations

import dataclasses
import math
import signal
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import Any

CPU_SECONDS = 5.0
"""Processor time of one reading, many times what it needs: whoever reaches it does not end in any useful time."""
MEMORY = 32 * 1024 * 1024
MEMORY_PER_BYTE = 400
"""Bytes that one reading may hold, and how many more per byte of what it reads."""


class TooLongError(BaseException):
    """A reading took more processor time than any does. No Exception, so that no reader swallows it."""


@dataclass(frozen=True, slots=True)
class Target:
    """One thing that reads what others wrote.

    Attributes:
        name: of the question, or what it reads.
        read: is given what ``case`` made; whatever it raises but ``allowed`` breaks the contract.
        case: makes the input of a run from its random numbers.
        refuses_garbage: whether text of no known format must never become a value.
    """

    name: str
    read: Callable[[Any], Any]
    case: Callable[[Random], Any]
    allowed: tuple[type[Exception], ...] = ()
    refuses_garbage: bool = False
    seeds: tuple[Any, ...] = ()

    def run(self, number: int, *, memory: bool = False) -> None:
        """Read what the run ``number`` makes; raise what breaks the contract."""
        self.check(self.case(Random(f"{self.name}/{number}")), memory=memory)

    def check(self, raw: Any, *, memory: bool = False) -> None:
        """Read one input; raise what breaks the contract."""
        with _limited(), _measured(raw) if memory else _unmeasured():
            try:
                value = self.read(raw)
            except self.allowed:
                return
        for found in _walk(value):
            if isinstance(found, float) and not math.isfinite(found):
                message = f"{self.name} brought {found}"
                raise AssertionError(message)


@contextmanager
def _limited() -> Iterator[None]:
    """Interrupt what takes too much processor time of this process."""

    def interrupt(*_: object) -> None:
        raise TooLongError(CPU_SECONDS)

    before = signal.signal(signal.SIGVTALRM, interrupt)
    signal.setitimer(signal.ITIMER_VIRTUAL, CPU_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


@contextmanager
def _unmeasured() -> Iterator[None]:
    yield


@contextmanager
def _measured(raw: Any) -> Iterator[None]:
    """Raise AssertionError when more memory was held at once than the input explains."""
    tracemalloc.start()
    try:
        yield
        held = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    size = len(raw) if isinstance(raw, bytes) else len(repr(raw))
    if held > MEMORY + MEMORY_PER_BYTE * size:
        message = f"{held} bytes were held to read {size}"
        raise AssertionError(message)


def _walk(value: Any) -> Iterator[Any]:
    """Yield every plain value in what a reader returned."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from _walk(getattr(value, field.name))
    elif isinstance(value, Mapping):
        for key, held in value.items():
            yield from _walk(key)
            yield from _walk(held)
    elif isinstance(value, tuple | list | frozenset | set):
        for held in value:
            yield from _walk(held)
    else:
        yield value
