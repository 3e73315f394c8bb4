"""Zones in which no secondary storage VM works.

Symptom: no template is downloaded, no snapshot is backed up, no volume is uploaded in the whole zone.
Detect:  listSystemVms: not one secondary storage VM both Running and with its agent Up, although the zone is enabled,
         has an image store and hosts.
Fix:     see why the newest one does not start or connect: capacity, system VM template, addresses, the setting 'host'.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exporter.checks.host_connectivity.hypervisors import judged
from exporter.checks.host_connectivity.system_vms import (
    CHECK_AGENT_WAY,
    DESTROY,
    PROBLEM_STATES,
    READ_LOG,
    agent_state,
    is_settling,
    storage_vms,
)
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.cloud.objects import SystemVm
from exporter.model import Answers, Check, GroupJudge, Metric, Samples, equals
from exporter.thresholds import SYSTEM_VM_SETTLES_SECONDS

WITHOUT = frozenset({"BareMetal", "Simulator", "External"})
"""Hypervisors on which no system VM runs."""
USABLE = Metric(
    "cloudstack_network_host_connectivity_secondary_storage_vms_usable",
    "Secondary storage VMs of the zone that run and whose agent is Up, from listSystemVms.",
    labels=("zone",),
)
SERVED = Metric(
    "cloudstack_network_host_connectivity_zone_secondary_storage_served",
    "Whether a secondary storage VM of the zone is usable, or none is needed; not said while a new one starts.",
    labels=("zone",),
    problem=equals(0),
)


def judge(group: ZoneGroup, members: Mapping[Any, Answers], cloud: Cloud) -> Samples:
    """Say how many are usable, and whether that is enough for the zone.

    One after the other that starts and never arrives is none: they are waited for as long as one needs.
    """
    living = storage_vms(cloud, group.id)
    states = [_is_usable(cloud, vm) for vm in living]
    usable = states.count(True)
    if usable == 0 and None in states:
        return  # it runs, and CloudStack does not tell of its agent
    yield USABLE.sample(group.zone, value=usable)
    is_needed = _is_needed(cloud, group)
    starts = any(vm.state not in PROBLEM_STATES and is_settling(cloud, vm, cloud.at) for vm in living)
    lacks = usable == 0 and is_needed
    if not lacks or members[group].held("unserved", group.id).seconds >= SYSTEM_VM_SETTLES_SECONDS or not starts:
        seen = ", ".join(f"{vm.name} {vm.state}" for vm in living[:3]) or "no secondary storage VM"
        served = int(usable > 0 or not is_needed)
        yield SERVED.sample(group.zone, value=served, seen=seen, expected="one Running with its agent Up")


def _is_usable(cloud: Cloud, vm: SystemVm) -> bool | None:
    """Return whether it runs and its agent is Up; None when CloudStack does not tell."""
    if not vm.is_running:
        return False
    state = agent_state(cloud, vm)
    return None if state is None else state == "Up"


def _is_needed(cloud: Cloud, group: ZoneGroup) -> bool:
    """Return whether the zone should have one: it is enabled, no edge zone, and has an image store and hosts."""
    zone = cloud.zones.get(group.id)
    if zone is None or not zone.enabled or zone.type == "Edge":
        return False
    stores = any(store.zone_id in ("", zone.id) for store in cloud.image_stores.values())
    return stores and any(host.hypervisor not in WITHOUT for host, _ in judged(cloud, group))


CHECK = Check(
    title="Usable secondary storage VMs per zone",
    metrics=(USABLE, SERVED),
    remedies=(READ_LOG, CHECK_AGENT_WAY, DESTROY),
    groups=(GroupJudge(ZoneGroup, judge, remembers=True),),
    reads=("listSystemVms", "listImageStores", "listZones", "listHosts", "listClusters", "listPods"),
)
