"""Guest VLANs that are left.

Symptom: new networks cannot be made: "Unable to allocate vnet", InsufficientVirtualNetworkCapacityException.
Detect:  the ranges of each physical network against the VLANs of its networks.
Fix:     more VLANs for the physical network; remove networks that nobody uses.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from exporter.checks.vlan_trunking.vlan_sets import Ranges, common, merged, size
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
DEDICATED = Metric(
    "cloudstack_network_vlan_trunking_pool_dedicated_vlans",
    "Guest VLANs of the physical network that no network has and only one account may use.",
    labels=LABELS,
)
FREE = Metric(
    "cloudstack_network_vlan_trunking_pool_free_vlans",
    "Guest VLANs of the physical network that any network may get; only of pools that are not small on purpose.",
    labels=LABELS,
    problem=below(VLAN_POOL_FREE),
)
FREE_RATIO = Metric(
    "cloudstack_network_vlan_trunking_pool_free_ratio",
    "Part of the guest VLANs of the physical network that any network may get.",
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
        kept = _kept(physical.id, pool, used[physical.id], cloud)
        free = total - taken - kept
        words = {"seen": f"{free} of {total} free" + f", {kept} more for one account" * bool(kept)}
        words["expected"] = "enough for the networks to come"
        yield POOL.sample(*labels, value=total)
        yield ALLOCATED.sample(*labels, value=taken)
        yield DEDICATED.sample(*labels, value=kept)
        if not is_zone_judged(cloud, group.id):
            continue
        yield FREE_RATIO.sample(*labels, value=round(free / total, 4), **words)
        if total >= VLAN_POOL_SMALL:
            yield FREE.sample(*labels, value=free, **words)


def _kept(physical_network_id: str, pool: Ranges, used: set[int], cloud: Cloud) -> int:
    """Return how many VLANs of a pool are kept for single accounts and not used yet."""
    dedicated = common(
        pool,
        (
            pair
            for one in cloud.dedicated_ranges.values()
            if one.physical_network_id == physical_network_id
            for pair in one.vlan_ranges
        ),
    )
    return size(dedicated) - sum(any(first <= number <= last for first, last in dedicated) for number in used)


CHECK = Check(
    title="VLAN pools",
    metrics=(POOL, ALLOCATED, DEDICATED, FREE, FREE_RATIO),
    remedies=(MORE, REMOVE),
    groups=(GroupJudge(ZoneGroup, judge_zone),),
    reads=("listPhysicalNetworks", "listNetworks", "listDedicatedGuestVlanRanges"),
)
