"""Counts, by the hypervisor's own kernel, what one visit costs it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass

from tests.vm.machine import VirtualMachine
from tests.vm.watch import Watch

TRACING = "/sys/kernel/tracing"
BEGIN = f"""
mountpoint -q {TRACING} || mount -t tracefs none {TRACING}
cd {TRACING}
echo 0 >tracing_on; echo 16384 >buffer_size_kb; echo >trace
echo 1 >events/task/task_newtask/enable; echo 1 >events/sched/sched_process_exec/enable
echo 1 >tracing_on
"""
END = f"cd {TRACING}; echo 0 >tracing_on; grep -v '^#' trace; cat per_cpu/cpu*/stats | grep -c '^overrun: [1-9]'"
STARTED = re.compile(r"-(\d+)\s+\[\d+\].* task_newtask: pid=(\d+) .*clone_flags=([0-9a-f]+)")
BECAME = re.compile(r" sched_process_exec: filename=(\S+) pid=(\d+)")
CLONE_THREAD = 0x10000
STAND_IN, STAND_IN_STARTS = "/usr/local/sbin/virsh", 2
"""See ``inside/virsh``: a shell that starts the true virsh and sed, where there would be virsh alone."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one visit has cost.

    Attributes:
        processes: started on the host on account of it, from sshd's own on; ``programs`` are what they became.
        sent: bytes that left the host, headers and all.
        cpu: seconds of its processors that were not idle.
    """

    processes: int
    programs: tuple[str, ...]
    sent: int
    cpu: float


@dataclass(frozen=True, slots=True)
class Reading:
    """The kernel's counters at one moment."""

    sent: int
    busy: float

    def __sub__(self, before: Reading) -> Reading:
        """Return what was counted between two readings."""
        return Reading(self.sent - before.sent, self.busy - before.busy)


def read(machine: VirtualMachine) -> Reading:
    """Return the counters now."""
    told = machine.run("head -n 1 /proc/stat; cat /sys/class/net/eth0/statistics/tx_bytes").split("\n")
    user, nice, system, _, _, irq, soft, *_ = map(int, told[0].split()[1:])
    return Reading(int(told[1]), (user + nice + system + irq + soft) / 100)


async def measured(watch: Watch, look: Callable[[], Awaitable[None]] | None = None) -> Cost:
    """Return the cost of one look, or of what ``look`` does.

    What reading the counters costs, and virsh's stand-in, is taken off.
    """
    machine = watch.bench.machine
    first = read(machine)
    base = read(machine) - first
    machine.run(BEGIN)
    before = read(machine)
    await (look or watch.look)()
    whole = read(machine) - before
    *trace, overrun = machine.run(END, check=False).splitlines()
    assert overrun == "0", "the kernel has lost events"
    programs = tuple(started(trace, watch.bench.settings.wrapper_path))
    processes = len(programs) - STAND_IN_STARTS * programs.count(STAND_IN)
    return Cost(processes, programs, whole.sent - base.sent, whole.busy - base.busy)


def started(trace: list[str], collector: str) -> Iterator[str]:
    """Yield, for each process that the collector's session has started, the last program that it became.

    The session begins with the process that sshd has started for it. Threads are none.
    """
    parents: dict[int, int] = {}
    programs: dict[int, str] = {}
    for one in trace:
        if found := STARTED.search(one):
            if not int(found[3], 16) & CLONE_THREAD:
                parents[int(found[2])] = int(found[1])
        elif found := BECAME.search(one):
            programs[int(found[2])] = found[1]
    [first] = [process for process, program in programs.items() if program == collector]
    first = list(ancestors(first, parents))[-1]
    for process in parents:
        if first in ancestors(process, parents):
            yield programs.get(process, "a shell")


def ancestors(process: int, parents: Mapping[int, int]) -> Iterator[int]:
    """Yield a process, its parent and so on, as far as they were started in this time."""
    while process in parents:
        yield process
        process = parents[process]
