"""``make fuzz SECONDS=600``: mutates answers for a while and says which input broke which reader.

Runs are numbered; the same number makes the same input everywhere. Text that broke a reader is written into
``tests/fuzz/found``, where the slice of the test suite reads it from then on.

Where atheris is installed, :mod:`tests.fuzz.coverage` lets it choose the inputs of one target instead.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from random import Random

from tests.fuzz.contract import Target
from tests.fuzz.corpus import question_targets
from tests.fuzz.others import other_targets

FOUND = Path(__file__).parent / "found"
BATCH = 25
PER_TARGET = 5
"""Failures shown of one target; it is left alone then."""


def everything() -> Iterator[Target]:
    """Yield all targets."""
    yield from question_targets()
    yield from other_targets()


def fuzz(chosen: list[Target], seconds: float, first: int) -> int:
    """Run numbers from ``first`` over all targets in turn; return how many inputs broke a reader."""
    ends, done, failed = time.monotonic() + seconds, 0, dict.fromkeys((one.name for one in chosen), 0)
    for start in itertools.count(first, BATCH):
        for target in chosen:
            for number in range(start, start + BATCH):
                if failed[target.name] < PER_TARGET and not _holds(target, number):
                    failed[target.name] += 1
                done += 1
            if time.monotonic() > ends:
                sys.stdout.write(f"{done} runs up to number {start + BATCH}, {sum(failed.values())} failures\n")
                return sum(failed.values())
    return 0


def _holds(target: Target, number: int) -> bool:
    try:
        target.run(number, memory=number % 50 == 0)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        last = traceback.extract_tb(error.__traceback__)[-1]
        sys.stdout.write(
            f"{target.name} {number}: {type(error).__name__}: {str(error)[:200]} ({last.filename}:{last.lineno})\n"
        )
        _keep(target, number)
        return False
    return True


def _keep(target: Target, number: int) -> None:
    raw = target.case(Random(f"{target.name}/{number}"))
    if isinstance(raw, bytes):
        FOUND.mkdir(exist_ok=True)
        (FOUND / f"{target.name}-{hashlib.sha256(raw).hexdigest()[:12]}").write_bytes(raw)


def main() -> int:
    """Fuzz as the arguments say; return 1 when something was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--first", type=int, default=0, help="number of the first run")
    parser.add_argument("--only", default="", help="targets whose name has this in it")
    given = parser.parse_args()
    chosen = [target for target in everything() if given.only in target.name]
    return min(1, fuzz(chosen, given.seconds, given.first))


if __name__ == "__main__":
    sys.exit(main())
