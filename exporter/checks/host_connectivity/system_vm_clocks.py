"""System VMs whose clock is not that of the others.

Symptom: certificates are not valid yet or any more, signed links are refused, logs cannot be laid side by side.
Detect:  the clock of each system VM, asked within one visit, against the middle one of its zone.
Fix:     chrony or ntp inside, and the clock of the host below it.
"""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median_low
from typing import Any

from exporter.checks.host_connectivity.visited_vms import DESTROY, PER_SYSTEM_VM, PREFIX, counts
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.cloud.targets import ConsoleProxyTarget, RouterTarget, SecondaryStorageVmTarget
from exporter.model import Answers, Check, GroupJudge, Metric, Samples, above
from exporter.questions.system_vms.system_vm import SYSTEM_VM_STATE
from exporter.thresholds import SYSTEM_VM_CLOCK_SECONDS

SYNCHRONISE = "See whether chrony or ntp runs inside, and whether the clock of its host is right; then reboot it."

APART = Metric(
    f"{PREFIX}_system_vm_clock_apart_seconds",
    "Seconds, in tens, between the clock of the system VM and the middle one of its zone; a visit is within the limit.",
    labels=PER_SYSTEM_VM,
    problem=above(SYSTEM_VM_CLOCK_SECONDS),
)


def judge(group: ZoneGroup, members: Mapping[Any, Answers], cloud: Cloud) -> Samples:
    """Yield how far each clock is from the middle one of at least two; of two, the one ahead is named."""
    ahead = {
        target.name: answers[SYSTEM_VM_STATE].clock - answers.values[SYSTEM_VM_STATE].at
        for target, answers in members.items()
        if counts(target, answers[SYSTEM_VM_STATE], cloud, answers.now)
    }
    if len(ahead) < 2:
        return
    middle = median_low(ahead.values())
    for name, seconds in ahead.items():
        apart = round((seconds - middle) / 10) * 10
        yield APART.sample(
            group.zone,
            name,
            value=abs(apart),
            seen=f"about {abs(apart)} s {'ahead of' if apart > 0 else 'behind'} the others of its zone",
            expected=f"at most {SYSTEM_VM_CLOCK_SECONDS} s",
        )


KINDS = (RouterTarget, ConsoleProxyTarget, SecondaryStorageVmTarget)

CHECK = Check(
    title="Clocks of system VMs",
    metrics=(APART,),
    remedies=(SYNCHRONISE, DESTROY),
    groups=(GroupJudge(ZoneGroup, judge, dict.fromkeys(KINDS, (SYSTEM_VM_STATE,))),),
)
