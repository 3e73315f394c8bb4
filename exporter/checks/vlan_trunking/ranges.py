"""VLAN ranges that collide: two physical networks on one uplink, or a public VLAN among the guests'.

Symptom: two networks that have nothing to do with each other share a broadcast domain; addresses collide.
Detect:  the ranges of physical networks whose guest labels are the same, or lead to the same uplink on a host.
Fix:     disjoint ranges, or labels that lead to different uplinks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

from exporter.checks.vlan_trunking.vlan_sets import common, merged, scheme, size
from exporter.checks.vlan_trunking.wiring import SEES, network_name, wiring
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.cloud.networks import PhysicalNetwork
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, GroupJudge, Metric, Samples, above
from exporter.questions.hosts.links import LINKS
from exporter.topology.hosts import is_judged, names
from exporter.topology.vlans import segment
from exporter.topology.zones import is_zone_judged

OVERLAPS = Metric(
    "cloudstack_network_vlan_trunking_range_overlaps",
    "Guest VLANs of the physical network that another one of the zone with the same KVM guest label has too.",
    labels=("zone", "physical_network"),
    problem=above(0),
)
ON_UPLINK = Metric(
    "cloudstack_network_vlan_trunking_uplink_overlaps",
    "Guest VLANs that two physical networks with different labels both send over one uplink of the host.",
    labels=("zone", "cluster", "host"),
    problem=above(0),
)
PUBLIC = Metric(
    "cloudstack_network_vlan_trunking_public_in_guest_range",
    "Public VLANs of the zone that lie in the guest range of the physical network, or of one with the same label.",
    labels=("zone", "physical_network"),
    problem=above(0),
)
DISJOINT = "Change one of the ranges so that no VLAN is in both; networks in the shared part must move first."
MOVE = "Take the public VLAN out of the guest range; look first whether a guest network has it."


def judge_zone(group: ZoneGroup, _: Mapping[Any, Answers], cloud: Cloud) -> Samples:
    """Yield for each physical network with a guest range the VLANs that collide by CloudStack's own word."""
    has_kvm = any(one.zone_id == group.id and one.hypervisor == "KVM" for one in cloud.clusters.values())
    if not (has_kvm and is_zone_judged(cloud, group.id)):
        return
    guests, publics = _labels(cloud, group.id, "Guest"), _labels(cloud, group.id, "Public")
    pools = [one for one in cloud.physical_networks.values() if one.zone_id == group.id and one.vlan_ranges]
    for network in pools:
        beside = [
            (other, common(network.vlan_ranges, other.vlan_ranges))
            for other in pools
            if other is not network
            and _share(guests.get(network.id), guests.get(other.id))
            and scheme(other) == scheme(network)
        ]
        yield OVERLAPS.sample(
            group.zone,
            network_name(cloud, network.id),
            value=size(merged(one for _, shared in beside for one in shared)),
            seen="; ".join(
                f"{_words(shared)} also in {network_name(cloud, other.id)}" for other, shared in beside if shared
            ),
            expected="ranges without a common VLAN",
            remedy=DISJOINT,
        )
        public = sorted(_public_inside(network, guests.get(network.id), publics, cloud))
        yield PUBLIC.sample(
            group.zone,
            network_name(cloud, network.id),
            value=len(public),
            seen=f"public VLAN {', '.join(map(str, public[:5]))}",
            expected=f"public VLANs outside {_words(network.vlan_ranges)}",
            remedy=MOVE,
        )


def _labels(cloud: Cloud, zone_id: str, traffic: str) -> Mapping[str, str]:
    """Return the KVM label of one traffic type by physical network id; empty stands for the agents' default."""
    return {
        one.physical_network_id: one.labels.get("kvm", "")
        for one in cloud.traffic_types.values()
        if one.name == traffic
        and (network := cloud.physical_networks.get(one.physical_network_id))
        and network.zone_id == zone_id
    }


def _share(one: str | None, other: str | None) -> bool:
    """Return whether two guest labels are the same; two without a label both lead to the agent's default."""
    return one is not None and one == other


def _public_inside(
    network: PhysicalNetwork, guest_label: str | None, publics: Mapping[str, str], cloud: Cloud
) -> set[int]:
    """Return the public VLANs in the guest range. Shared networks may use one of it on purpose and do not count."""
    found = set()
    for one in cloud.vlan_ranges.values():
        public = segment(one.vlan) if one.is_public and one.vlan else None
        is_shared = one.physical_network_id == network.id or (
            bool(guest_label) and publics.get(one.physical_network_id) == guest_label
        )
        if (
            public
            and public.number is not None
            and public.scheme == scheme(network)
            and is_shared
            and any(first <= public.number <= last for first, last in network.vlan_ranges)
        ):
            found.add(public.number)
    return found


def judge_host(target: HostTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield how many VLANs two labels with different names bring onto one uplink of the host.

    While it is not known where one of them leads, only what was found all the same is said.
    """
    if not is_judged(target, cloud, answers.now):
        yield ON_UPLINK.sample(*names(target, cloud), value=0)
        return
    places = wiring(target, answers, cloud).places
    guests = {network_id: place for (network_id, traffic), place in places.items() if traffic == "Guest"}
    by_pif: defaultdict[str, list[tuple[str, PhysicalNetwork]]] = defaultdict(list)
    for network_id, place in guests.items():
        if place.pif:
            by_pif[place.pif].append((place.label, cloud.physical_networks[network_id]))
    found = list(_on_uplinks(by_pif, cloud))
    if not found and len(guests) > 1 and any(place.kind == "unknown" for place in guests.values()):
        return
    yield ON_UPLINK.sample(
        *names(target, cloud),
        value=size(merged(one for _, shared in found for one in shared)),
        seen="; ".join(words for words, _ in found[:3]),
        expected="ranges without a common VLAN, or an uplink for each",
        remedy=DISJOINT,
    )


def _on_uplinks(
    by_pif: Mapping[str, list[tuple[str, PhysicalNetwork]]], cloud: Cloud
) -> Iterator[tuple[str, tuple[tuple[int, int], ...]]]:
    for pif, labelled in by_pif.items():
        for (label, one), (other_label, other) in combinations(labelled, 2):
            shared = common(one.vlan_ranges, other.vlan_ranges)
            if label != other_label and shared and scheme(one) == scheme(other):
                pair = f"{network_name(cloud, one.id)} and {network_name(cloud, other.id)}"
                yield f"{_words(shared)} of {pair} on {pif}", shared


def _words(ranges: tuple[tuple[int, int], ...]) -> str:
    return "VLANs " + ", ".join(f"{first}-{last}" if last > first else str(first) for first, last in ranges[:3])


CHECK = Check(
    title="VLAN ranges",
    metrics=(OVERLAPS, ON_UPLINK, PUBLIC),
    remedies=(DISJOINT, MOVE),
    judges={HostTarget: judge_host},
    asks={HostTarget: (LINKS,)},
    uses={HostTarget: SEES},
    groups=(GroupJudge(ZoneGroup, judge_zone),),
    reads=("listPhysicalNetworks", "listTrafficTypes", "listVlanIpRanges", "listClusters"),
    judges_cloud=True,
)
