"""What one visit costs a hypervisor with many VLANs and guests, measured by its own kernel in the virtual machine.

    .venv/bin/python -m bench.vm_visit [--vlans 500] [--guests 100]

Root, as for `make test-vm`. The processor is emulated, so that seconds mean nothing: they are told as multiples of what
one `ip -d -j link` costs on the same machine.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path

from tests.vm.bench import Bench, running
from tests.vm.cost import Cost, measured, read
from tests.vm.scene import large
from tests.vm.watch import watching

TIMES = 5


def median(values: list[float]) -> float:
    """Return the middle one."""
    return sorted(values)[len(values) // 2]


def one_command(bench: Bench) -> float:
    """Return the processor seconds of one ``ip -d -j link`` beside those of an empty command."""
    costs = []
    for command in ("true", "ip -d -j link >/dev/null"):
        before = read(bench.machine)
        bench.machine.run("; ".join([command] * TIMES))
        costs.append((read(bench.machine) - before).busy / TIMES)
    return costs[1] - costs[0]


async def visits(bench: Bench) -> list[Cost]:
    """Return the cost of some visits, after one that logs in."""
    async with watching(bench) as watch:
        await watch.look()
        found = [await measured(watch) for _ in range(TIMES)]
        print("unanswered:", sorted(watch.unanswered()) or "nothing")
        print("problems:", sorted(watch.problems()) or "none")
        return found


def main() -> None:
    """Print the figures."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--vlans", type=int, default=500)
    words.add_argument("--guests", type=int, default=100)
    given = words.parse_args()
    scene = large(given.vlans, given.guests)
    with tempfile.TemporaryDirectory() as place, running(Path(place) / "vm", scene) as bench:
        told = asyncio.run(visits(bench))
        command = median([one_command(bench) for _ in range(TIMES)])
    print(f"{given.vlans} VLANs and {given.guests} guests more than a few; medians of {TIMES} visits")
    print(f"processes: {median([one.processes for one in told]):.0f}")
    print(f"KiB sent: {median([one.sent for one in told]) / 1024:.0f}")
    cpu = median([one.cpu for one in told])
    print(f"processor: {cpu:.2f} s emulated = {cpu / command:.1f} x one ip -d -j link ({command:.2f} s emulated)")


if __name__ == "__main__":
    main()
