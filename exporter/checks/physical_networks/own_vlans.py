"""VLANs in which a KVM host itself speaks, and that CloudStack may give to a guest network over the same uplink.

Symptom: one day a tenant's new network is the management or storage network, or a host loses that network: the agent
         puts the VLAN device that is already there into the bridge of the guests, and removes it with the last machine.
Detect:  the guest range of the physical network against the VLANs of labels' uplinks, of the pod's and storage ranges,
         and of VLAN devices in no bridge that carry frames, where they lie on the interface of the guests. A device
         whose VLAN a network has already is told by vlan_trunking.
Fix:     take the VLAN out of the guest range, or move the host's traffic into another one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from exporter.checks.physical_networks.kvm import PER_HOST, READS, USED, found_places, is_kvm
from exporter.cloud.cloud import Cloud
from exporter.cloud.second_look import confirmed
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, Metric, Samples, above
from exporter.questions.hosts.links import LINKS, Link, Links
from exporter.thresholds import OWN_VLAN_FRAMES
from exporter.topology.hosts import is_judged, names
from exporter.topology.labels import Place
from exporter.topology.segment_devices import counted
from exporter.topology.tagged_vlans import given
from exporter.topology.vlans import segment

OWN = Metric(
    "cloudstack_network_physical_networks_own_vlans_in_guest_range",
    "VLANs of the host's own (labels, pod, storage, devices with frames) in the guest range of the same uplink.",
    labels=PER_HOST,
    problem=above(0),
)
TAKE_OUT = (
    "Take the VLAN out of the guest range (updatePhysicalNetwork vlan=a-b,c-d); look first whether a network has it."
)
MOVE = "Or move the host's traffic into a VLAN outside of the guest range, host by host in maintenance."

Way = tuple[str, int]  # the interface below, and the VLAN on it
Pools = Mapping[str, frozenset[int]]  # the interface below guest traffic -> the VLANs that CloudStack gives there


def judge(target: HostTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Count the VLANs that are both; not that there are none while none was seen twice, or not all is known."""
    if not is_kvm(target):
        return
    found, links = found_places(target, answers, cloud), answers[LINKS]
    pools, judged = _pools(found, cloud), is_judged(target, cloud, answers.now)
    alone = [link for link in links.of_kind("vlan") if not link.master and link.vlan in pools.get(link.parent, ())]
    own = {**dict(_speaking(alone, answers, target, cloud)), **dict(_meant(found, links, target, cloud))}
    inside = {way: words for way, words in sorted(own.items()) if way[1] in pools.get(way[0], ())}
    sure = [words for (pif, vlan), words in inside.items() if _is_confirmed(target, answers, cloud, pif, vlan)]
    is_told = _is_counted(alone, answers) and not any(place.kind == "unknown" for place in found)
    if sure or not judged or (is_told and not inside):
        yield OWN.sample(
            *names(target, cloud),
            value=len(sure) if judged else 0,
            seen="; ".join(sure[:4]),
            expected="VLANs outside of the range that CloudStack gives to guests over the same uplink",
            remedy=TAKE_OUT,
        )


def _is_confirmed(target: HostTarget, answers: Answers, cloud: Cloud, pif: str, vlan: int) -> bool:
    return confirmed(answers, cloud, target.host.id, "own VLAN", pif, str(vlan), shown_by=(LINKS,))


def _pools(found: tuple[Place, ...], cloud: Cloud) -> Pools:
    """Return what CloudStack may give to guests; a VLAN that somebody chose for a network is meant so."""
    pools: defaultdict[str, frozenset[int]] = defaultdict(frozenset)
    for place in found:
        if place.traffic == "Guest" and place.pif:
            pools[place.pif] |= given(cloud.physical_networks[place.physical_network_id])
    return pools


def _meant(found: tuple[Place, ...], links: Links, target: HostTarget, cloud: Cloud) -> Iterator[tuple[Way, str]]:
    """Yield the VLANs of labels, of the pod's range where management comes untagged, and of storage ranges."""
    pod = cloud.pods.get(target.host.pod_id)
    pods = [one.number for vlan in (pod.vlan_ids if pod else ()) if (one := segment(vlan)) and one.is_vlan]
    zone_id = target.host.zone_id
    storage = [one.vlan for one in cloud.storage_ranges.values() if one.zone_id == zone_id and one.vlan]
    for place in (one for one in found if one.pif):
        if place.vlan is not None:
            yield (_below(place, links), place.vlan), f"VLAN {place.vlan} of {place.device}"
        elif place.traffic == "Management":
            yield from (((place.pif, vlan), f"VLAN {vlan} of the pod's range") for vlan in pods if vlan)
        if place.traffic == "Storage":
            yield from (((place.pif, vlan), f"VLAN {vlan} of a storage range") for vlan in storage)


def _below(place: Place, links: Links) -> str:
    """Return the interface on which the VLAN of a place lies: a label may name the VLAN device itself."""
    link = links.by_name.get(place.pif)
    return link.parent if link is not None and link.kind == "vlan" and link.parent else place.pif


def _speaking(alone: list[Link], answers: Answers, target: HostTarget, cloud: Cloud) -> Iterator[tuple[Way, str]]:
    """Yield the VLANs of devices over which the host has sent more than a device does by itself."""
    loud = [link for link in alone if (frames := counted(link, answers)) and frames.sent >= OWN_VLAN_FRAMES]
    networks = (one for one in cloud.networks.values() if loud and one.zone_id == target.host.zone_id and one.vlan)
    taken = {found.number for one in networks if (found := segment(one.vlan)) and found.is_vlan}
    for link in loud:
        if link.vlan is not None and link.vlan not in taken:
            yield (link.parent, link.vlan), f"VLAN {link.vlan}, the host speaks over {link.name}"


def _is_counted(alone: list[Link], answers: Answers) -> bool:
    """Return whether it is known which of the devices carry frames; two looks at once tell little."""
    return not alone or not (answers.is_on_demand or any(counted(link, answers) is None for link in alone))


CHECK = Check(
    title="VLANs of the host's own",
    metrics=(OWN,),
    remedies=(TAKE_OUT, MOVE),
    judges={HostTarget: judge},
    asks={HostTarget: (LINKS,)},
    uses={HostTarget: USED},
    reads=(*READS, "listPods", "listStorageNetworkIpRange", "listNetworks"),
    judges_cloud=True,
)
