"""Clocks of system VMs against those of the management servers, else the exporter's."""

from __future__ import annotations

from dataclasses import replace

from exporter.checks.host_connectivity.system_vm_clocks import judge
from exporter.cloud.groups import ZoneGroup
from exporter.cloud.objects import ManagementServer, Router, SystemVm
from exporter.cloud.targets import ManagementServerTarget, Target
from exporter.model import Answer, Answers, Sample
from exporter.questions.management.service import MANAGEMENT_SERVICE, ManagementService
from exporter.questions.system_vms.system_vm import SYSTEM_VM_STATE
from tests.checks.host_connectivity.inside_scene import NOW, cloud, problems, router, state, storage_vm, target

PROXY = storage_vm(id="v1", name="v-1-VM", kind="consoleproxy")
MACHINES: tuple[Router | SystemVm, ...] = (router(), storage_vm(), PROXY)


def found(
    *ahead: int, uptime: float = 1e6, visited: tuple[float, ...] = (0, 0, 0), servers: tuple[int, ...] = ()
) -> list[Sample]:
    """Return what is said when clocks are so many seconds ahead; ``visited``: seconds by which visits were later."""
    members: dict[Target, Answers] = {}
    for number, seconds in enumerate(servers):
        server = ManagementServerTarget(ManagementServer(str(number), f"mgmt-{number}", "Up", ""), None)
        service = ManagementService(int(NOW) + seconds, "active", None)
        members[server] = Answers(now=NOW, values={MANAGEMENT_SERVICE: Answer(service, 0, NOW, 1e12)})
    for one, seconds, late in zip(MACHINES, ahead, visited, strict=False):
        told = state(clock=int(NOW + late) + seconds, uptime=uptime)
        members[target(one)] = Answers(now=NOW, values={SYSTEM_VM_STATE: Answer(told, 0, NOW + late, 1e12)})
    return list(judge(ZoneGroup("z", "zone1"), members, cloud(*MACHINES)))


def test_clocks_that_agree_say_zero() -> None:
    """Of each machine; beside management servers the exporter's clock does not matter, nor when each was visited."""
    zero = {("zone1", "r-4-VM"): 0, ("zone1", "s-3-VM"): 0, ("zone1", "v-1-VM"): 0}
    for told in (
        found(0, 3, 0, visited=(0, 300, 40)),
        found(3600, 3603, 3600, visited=(0, 300, 40), servers=(3600,)),
        found(0, 3, 0, servers=(0, 3600)),
    ):
        assert {sample.labels: sample.value for sample in told} == zero


def test_all_of_them_may_be_wrong() -> None:
    """Templates without NTP drift alike: it is the management servers, who issue tickets, that they must agree with."""
    words = ("clock_apart_seconds", "about 600 s behind the management servers")
    assert problems(found(-600, -600, servers=(0, 1))) == [words] * 2
    assert problems(found(-600, 0, servers=(0,))) == [words]
    assert problems(found(-600, 0)) == [("clock_apart_seconds", "about 600 s behind the exporter")]


def test_the_one_that_is_apart_is_named() -> None:
    """Ahead or behind, and the length of a visit is no fault."""
    assert problems(found(0, 3600, 20)) == [("clock_apart_seconds", "about 3600 s ahead of the exporter")]
    assert problems(found(0, -600, 55)) == [("clock_apart_seconds", "about 600 s behind the exporter")]
    assert problems(found(0, 60, 100)) == []


def test_against_the_exporter_alone_nobody_is_blamed() -> None:
    """The clock of one of them is wrong: whose is unknown."""
    assert found(3600) == []
    assert found(-600, -600) == []
    assert [sample.value for sample in found(0)] == [0]


def test_those_that_have_just_booted_do_not_count() -> None:
    """Their clocks are being set."""
    assert found(0, 3600, 0, uptime=30.0) == []
    assert problems(list(judge(ZoneGroup("z", "zone1"), {}, replace(cloud(), zones={})))) == []
