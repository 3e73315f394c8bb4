"""The map of traffic types to uplinks on KVM hosts: which NIC carries what, and which carry several.

No verdict: sharing an uplink is a choice, and for a small cloud the right one.
"""

from __future__ import annotations

from collections import defaultdict

from exporter.checks.physical_networks.kvm import PER_HOST, READS, USED, found_places, is_kvm
from exporter.checks.physical_networks.physical import names_of
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, Metric, Samples
from exporter.questions.hosts.links import LINKS
from exporter.topology.hosts import names

INFO = Metric(
    "cloudstack_network_physical_networks_uplink_info",
    "Where a traffic type lies on the host: its device, the uplink below and the VLAN of that; always 1.",
    labels=(*PER_HOST, "physical_network", "traffic", "label", "kind", "uplink", "vlan"),
)
TRAFFIC_TYPES = Metric(
    "cloudstack_network_physical_networks_uplink_traffic_types",
    "Traffic types (management, public, guest, storage) that an uplink of the host carries.",
    labels=(*PER_HOST, "uplink"),
)


def judge(target: HostTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield the place of each traffic type, and how many share each uplink."""
    if not is_kvm(target):
        return
    host = names(target, cloud)
    physical = names_of(cloud, target.host.zone_id)
    carried: defaultdict[str, set[str]] = defaultdict(set)
    rows: set[tuple[str, ...]] = set()
    for place in found_places(target, answers, cloud):
        uplink = place.pif or "+".join(sorted(place.uplinks))
        vlan = "" if place.vlan is None else str(place.vlan)
        rows.add((physical[place.physical_network_id], place.traffic, place.device, place.kind, uplink, vlan))
        if uplink:
            carried[uplink].add(place.traffic)
    for row in sorted(rows):
        yield INFO.sample(*host, *row, value=1)
    for uplink, traffic in carried.items():
        yield TRAFFIC_TYPES.sample(*host, uplink, value=len(traffic))


CHECK = Check(
    title="Map of traffic types to uplinks",
    metrics=(INFO, TRAFFIC_TYPES),
    judges={HostTarget: judge},
    asks={HostTarget: (LINKS,)},
    uses={HostTarget: USED},
    reads=READS,
    judges_cloud=True,
)
