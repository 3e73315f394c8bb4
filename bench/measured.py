"""The exporter with a stopwatch on its judgments, its inventory and its event loop; for lab_scale.py.

    python bench/measured.py <file> <arguments of the exporter>

On USR1 and at its end it writes to the file, as JSON: per check the processor seconds of its judgments, how many they
were and the longest with whom it was about; per group all its checks together; refreshes; the longest turns of the
event loop; and the passes of Python's collector. Processor seconds are those of the one thread in which everything
runs, so other programs on the machine lengthen nothing.
"""

from __future__ import annotations

import asyncio
import functools
import gc
import json
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from exporter.cli import main
from exporter.engine import Engine
from exporter.inventory.keeper import Inventory
from exporter.judging import Judging

LONG = 0.1
"""Seconds from which on a turn of the event loop is written down."""


class Stopwatch:
    """What took how long."""

    def __init__(self) -> None:
        self.judgments: dict[str, dict[str, Any]] = {}
        self.groups: dict[str, dict[str, Any]] = {}
        self.refreshes: list[dict[str, float]] = []
        self.turns: list[tuple[float, str]] = []
        self.collections: dict[int, dict[str, Any]] = {}

    @staticmethod
    def note(table: dict[str, dict[str, Any]], name: str, about: str, seconds: float) -> None:
        """Add one judgment."""
        row = table.setdefault(name, {"seconds": 0.0, "number": 0, "longest": 0.0, "about": ""})
        row["seconds"] += seconds
        row["number"] += 1
        if seconds > row["longest"]:
            row["longest"], row["about"] = seconds, about

    def write(self, path: Path) -> None:
        """Write everything, by processor seconds."""
        by_cost = {
            name: dict(sorted(getattr(self, name).items(), key=lambda item: -item[1]["seconds"]))
            for name in ("judgments", "groups")
        }
        turns = sorted(self.turns, reverse=True)[:20]
        fresh = path.with_suffix(".new")
        rest = {"refreshes": self.refreshes, "turns": turns, "collections": self.collections}
        fresh.write_text(json.dumps({**by_cost, **rest}, indent=1))
        fresh.replace(path)


def watch_judgments(found: Stopwatch) -> None:
    """Measure each judgment of a check, and of a group."""
    run, group, roll_up = Judging._run, Judging.group_steps, Engine._roll_up

    def timed_run(self: Judging, registered: Any, owner: Any, *rest: Any) -> bool:
        began = time.thread_time()
        wants = run(self, registered, owner, *rest)
        name = f"{registered.issue.value}/{registered.name} {owner.subject_kind}"
        found.note(found.judgments, name, owner.subject, time.thread_time() - began)
        return wants

    def timed_group(self: Judging, about: Any, *rest: Any, **more: Any) -> Iterator[bool]:
        steps, total, longest = group(self, about, *rest, **more), 0.0, 0.0
        while True:
            began = time.thread_time()
            wants = next(steps, None)
            took = time.thread_time() - began
            total, longest = total + took, max(longest, took)
            if wants is None:
                break
            yield wants
        found.note(found.groups, about.kind, about.name, total)
        found.note(found.groups, f"{about.kind}, its longest step", about.name, longest)

    def timed_roll_up(self: Engine) -> None:
        began = time.thread_time()
        roll_up(self)
        found.note(found.groups, "roll-up", "", time.thread_time() - began)

    Engine._roll_up = timed_roll_up  # type: ignore[method-assign]
    Judging._run, Judging.group_steps = timed_run, timed_group  # type: ignore[method-assign, assignment]


def watch_refreshes(found: Stopwatch) -> None:
    """Measure what an inventory takes to be read and to be adopted."""
    refresh, adopt = Inventory.refresh_once, Engine.adopt

    async def timed_refresh(self: Inventory) -> bool:
        began, cpu = time.monotonic(), time.thread_time()
        is_new = await refresh(self)
        row = {"read": time.monotonic() - began, "processor_while_read": time.thread_time() - cpu}
        found.refreshes.append(row)
        return is_new

    async def timed_adopt(self: Engine, cloud: Any) -> None:
        began, cpu = time.monotonic(), time.thread_time()
        await adopt(self, cloud)
        found.refreshes[-1] |= {"adopt": time.monotonic() - began, "processor_adopt": time.thread_time() - cpu}

    Inventory.refresh_once, Engine.adopt = timed_refresh, timed_adopt  # type: ignore[method-assign]


def watch_turns(found: Stopwatch) -> None:
    """Measure the turns of the event loop."""
    run: Callable[[asyncio.Handle], None] = asyncio.Handle._run

    @functools.wraps(run)
    def timed(self: asyncio.Handle) -> None:
        began = time.thread_time()
        run(self)
        if (seconds := time.thread_time() - began) >= LONG:
            found.turns.append((round(seconds, 3), _about(self)))

    asyncio.Handle._run = timed  # type: ignore[method-assign]


def watch_collector(found: Stopwatch) -> None:
    """Measure the passes of Python's collector by generation; a full one stops everything."""
    began = 0.0

    def note(phase: str, told: dict[str, int]) -> None:
        nonlocal began
        if phase == "start":
            began = time.thread_time()
            return
        seconds = time.thread_time() - began
        row = found.collections.setdefault(
            told["generation"], {"seconds": 0.0, "number": 0, "longest": 0.0, "freed": 0}
        )
        row["seconds"] += seconds
        row["number"] += 1
        row["longest"] = max(row["longest"], seconds)
        row["freed"] += told["collected"]

    gc.callbacks.append(note)


def _about(handle: asyncio.Handle) -> str:
    """Return which coroutine a turn of the loop went on with."""
    task = getattr(getattr(handle, "_callback", None), "__self__", None)
    return str(getattr(task.get_coro(), "__qualname__", task)) if isinstance(task, asyncio.Task) else repr(handle)[:120]


if __name__ == "__main__":
    stopwatch, target = Stopwatch(), Path(sys.argv[1])
    for watch in (watch_judgments, watch_refreshes, watch_turns, watch_collector):
        watch(stopwatch)
    signal.signal(signal.SIGUSR1, lambda *_: stopwatch.write(target))
    code = main(sys.argv[2:])
    stopwatch.write(target)
    sys.exit(code)
