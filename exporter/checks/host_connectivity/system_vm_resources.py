"""Disks, memory and tracked connections of routers, console proxies and secondary storage VMs.

Symptom: a router takes no change any more; new connections through it hang.
Detect:  inside: statfs of / and /var/log, /proc/mounts, /proc/meminfo, the numbers of conntrack.
Fix:     free the disk or the memory; a file system that turned read-only has a broken disk below it.
"""

from __future__ import annotations

from exporter.checks.host_connectivity.visited_vms import (
    DESTROY,
    PER_SYSTEM_VM,
    PREFIX,
    RESTART,
    SystemVmTarget,
    counts,
)
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import ConsoleProxyTarget, RouterTarget, SecondaryStorageVmTarget
from exporter.model import Answers, Check, Kind, Metric, Samples, above, below
from exporter.questions.system_vms.system_vm import SYSTEM_VM_STATE, SystemVmState
from exporter.thresholds import (
    SYSTEM_VM_CONNECTIONS_RATIO,
    SYSTEM_VM_DISK_RATIO,
    SYSTEM_VM_MEMORY_RATIO,
)

CLEAN = "Look for what grows ('du -x -d 2 /var'): most often logs whose rotation has died. Remove old rotated ones."
MEND_DISK = "Look at 'dmesg' inside, at its host and primary storage: the kernel does that after errors of a disk."
ENLARGE = "Give it a larger system offering (setting router.service.offering and its kin), then stop and start it."

READ_ONLY = Metric(
    f"{PREFIX}_system_vm_root_read_only",
    "Whether the root file system of the system VM is mounted read-only.",
    labels=PER_SYSTEM_VM,
    problem=above(0),
)
DISK = Metric(
    f"{PREFIX}_system_vm_disk_used_ratio",
    "Used part of the fuller of / and /var/log in the system VM, as df counts it.",
    labels=PER_SYSTEM_VM,
    problem=above(SYSTEM_VM_DISK_RATIO),
)
INODES = Metric(
    f"{PREFIX}_system_vm_inodes_used_ratio",
    "Used part of the inodes of / or /var/log in the system VM, of the one that has fewer left.",
    labels=PER_SYSTEM_VM,
    problem=above(SYSTEM_VM_DISK_RATIO),
)
MEMORY = Metric(
    f"{PREFIX}_system_vm_memory_available_ratio",
    "Part of the memory of the system VM that programs can still get.",
    labels=PER_SYSTEM_VM,
    problem=below(SYSTEM_VM_MEMORY_RATIO),
)
KILLS = Metric(
    f"{PREFIX}_system_vm_out_of_memory_kills_total",
    "Processes that the kernel of the system VM has killed for want of memory since it booted.",
    labels=PER_SYSTEM_VM,
    kind=Kind.COUNTER,
)
CONNECTIONS = Metric(
    f"{PREFIX}_system_vm_connections_used_ratio",
    "Connections that the kernel of the system VM tracks, of those that it can.",
    labels=PER_SYSTEM_VM,
    problem=above(SYSTEM_VM_CONNECTIONS_RATIO),
)
STARTED = Metric(
    f"{PREFIX}_system_vm_started_timestamp_seconds",
    "Unix time at which the system VM booted, by its own uptime, in steps of a minute.",
    labels=PER_SYSTEM_VM,
)


def judge(target: SystemVmTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield what the machine has left of everything that runs out; nothing of one that has just been started."""
    state = answers[SYSTEM_VM_STATE]
    labels = (target.zone, target.name)
    yield STARTED.sample(*labels, value=round((answers.values[SYSTEM_VM_STATE].at - state.uptime) / 60) * 60)
    if state.kills is not None:
        yield KILLS.sample(*labels, value=state.kills)
    if counts(target, state, cloud, answers.now):
        yield from _disks(labels, state)
        yield from _memory(labels, state)


def _disks(labels: tuple[str, str], state: SystemVmState) -> Samples:
    """Say how full its file systems are, and whether it can write at all."""
    yield READ_ONLY.sample(
        *labels, value=int(state.is_read_only), seen="/ is mounted read-only", expected="read-write", remedy=MEND_DISK
    )
    fullest = max(state.file_systems, key=lambda one: one.used)
    used = round(fullest.used, 3)
    yield DISK.sample(
        *labels,
        value=used,
        seen=f"{fullest.place} is {used:.1%} full",
        expected=f"at most {SYSTEM_VM_DISK_RATIO:.0%}",
        remedy=CLEAN,
    )
    fewest = max(((one.inodes, one.place) for one in state.file_systems if one.inodes is not None), default=None)
    if fewest is not None:
        yield INODES.sample(
            *labels,
            value=round(fewest[0], 3),
            seen=f"{fewest[0]:.1%} of the inodes of {fewest[1]} are used",
            expected=f"at most {SYSTEM_VM_DISK_RATIO:.0%}",
            remedy=CLEAN,
        )


def _memory(labels: tuple[str, str], state: SystemVmState) -> Samples:
    """Say what is left of memory and of the connections that it can track."""
    yield MEMORY.sample(
        *labels,
        value=round(state.memory, 2),
        seen=f"{state.memory:.1%} of its memory is available",
        expected=f"at least {SYSTEM_VM_MEMORY_RATIO:.0%}",
        remedy=ENLARGE,
    )
    if state.connections is not None:
        yield CONNECTIONS.sample(
            *labels,
            value=round(state.connections, 3),
            seen=f"{state.connections:.1%} of nf_conntrack_max are in use",
            expected=f"at most {SYSTEM_VM_CONNECTIONS_RATIO:.0%}",
            remedy=ENLARGE,
        )


KINDS = (RouterTarget, ConsoleProxyTarget, SecondaryStorageVmTarget)

CHECK = Check(
    title="Disks and memory of system VMs",
    metrics=(READ_ONLY, DISK, INODES, MEMORY, KILLS, CONNECTIONS, STARTED),
    remedies=(CLEAN, MEND_DISK, ENLARGE, RESTART, DESTROY),
    judges=dict.fromkeys(KINDS, judge),
    asks=dict.fromkeys(KINDS, (SYSTEM_VM_STATE,)),
)
