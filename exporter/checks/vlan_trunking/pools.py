"""Guest VLANs that are left.

Symptom: new networks cannot be made: "Unable to allocate vnet", InsufficientVirtualNetworkCapacityException.
Detect:  the ranges of each physical network against the VLANs of its networks.
Fix:     more VLANs for the physical network; remove networks that nobody uses.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from exporter.checks.vlan_trunking.vlan_sets import merged, size
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.model import Answers, Check, GroupJudge, Metric, Samples, below
from exporter.thresholds import VLAN_POOL_FREE, VLAN_POOL_FREE_RATIO, VLAN_POOL_SMALL
from exporter.topology.vlans import segment
from exporter.topology.zones import is_zone_judged, physical_name

LABELS = ("zone", "physical_network")
POOL = Metric(
    "cloudstack_network_vlan_trunking_pool_vlans", "Guest VLANs or VNIs of the physical network.", labels=LABELS
)
ALLOCATED = Metric(
    "cloudstack_network_vlan_trunking_pool_allocated_vlans",
    "Guest VLANs of the physical network that networks have, by listNetworks.",
    labels=LABELS,
)
FREE = Metric(
    "cloudstack_network_vlan_trunking_pool_free_vlans",
    "Guest VLANs of the physical network that no network has; only of pools that are not small on purpose.",
    labels=LABELS,
    problem=below(VLAN_POOL_FREE),
)
FREE_RATIO = Metric(
    "cloudstack_network_vlan_trunking_pool_free_ratio",
    "Part of the guest VLANs of the physical network that no network has.",
    labels=LABELS,
    problem=below(VLAN_POOL_FREE_RATIO),
)
MORE = "Add VLANs to the physical network's range, on every switch port of its hosts first."
REMOVE = "Remove networks that nobody uses; each keeps its VLAN while it is implemented."


def judge_zone(group: ZoneGroup, _: Mapping[Any, Answers], cloud: Cloud) -> Samples:
    """Yield size, use and rest of the pool of each physical network that has one."""
    used: defaultdict[str, set[int]] = defaultdict(set)
    for network in cloud.networks.values():
        found = segment(network.vlan) if network.vlan and network.zone_id == group.id else None
        if found and found.number is not None:
            used[network.physical_network_id].add(found.number)
    for physical in cloud.physical_networks.values():
        pool = merged(physical.vlan_ranges)
        if physical.zone_id != group.id or not pool:
            continue
        labels = (group.zone, physical_name(cloud, physical.id))
        total = size(pool)
        taken = sum(any(first <= number <= last for first, last in pool) for number in used[physical.id])
        words = {"seen": f"{total - taken} of {total} free", "expected": "enough for the networks to come"}
        yield POOL.sample(*labels, value=total)
        yield ALLOCATED.sample(*labels, value=taken)
        if not is_zone_judged(cloud, group.id):
            continue
        yield FREE_RATIO.sample(*labels, value=round((total - taken) / total, 4), **words)
        if total >= VLAN_POOL_SMALL:
            yield FREE.sample(*labels, value=total - taken, **words)


CHECK = Check(
    title="VLAN pools",
    metrics=(POOL, ALLOCATED, FREE, FREE_RATIO),
    remedies=(MORE, REMOVE),
    groups=(GroupJudge(ZoneGroup, judge_zone),),
    reads=("listPhysicalNetworks", "listNetworks"),
)
