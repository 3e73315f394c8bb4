"""Zones whose physical networks lack a traffic type, or carry one twice.

Symptom: system VMs or routers do not start ("Unable to find physical network"), or come up on the wrong network.
Detect:  listTrafficTypes of every physical network of the zone. Which are needed CloudStack's own zone wizard says:
         guest always, management but in edge zones, public in advanced zones without security groups. Networks of a
         controller (NSX, Netris, ...) may have their own way out.
Fix:     add the traffic type to the right physical network, or take it from the wrong one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from exporter.checks.physical_networks.physical import (
    is_bridged,
    is_judged,
    names_of,
    physical_networks,
    traffic_types,
)
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.model import Check, GroupJudge, Metric, Samples, above

ONCE = ("Management", "Public", "Storage")
"""Traffic types of which a zone may have one; guest traffic may be on several physical networks."""
LABELLED = ("Management", "Public", "Guest", "Storage")
LABEL_OF = {"KVM": "kvm", "XenServer": "xen", "VMware": "vmware", "Hyperv": "hyperv", "Ovm3": "ovm3"}
"""Hypervisor of a cluster -> whose label it reads."""

MISSING = Metric(
    "cloudstack_network_physical_networks_traffic_types_missing",
    "Traffic types that the zone needs and that none of its physical networks carries.",
    labels=("zone",),
    problem=above(0),
)
DOUBLED = Metric(
    "cloudstack_network_physical_networks_traffic_types_doubled",
    "Traffic types (management, public, storage) that more than one physical network of the zone carries.",
    labels=("zone",),
    problem=above(0),
)
UNLABELLED = Metric(
    "cloudstack_network_physical_networks_labels_unset",
    "Traffic types of the zone without a label for a hypervisor that the zone has; hosts then use their own default.",
    labels=("zone", "hypervisor"),
)
STORAGE_SHARED = Metric(
    "cloudstack_network_physical_networks_storage_shares_management",
    "Whether storage traffic is labelled as management traffic is, although a storage range has a VLAN of its own.",
    labels=("zone",),
)
ADD = "Add the traffic type to a physical network of the zone (addTrafficType), with the label of its bridge."
REMOVE = "Delete the traffic type from the physical network that should not carry it (deleteTrafficType)."


def judge(group: ZoneGroup, _: Mapping[Any, Any], cloud: Cloud) -> Samples:
    """Count what is missing, doubled and without a label; a disabled zone has no fault yet."""
    judged = is_judged(cloud, group.id)
    found = traffic_types(cloud, group.id)
    times = Counter(one.name for one in found)
    missing = [name for name in _needed(cloud, group.id) if not times[name]]
    yield MISSING.sample(
        group.zone,
        value=judged * len(missing),
        seen=f"no physical network carries {', '.join(missing)}",
        expected=", ".join(_needed(cloud, group.id)),
        remedy=ADD,
    )
    doubled = [name for name in ONCE if times[name] > 1]
    physical = names_of(cloud, group.id)
    where = sorted({f"{one.name} on {physical[one.physical_network_id]}" for one in found if one.name in doubled})
    yield DOUBLED.sample(
        group.zone,
        value=judged * len(doubled),
        seen=", ".join(where[:6]),
        expected="each on one physical network",
        remedy=REMOVE,
    )
    yield from _labels(group, cloud)


def _needed(cloud: Cloud, zone_id: str) -> tuple[str, ...]:
    """Return the traffic types that a zone needs. Source: ZoneWizardPhysicalNetworkSetupStep.vue."""
    zone = cloud.zones.get(zone_id)
    is_edge = zone is not None and zone.type == "Edge"
    needs_public = zone is not None and zone.network_type == "Advanced" and not zone.security_groups and not is_edge
    needs_public = needs_public and all(is_bridged(network) for network in physical_networks(cloud, zone_id))
    return ("Guest", *(() if is_edge else ("Management",)), *(("Public",) if needs_public else ()))


def _labels(group: ZoneGroup, cloud: Cloud) -> Samples:
    found = [one for one in traffic_types(cloud, group.id) if one.name in LABELLED]
    hypervisors = {cluster.hypervisor for cluster in cloud.clusters.values() if cluster.zone_id == group.id}
    for hypervisor in sorted(hypervisors & LABEL_OF.keys()):
        unset = sum(LABEL_OF[hypervisor] not in one.labels for one in found)
        yield UNLABELLED.sample(group.zone, hypervisor, value=unset)
    if "listStorageNetworkIpRange" in cloud.lacks:
        return
    labels = {one.name: one.labels.get("kvm", "") for one in found}
    is_shared = bool(labels.get("Storage")) and labels.get("Storage") == labels.get("Management")
    has_vlan = any(one.zone_id == group.id and one.vlan is not None for one in cloud.storage_ranges.values())
    yield STORAGE_SHARED.sample(group.zone, value=int(is_shared and has_vlan))


CHECK = Check(
    title="Traffic types of zones",
    metrics=(MISSING, DOUBLED, UNLABELLED, STORAGE_SHARED),
    remedies=(ADD, REMOVE),
    groups=(GroupJudge(ZoneGroup, judge),),
    reads=("listZones", "listPhysicalNetworks", "listTrafficTypes", "listClusters"),
)
