"""Physical networks for guests that CloudStack cannot choose, or on which it has no VLAN to give.

Symptom: networks cannot be made or do not start: "More than one physical networks exist ... and no tags are
         specified", "Unable to find physical network which match the tags", "Unable to allocate vnet".
Detect:  listPhysicalNetworks and listTrafficTypes: several guest physical networks of a zone need tags; the tags of
         enabled network offerings (listNetworkOfferings) must be those of one, there or in another zone; and one
         that serves isolated networks needs a VLAN range. Of a single one CloudStack asks no tags.
Fix:     tag the physical networks, correct the tags of the offering, or give the physical network VLANs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exporter.checks.physical_networks.physical import guest_networks, is_bridged, is_judged, names_of
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.cloud.networks import NetworkOffering, PhysicalNetwork
from exporter.model import Check, GroupJudge, Metric, Samples, above

UNTAGGED = Metric(
    "cloudstack_network_physical_networks_guest_networks_untagged",
    "Guest physical networks without tags in a zone that has several; CloudStack cannot choose among them.",
    labels=("zone",),
    problem=above(0),
)
OFFERINGS = Metric(
    "cloudstack_network_physical_networks_offerings_without_network",
    "Enabled guest network offerings with tags that no guest physical network has, of a zone where tags choose.",
    labels=("zone",),
    problem=above(0),
)
NO_VLANS = Metric(
    "cloudstack_network_physical_networks_vlan_range_missing",
    "Whether an enabled guest physical network (VLAN or VXLAN) has no range, though isolated networks would go there.",
    labels=("zone", "physical_network"),
    problem=above(0),
)
ADD_TAGS = "Give each guest physical network tags (updatePhysicalNetwork) and the offerings the tags of their network."
CORRECT_OFFERING = (
    "Correct the tags: of the physical network with updatePhysicalNetwork, or make the offering again, whose tags "
    "cannot be changed, and disable the old one."
)
ADD_RANGE = "Give the physical network its VLAN range, one that the switches trunk (updatePhysicalNetwork vlan=a-b)."


def judge(group: ZoneGroup, _: Mapping[Any, Any], cloud: Cloud) -> Samples:
    """Count networks without tags, offerings that fit nowhere, and say which networks have no VLANs to give."""
    judged = is_judged(cloud, group.id)
    guest = guest_networks(cloud, group.id)
    untagged = [one for one in guest if not one.tags] if len(guest) > 1 else []
    names = names_of(cloud, group.id)
    yield UNTAGGED.sample(
        group.zone,
        value=judged * len(untagged),
        seen=f"without tags: {', '.join(names[one.id] for one in untagged[:5])}",
        expected=f"tags on each of {len(guest)} guest physical networks",
        remedy=ADD_TAGS,
    )
    lost = _lost(group.id, cloud) if judged and len(guest) > 1 else []
    yield OFFERINGS.sample(
        group.zone,
        value=len(lost),
        seen=", ".join(f"{one.name} ({','.join(one.tags)})" for one in sorted(lost, key=lambda one: one.name)[:3]),
        expected="tags of a guest physical network",
        remedy=CORRECT_OFFERING,
    )
    for network in guest:
        value = int(judged and _lacks_vlans(network, len(guest), cloud))
        yield NO_VLANS.sample(
            group.zone,
            names[network.id],
            value=value,
            seen="no VLAN range",
            expected=f"a range, isolation is {', '.join(network.isolation_methods)}",
            remedy=ADD_RANGE,
        )


def _enabled(cloud: Cloud) -> tuple[NetworkOffering, ...]:
    return tuple(one for one in cloud.offerings.values() if one.state == "Enabled" and one.traffic_type == "Guest")


def _lost(zone_id: str, cloud: Cloud) -> list[NetworkOffering]:
    """Return the offerings whose tags choose nothing in a zone with several guest physical networks.

    One that fits by its tags in another enabled zone is meant for that one; where a zone has one network, every
    offering can be used there, which says nothing of the others. Source: NetworkModelImpl.findPhysicalNetworkId.
    """
    zones = [zone.id for zone in cloud.zones.values() if zone.enabled]
    tags = {tag for one in zones for network in guest_networks(cloud, one) for tag in network.tags}
    here = (one for one in _enabled(cloud) if not one.zone_ids or zone_id in one.zone_ids)
    return [one for one in here if one.tags and not tags & set(one.tags)]


def _lacks_vlans(network: PhysicalNetwork, number: int, cloud: Cloud) -> bool:
    """Return whether CloudStack would choose a VLAN of this network for somebody, and has none.

    Basic zones and those with security groups have shared networks, whose VLAN is chosen by hand; so may others.
    """
    zone = cloud.zones[network.zone_id]
    if zone.network_type != "Advanced" or zone.security_groups:
        return False
    chosen = any(
        one.guest_type == "Isolated"
        and not one.specifies_vlan
        and (number == 1 or bool(set(one.tags) & set(network.tags)))
        for one in _enabled(cloud)
    )
    return chosen and network.enabled and is_bridged(network) and not network.vlan_ranges


CHECK = Check(
    title="Guest physical networks",
    metrics=(UNTAGGED, OFFERINGS, NO_VLANS),
    remedies=(ADD_TAGS, CORRECT_OFFERING, ADD_RANGE),
    groups=(GroupJudge(ZoneGroup, judge),),
    reads=("listZones", "listPhysicalNetworks", "listTrafficTypes", "listNetworkOfferings"),
)
