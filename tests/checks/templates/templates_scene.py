"""A zone with templates, and short ways to ask what is said of it from refresh to refresh."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.cloud.objects import Cluster, SystemVm, Zone
from exporter.cloud.storage import Download, Place, Template
from exporter.cloud.targets import SecondaryStorageVmTarget
from exporter.memory import Scope
from exporter.model import Answer, Answers, Check, Sample
from exporter.questions.dialling import Reach
from exporter.questions.system_vms.storage_ways import SSVM_REACH

NOW = 1_795_000_000.0
ZONE = ZoneGroup("z1", "east")
PREFIX = "cloudstack_network_templates_"
Said = dict[tuple[str, ...], Sample]


def template(name: str = "debian-12", *states: str, percent: int | None = None, **changes: Any) -> Template:
    """Return a public template that is ready, unless states of its copies are given."""
    fields: dict[str, Any] = {
        "id": name,
        "zone_id": "z1",
        "name": name,
        "is_ready": not states,
        "status": "" if states else "Download Complete",
        "hypervisor": "KVM",
        "format": "QCOW2",
        "type": "USER",
        "is_public": True,
        "downloads": tuple(Download(f"nfs{n}", state, percent) for n, state in enumerate(states or ("DOWNLOADED",))),
    }
    return Template(**(fields | changes))


def zone(
    *templates: Template, hypervisors: Iterable[str] = ("KVM",), enabled: bool = True, kind: str = "", **fields: Any
) -> Cloud:
    """Return a Cloud of one zone with these templates and one cluster of each hypervisor."""
    clusters = {name: Cluster(name, name, "z1", "p1", name, enabled=True, managed=True) for name in hypervisors}
    return Cloud(
        at=NOW,
        generation=2,
        zones={"z1": Zone("z1", "east", "Advanced", False, enabled, kind)},
        clusters=clusters,
        templates={(one.id, one.zone_id): one for one in templates},
        **fields,
    )


def asked(*reaches: Mapping[Place, Reach]) -> dict[Any, Answers]:
    """Return what secondary storage VMs answer."""
    found = {}
    for number, reach in enumerate(reaches):
        vm = SystemVm(id=str(number), name=f"s-{number}-VM", kind="secondarystoragevm", state="Running",
                      agent_state="Up", zone_id="z1")  # fmt: skip
        target = SecondaryStorageVmTarget(vm, "east", None)
        found[target] = Answers(values={SSVM_REACH: Answer(reach, 1.0, 1.0, 99.0)})
    return found


def said(check: Check, *refreshes: tuple[float, Cloud], members: Mapping[Any, Answers] | None = None) -> Said:
    """Return what a check says of the zone after refreshes at these times of the boot clock."""
    (judge,) = check.groups
    scope, samples = Scope(), tuple[Sample, ...]()
    for asked, cloud in refreshes:
        scope.begin()
        own = {ZONE: Answers(now=NOW, asked=asked, memory=scope.held)} if judge.remembers else {}
        told = replace(cloud, asked=asked, finished=asked + 1)
        samples = tuple(judge.judge(ZONE, {**(members or {}), **own}, told))
        scope.end()
    return by_name(samples)


def by_name(samples: Iterable[Sample]) -> Said:
    """Return samples by short metric name and labels without the zone; a second one of the same is an error."""
    found: Said = {}
    for sample in samples:
        assert sample.labels[0] == "east"
        key = (sample.metric.name.removeprefix(PREFIX), *sample.labels[1:])
        assert key not in found
        found[key] = sample
    return found


def problems(found: Said) -> set[tuple[str, ...]]:
    """Return the keys of the samples that are problems; each explains itself and says what to do."""
    bad = {key: one for key, one in found.items() if one.metric.problem and one.metric.problem.holds(one.value, NOW)}
    assert all(sample.seen for sample in bad.values())
    return set(bad)
