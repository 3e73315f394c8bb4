"""System VMs whose clock is not that of the management servers.

Symptom: tickets of consoles are refused as expired, certificates are not valid yet or any more, logs cannot be laid
         side by side.
Detect:  the clock of each system VM, asked within one visit, against the middle one of the management servers; where
         those are not visited or disagree, against the exporter's, when a machine of the zone agrees with it.
Fix:     chrony or ntp inside, and the clock of the host below it.
"""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median_low
from typing import Any

from exporter.checks.host_connectivity.visited_vms import DESTROY, PER_SYSTEM_VM, PREFIX, counts
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.cloud.targets import (
    ConsoleProxyTarget,
    ManagementServerTarget,
    RouterTarget,
    SecondaryStorageVmTarget,
    Target,
)
from exporter.model import Answers, Check, GroupJudge, Metric, Question, Samples, above
from exporter.questions.management.service import MANAGEMENT_SERVICE
from exporter.questions.system_vms.system_vm import SYSTEM_VM_STATE
from exporter.thresholds import SYSTEM_VM_CLOCK_SECONDS

SYNCHRONISE = "See whether chrony or ntp runs inside, and whether the clock of its host is right; then reboot it."

APART = Metric(
    f"{PREFIX}_system_vm_clock_apart_seconds",
    "Seconds, in tens, between the clock of the system VM and that of the management servers, else the exporter's.",
    labels=PER_SYSTEM_VM,
    problem=above(SYSTEM_VM_CLOCK_SECONDS),
)
KINDS = (RouterTarget, ConsoleProxyTarget, SecondaryStorageVmTarget)
NEEDS: Mapping[type[Target], tuple[Question[Any], ...]] = {
    **dict.fromkeys(KINDS, (SYSTEM_VM_STATE,)),
    ManagementServerTarget: (MANAGEMENT_SERVICE,),
}
THEIRS, OURS = "the management servers", "the exporter"


def judge(group: ZoneGroup, members: Mapping[Any, Answers], cloud: Cloud) -> Samples:
    """Yield how far each clock is from the one that is right; nothing while nobody knows whose that is."""
    servers = [
        answers[MANAGEMENT_SERVICE].clock - answers.values[MANAGEMENT_SERVICE].at
        for target, answers in members.items()
        if isinstance(target, ManagementServerTarget)
    ]
    if servers and max(servers) - min(servers) > SYSTEM_VM_CLOCK_SECONDS:
        servers = []  # theirs are apart, which has a verdict of its own
    ahead = {
        target.name: answers[SYSTEM_VM_STATE].clock - answers.values[SYSTEM_VM_STATE].at
        for target, answers in members.items()
        if isinstance(target, KINDS) and counts(target, answers[SYSTEM_VM_STATE], cloud, answers.now)
    }
    right = median_low(servers) if servers else 0.0
    if not servers and all(abs(seconds) > SYSTEM_VM_CLOCK_SECONDS for seconds in ahead.values()):
        return  # all of them, or the exporter itself
    for name, seconds in ahead.items():
        apart = round((seconds - right) / 10) * 10
        yield APART.sample(
            group.zone,
            name,
            value=abs(apart),
            seen=f"about {abs(apart)} s {'ahead of' if apart > 0 else 'behind'} {THEIRS if servers else OURS}",
            expected=f"at most {SYSTEM_VM_CLOCK_SECONDS} s",
        )


CHECK = Check(
    title="Clocks of system VMs",
    metrics=(APART,),
    remedies=(SYNCHRONISE, DESTROY),
    groups=(GroupJudge(ZoneGroup, judge, NEEDS),),
)
