"""A zone with a cluster of hosts and system VMs, and judges of CloudStack's word run over it as the engine does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.cloud.objects import Cluster, Host, ManagementServer, Pod, SystemVm, Zone
from exporter.cloud.storage import ImageStore
from exporter.memory import Scope
from exporter.model import Answers, Sample

NOW = 1_800_000_000.0
DAY = 86400.0
ZONE = ZoneGroup("z", "zone-1")
PREFIX = "cloudstack_network_host_connectivity_"


def host(number: int = 1, **changes: Any) -> Host:
    """Return a KVM host that is Up."""
    given: dict[str, Any] = {
        "id": f"h-{number}", "name": f"kvm-{number}", "type": "Routing", "state": "Up", "resource_state": "Enabled",
        "address": f"10.0.1.{number}", "zone_id": "z", "pod_id": "p", "cluster_id": "c", "hypervisor": "KVM",
        "version": "4.20.1.0", "management_server": "m", "created": NOW - 90 * DAY,
    }  # fmt: skip
    return Host(**(given | changes))


def agent(name: str = "s-2-VM", **changes: Any) -> Host:
    """Return the row of a system VM's agent in listHosts."""
    given: dict[str, Any] = {"id": f"agent {name}", "name": name, "type": "SecondaryStorageVM", "hypervisor": ""}
    return host(**(given | {"cluster_id": "", "address": "10.0.2.2"} | changes))


def vm(name: str = "s-2-VM", **changes: Any) -> SystemVm:
    """Return a secondary storage VM that works."""
    given: dict[str, Any] = {
        "id": name, "name": name, "kind": "secondarystoragevm", "state": "Running", "agent_state": "Up", "zone_id": "z",
        "host_id": "h-1", "host_name": "kvm-1", "hypervisor": "KVM", "version": "4.20.1.0", "created": NOW - 30 * DAY,
        "template_name": "SystemVM Template (KVM)",
    }  # fmt: skip
    return SystemVm(**(given | changes))


def store(zone_id: str = "z") -> ImageStore:
    """Return an image store of a zone, or of the region."""
    return ImageStore("i", "secondary", zone_id, "nfs", "nfs://10.0.3.1/export")


def server(version: str = "4.20.1.0", state: str = "Up") -> ManagementServer:
    """Return a management server."""
    return ManagementServer(f"m {version}", "mgmt-1", state, "10.0.0.1", version)


def cloud(*things: Host | SystemVm | ImageStore | ManagementServer, **fields: Any) -> Cloud:
    """Return a Cloud of one zone, pod and cluster that are enabled, and these things in it."""

    def by_id(kind: type[Any]) -> dict[str, Any]:
        return {one.id: one for one in things if isinstance(one, kind)}

    given: dict[str, Any] = {
        "zones": {"z": Zone("z", "zone-1", "Advanced", security_groups=False, enabled=True)},
        "pods": {"p": Pod("p", "pod-1", "z")},
        "clusters": {"c": cluster()},
        "hosts": by_id(Host),
        "system_vms": by_id(SystemVm),
        "image_stores": by_id(ImageStore),
        "management_servers": by_id(ManagementServer),
        "settings": {"host": "10.0.0.1", "minreq.sysvmtemplate.version": "4.10.0"},
        "asked": 100.0, "finished": 110.0, "at": NOW,
    }  # fmt: skip
    return Cloud(**(given | fields))


def cluster(name: str = "cluster-1", identity: str = "c", **changes: Any) -> Cluster:
    """Return a cluster that is managed."""
    return replace(Cluster(identity, name, "z", "p", "KVM", enabled=True, managed=True), **changes)


def of_zone(judge: Callable[..., Any], *seen: Cloud) -> list[Sample]:
    """Return what is said of the zone at the last of these refreshes; memory goes from each to the next."""
    scope, found = Scope(), []
    for one in seen:
        scope.begin()
        found = list(judge(ZONE, {ZONE: Answers(now=one.at, asked=one.asked, memory=scope.held)}, one))
        scope.end()
    return found


def values(samples: list[Sample], metric: str) -> dict[str, float]:
    """Return the values of one metric, named without the common prefix, by the label that names the object."""
    return {
        one.label(one.metric.subject) or one.labels[-1]: one.value
        for one in samples
        if one.metric.name == PREFIX + metric
    }


def states(samples: list[Sample], metric: str) -> dict[str, str]:
    """Return the states that are 1, by object; each set has exactly one."""
    rows = [one for one in samples if one.metric.name == PREFIX + metric]
    found = [(one.label(one.metric.subject), one.label("state")) for one in rows if one.value]
    assert len(found) == len({name for name, _ in found}) == len({one.label(one.metric.subject) for one in rows})
    return dict(found)


def is_problem(sample: Sample) -> bool:
    """Return whether a sample is a problem by its metric's own words."""
    return sample.metric.problem is not None and sample.metric.problem.holds(sample.value, NOW)


def problems(samples: list[Sample]) -> list[str]:
    """Return the short names of metrics and objects that are problems."""
    return [f"{one.metric.name.removeprefix(PREFIX)} {one.labels[-1]}" for one in samples if is_problem(one)]
