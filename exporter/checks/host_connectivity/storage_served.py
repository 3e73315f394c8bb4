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
from exporter.checks.host_connectivity.system_vms import CHECK_AGENT_WAY, DESTROY, READ_LOG, storage_vms
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.model import Answers, Check, GroupJudge, Metric, Samples, equals
from exporter.topology.system_vms import service

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
    """Say how many are usable, and whether that is enough for the zone."""
    alive = storage_vms(cloud, group.id)
    found = service(alive, cloud, members[group], is_needed=_is_needed(cloud, group))
    if found is None:
        return
    yield USABLE.sample(group.zone, value=found.usable)
    if found.is_served is not None:
        seen = ", ".join(f"{vm.name} {vm.state}" for vm in alive[:3]) or "no secondary storage VM"
        expected = "one Running with its agent Up"
        yield SERVED.sample(group.zone, value=int(found.is_served), seen=seen, expected=expected)


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
