"""A long run with things breaking all the time: memory, file descriptors and defects, minute by minute.

    python bench/soak.py --minutes 60

Each few seconds one of the lab's faults is switched on or off, those of the wires among them, so that backends
are down for much of the time. What grows without end is a leak.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import sys
import time
from collections.abc import AsyncIterator

import aiohttp

ADDRESS = "127.0.0.1:20062"
SHOWN = {
    "memory MB": ("process_resident_memory_bytes", 1e-6),
    "descriptors": ("process_open_fds", 1),
    "series": ("cloudstack_network_exporter_page_series", 1),
    "lag ms": ("cloudstack_network_exporter_event_loop_lag_seconds", 1e3),
    "defects": ("cloudstack_network_exporter_internal_errors_total", 1),
    "CPU s": ("process_cpu_seconds_total", 1),
}


@contextlib.asynccontextmanager
async def process(*words: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run Python with these words and end it by its id."""
    running = await asyncio.create_subprocess_exec(sys.executable, *words, stdout=asyncio.subprocess.PIPE)
    try:
        yield running
    finally:
        with contextlib.suppress(ProcessLookupError):
            running.terminate()
        await running.wait()


async def told(lab: asyncio.subprocess.Process) -> dict[str, str]:
    """Return what the lab says when it has started: its page of faults and its configuration."""
    assert lab.stdout is not None
    lines: dict[str, str] = {}
    while "configuration" not in lines:
        words = (await lab.stdout.readline()).decode().split()
        if not words:
            sys.exit("the lab did not start")
        lines[words[0]] = words[1]
    return lines


async def break_and_mend(session: aiohttp.ClientSession, faults: str, seconds: float) -> None:
    """Switch a random fault every few seconds, with at most five on."""
    chance = random.Random(1)
    async with session.get(f"{faults}faults") as answer:
        names = [row["name"] for row in await answer.json()]
    on: list[str] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        name = on.pop(0) if len(on) > 4 else chance.choice(names)
        is_on = name not in on and len(on) <= 4
        async with session.post(f"{faults}faults/{name}/{'on' if is_on else 'off'}"):
            if is_on:
                on.append(name)
        await asyncio.sleep(3)


async def row(session: aiohttp.ClientSession) -> list[float]:
    """Return the shown values."""
    async with session.get(f"http://{ADDRESS}/metrics") as answer:
        text = await answer.text()
    values = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    return [float(values.get(name, "nan")) * factor for name, factor in SHOWN.values()]


async def main() -> None:
    """Run and print one line a minute."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5)
    given = parser.parse_args()
    async with process("-m", "exporter.lab") as lab:
        lines = await told(lab)
        words = ("--config.file", lines["configuration"], "--web.listen-address", ADDRESS, "--log.level", "error")
        async with process("-m", "exporter", *words), aiohttp.ClientSession() as session:
            await asyncio.sleep(10)
            breaking = asyncio.create_task(break_and_mend(session, lines["faults"], given.minutes * 60))
            print("minute", *SHOWN, sep="\t")
            began = time.monotonic()
            while not breaking.done():
                print(
                    f"{(time.monotonic() - began) / 60:.0f}",
                    *(f"{v:.0f}" for v in await row(session)),
                    sep="\t",
                    flush=True,
                )
                await asyncio.wait((breaking,), timeout=60)
            await breaking


if __name__ == "__main__":
    asyncio.run(main())
