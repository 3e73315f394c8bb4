"""Clocks of system VMs against the middle one of their zone."""

from __future__ import annotations

from dataclasses import replace

from exporter.checks.host_connectivity.system_vm_clocks import judge
from exporter.cloud.groups import ZoneGroup
from exporter.cloud.objects import Router, SystemVm
from exporter.model import Answer, Answers, Sample
from exporter.questions.system_vms.system_vm import SYSTEM_VM_STATE
from tests.checks.host_connectivity.inside_scene import NOW, cloud, problems, router, state, storage_vm, target

PROXY = storage_vm(id="v1", name="v-1-VM", kind="consoleproxy")
MACHINES: tuple[Router | SystemVm, ...] = (router(), storage_vm(), PROXY)


def found(*ahead: int, uptime: float = 1e6, visited: tuple[float, ...] = (0, 0, 0)) -> list[Sample]:
    """Return what is said when clocks are so many seconds ahead; ``visited``: seconds by which visits were later."""
    members = {}
    for one, seconds, late in zip(MACHINES, ahead, visited, strict=False):
        told = state(clock=int(NOW + late) + seconds, uptime=uptime)
        members[target(one)] = Answers(now=NOW, values={SYSTEM_VM_STATE: Answer(told, 0, NOW + late, 1e12)})
    return list(judge(ZoneGroup("z", "zone1"), members, cloud(*MACHINES)))


def test_clocks_that_agree_say_zero() -> None:
    """Of each machine; the exporter's own clock does not matter, nor when each was visited."""
    said = {sample.labels: sample.value for sample in found(3600, 3603, 3600, visited=(0, 300, 40))}
    assert said == {("zone1", "r-4-VM"): 0, ("zone1", "s-3-VM"): 0, ("zone1", "v-1-VM"): 0}


def test_the_one_that_is_apart_is_named() -> None:
    """Ahead or behind, and the length of a visit is no fault."""
    assert problems(found(0, 3600, 20)) == [("clock_apart_seconds", "about 3580 s ahead of the others of its zone")]
    assert problems(found(0, -600, 55)) == [("clock_apart_seconds", "about 600 s behind the others of its zone")]
    assert problems(found(0, 60, 100)) == []


def test_one_alone_is_unknown() -> None:
    """There is nobody to compare it with."""
    assert found(3600) == []


def test_those_that_have_just_booted_do_not_count() -> None:
    """Their clocks are being set."""
    assert found(0, 3600, 0, uptime=30.0) == []
    assert problems(list(judge(ZoneGroup("z", "zone1"), {}, replace(cloud(), zones={})))) == []
