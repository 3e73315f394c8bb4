"""Counts, by the hypervisor's own kernel, what one visit costs it."""

from __future__ import annotations

from dataclasses import dataclass

from tests.vm.machine import VirtualMachine
from tests.vm.watch import Watch


@dataclass(frozen=True, slots=True)
class Cost:
    """What one visit has cost.

    Attributes:
        processes: started on the host: forks and threads, as the kernel counts them.
        sent: bytes that left the host, headers and all.
        cpu: seconds of its processors that were not idle.
    """

    processes: int
    sent: int
    cpu: float


@dataclass(frozen=True, slots=True)
class Reading:
    """The kernel's counters at one moment."""

    processes: int
    sent: int
    busy: float


def read(machine: VirtualMachine) -> Reading:
    """Return the counters now."""
    told = machine.run("cat /proc/stat /sys/class/net/eth0/statistics/tx_bytes").split("\n")
    stat = {line.split()[0]: line.split()[1:] for line in told if line}
    user, nice, system, _, _, irq, soft, *_ = map(int, stat["cpu"])
    return Reading(int(stat["processes"][0]), int(told[-2]), (user + nice + system + irq + soft) / 100)


async def measured(watch: Watch) -> Cost:
    """Return the cost of one look; what reading the counters costs, and virsh's stand-in, is taken off."""
    machine = watch.bench.machine
    base = difference(read(machine), read(machine))
    before = read(machine)
    await watch.look()
    whole = difference(before, read(machine))
    return Cost(
        whole.processes - base.processes - stand_in(machine, base), whole.sent - base.sent, whole.cpu - base.cpu
    )


def difference(before: Reading, after: Reading) -> Cost:
    """Return what was counted between two readings."""
    return Cost(after.processes - before.processes, after.sent - before.sent, after.busy - before.busy)


def stand_in(machine: VirtualMachine, base: Cost) -> int:
    """Return how many processes more the two calls of ``inside/virsh`` start than two of the real virsh would."""
    counts = []
    for program in ("/usr/local/sbin/virsh", "/usr/bin/virsh -c test:///etc/lab/domains.xml"):
        before = read(machine)
        machine.run(f"{program} -r -q list >/dev/null; {program} -r -q list >/dev/null; true")
        counts.append(difference(before, read(machine)).processes - base.processes)
    return counts[0] - counts[1]
