"""Agents of another release than their management servers.

Symptom: single commands fail on some hosts, or after an upgrade on all system VMs.
Detect:  version of listHosts and listSystemVms against the newest management server that is Up, release by release.
Fix:     upgrade cloudstack-agent on the hosts; system VMs take theirs when they are patched or destroyed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exporter.checks.host_connectivity.hypervisors import PER_HOST, judged
from exporter.checks.host_connectivity.versions import numbers, release
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.model import Check, GroupJudge, Metric, Sample, Samples, above
from exporter.topology.system_vms import GONE

UPGRADE_AGENT = "Upgrade the package cloudstack-agent on the host to the version of the management servers; restart it."
PATCH_VM = "Patch the system VM (patchSystemVm, 4.17 and newer), or destroy it: CloudStack makes a new one."
HOST_DIFFERS = Metric(
    "cloudstack_network_host_connectivity_host_version_differs",
    "Whether the agent of the host is Up and of another release than the newest management server that is Up.",
    labels=PER_HOST,
    problem=above(0),
)
VM_DIFFERS = Metric(
    "cloudstack_network_host_connectivity_system_vm_version_differs",
    "Whether the agent of the running system VM is of another release than the newest management server that is Up.",
    labels=("zone", "system_vm"),
    problem=above(0),
)
INFO = Metric(
    "cloudstack_network_host_connectivity_system_vm_info",
    "Where the system VM runs, its agent's version and the template it was made from, from listSystemVms; always 1.",
    labels=("zone", "system_vm", "kind", "hypervisor", "host", "version", "template"),
    subject="system_vm",
)


def judge(group: ZoneGroup, _members: Mapping[Any, Any], cloud: Cloud) -> Samples:
    """Yield of hosts and system VMs of the zone whether their agents are of the release that commands them."""
    newest = _newest(cloud)
    for host, labels in judged(cloud, group):
        if host.state == "Up" and release(host.version) and newest:
            yield _sample(HOST_DIFFERS, labels, host.version, newest, UPGRADE_AGENT)
    for vm in sorted(cloud.system_vms.values(), key=lambda vm: vm.name):
        if vm.zone_id != group.id or vm.state in GONE:
            continue
        words = (vm.kind, vm.hypervisor, vm.host_name, vm.version, vm.template_name)
        yield INFO.sample(group.zone, vm.name, *words, value=1)
        if vm.is_running and release(vm.version) and newest:
            yield _sample(VM_DIFFERS, (group.zone, vm.name), vm.version, newest, PATCH_VM)


def _newest(cloud: Cloud) -> str:
    """Return the newest version of the management servers that are Up; empty when none is told."""
    living = (server.version for server in cloud.management_servers.values() if server.state == "Up")
    return max((version for version in living if release(version)), key=numbers, default="")


def _sample(metric: Metric, labels: tuple[str, ...], version: str, newest: str, remedy: str) -> Sample:
    differs = release(version) != release(newest)
    expected = f"{newest}, as the management servers"
    return metric.sample(*labels, value=int(differs), seen=f"version {version}", expected=expected, remedy=remedy)


CHECK = Check(
    title="One release of agents and management servers",
    metrics=(HOST_DIFFERS, VM_DIFFERS, INFO),
    remedies=(UPGRADE_AGENT, PATCH_VM),
    groups=(GroupJudge(ZoneGroup, judge),),
    reads=("listHosts", "listClusters", "listPods", "listZones", "listSystemVms", "listManagementServers"),
)
