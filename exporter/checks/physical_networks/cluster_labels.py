"""Hosts whose traffic types lie elsewhere than on most hosts of their cluster.

Symptom: live migration to or from one host fails, or machines that started there are on another wire.
Detect:  per host the device of each traffic type and, where CloudStack puts VLANs on it, the interface below which VLAN
         devices are made, against what more than half of at least three hosts have. VLAN bridges are named
         br<uplink>-<vlan>, so names must agree; nothing is named after the uplink of untagged traffic, or of VXLAN.
Fix:     the same bridges and the same names of uplinks on all hosts of a cluster.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from exporter.checks.physical_networks.kvm import PER_HOST, READS, UNIFORM, USED, found_places, is_kvm
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ClusterGroup
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, GroupJudge, Metric, Samples, above
from exporter.questions.hosts.links import LINKS
from exporter.topology.hosts import absent, is_judged, names
from exporter.topology.labels import LABELLED, Place
from exporter.topology.majority import differs, majority, odd_ones
from exporter.topology.tagged_vlans import tagged_vlans

UNLIKE = Metric(
    "cloudstack_network_physical_networks_labels_unlike_peers",
    "Traffic types of the host that lie on another device, or tagged on another uplink name, than on most peers.",
    labels=PER_HOST,
    problem=above(0),
    follows=("cloudstack_network_physical_networks_label_missing",),
)

Where = tuple[str, str]  # device, and the interface below it
Traffic = tuple[str, str]  # physical network id, traffic type


def judge(group: ClusterGroup, members: Mapping[HostTarget, Answers], cloud: Cloud) -> Samples:
    """Compare the hosts of one cluster; those that are not judged do not count as peers either.

    Of a host of which some places are not known only what differs is said, not that nothing does; nor while so many
    hosts have not told that another place may be that of most.
    """
    known = {target: answers for target, answers in members.items() if is_kvm(target) and LINKS in answers.values}
    judged = {target: answers for target, answers in known.items() if is_judged(target, cloud, answers.now)}
    found: defaultdict[Traffic, dict[HostTarget, Where]] = defaultdict(dict)
    unknown = set()
    untold: Counter[Traffic] = Counter()
    missing, tagged = absent(known, group, cloud), _tagged(group, cloud)
    for target, answers in judged.items():
        here = found_places(target, answers, cloud)
        if any(place.kind == "unknown" for place in here):
            unknown.add(target)
        untold.update((place.physical_network_id, place.traffic) for place in here if place.kind == "unknown")
        for key, where in _wheres(here, tagged):
            found[key][target] = where
    odd: defaultdict[HostTarget, list[tuple[str, Where, Where]]] = defaultdict(list)
    for (network, traffic), by_host in found.items():
        common, silent = majority(by_host), missing + untold[network, traffic]
        unknown |= {one for one, where in by_host.items() if differs(where, by_host, silent) is None}
        for target in odd_ones(by_host):
            odd[target].append((traffic, by_host[target], common or ("", "")))
    for target in known:
        rows = sorted(odd[target])
        if target in unknown and not rows:
            continue
        yield UNLIKE.sample(
            *names(target, cloud),
            value=len(rows),
            seen=", ".join(f"{traffic} {_words(own)}" for traffic, own, _ in rows[:4]),
            expected="as most: " + ", ".join(f"{traffic} {_words(common)}" for traffic, _, common in rows[:4]),
        )


def _tagged(group: ClusterGroup, cloud: Cloud) -> frozenset[Traffic]:
    """Return the traffic types of the cluster's zone that have VLANs of CloudStack's: management has none."""
    here = (one.id for one in cloud.physical_networks.values() if one.zone_id == group.cluster.zone_id)
    every = ((network, traffic) for network in here for traffic in LABELLED)
    return frozenset(one for one in every if tagged_vlans(cloud, *one))


def _wheres(here: tuple[Place, ...], tagged: frozenset[Traffic]) -> Iterator[tuple[Traffic, Where]]:
    """Yield where each traffic type lies whose place is certain; Open vSwitch makes no bridges named by uplinks."""
    for place in here:
        if place.kind in ("missing", "unknown") or (place.kind != "openvswitch" and not place.pif):
            continue
        key = (place.physical_network_id, place.traffic)
        yield key, (place.device, place.pif if place.kind != "openvswitch" and key in tagged else "")


def _words(where: Where) -> str:
    device, pif = where
    return f"{device} on {pif}" if pif and pif != device else device


CHECK = Check(
    title="Traffic labels alike in a cluster",
    metrics=(UNLIKE,),
    remedies=(UNIFORM,),
    groups=(GroupJudge(ClusterGroup, judge, {HostTarget: (LINKS, *USED)}),),
    reads=(*READS, "listVlanIpRanges", "listStorageNetworkIpRange", "listNetworks"),
    judges_cloud=True,
)
