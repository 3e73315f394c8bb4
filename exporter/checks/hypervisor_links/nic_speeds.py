"""NICs that negotiated less than the same NIC elsewhere in the cluster.

Symptom: one host is slow.
Detect:  the speed of sysfs, of NICs of one name and PCI id on at least three hosts of a cluster, against most of them.
Fix:     cable, optic or switch port.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from exporter.checks.hypervisor_links.remedies import CABLE
from exporter.checks.hypervisor_links.wires import gauge
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ClusterGroup
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, GroupJudge, Samples, above
from exporter.questions.hosts.nic_counters import NIC_COUNTERS
from exporter.topology.hosts import absent, is_judged, names
from exporter.topology.majority import differs, majority

SLOW = gauge(
    "nics_slower_than_peers",
    "NICs in use that negotiated less than the NIC of the same name and PCI id on most hosts of the cluster, by sysfs.",
    problem=above(0),
)


def judge(group: ClusterGroup, members: Mapping[HostTarget, Answers], cloud: Cloud) -> Samples:
    """Yield the NICs slower than the same NIC elsewhere: bonds of mixed speeds on purpose look alike on all hosts."""
    missing = absent(members, group, cloud)
    judged = {one: told[NIC_COUNTERS] for one, told in members.items() if is_judged(one, cloud, told.now)}
    speeds: defaultdict[tuple[str, str], dict[HostTarget, int]] = defaultdict(dict)
    for target, nics in judged.items():
        for nic in nics.values():
            if nic.speed is not None:
                speeds[nic.pci_id, nic.name][target] = nic.speed
    usual = {place: majority(hosts) for place, hosts in speeds.items()}
    for target in members:
        slow = [
            (name, hosts[target], common)
            for (kind, name), hosts in sorted(speeds.items())
            if target in hosts and (common := usual[kind, name]) is not None and hosts[target] < common
        ]
        own = (hosts for hosts in speeds.values() if target in hosts)
        if not slow and any(differs(hosts[target], hosts, missing) is None for hosts in own):
            continue
        yield SLOW.sample(
            *names(target, cloud),
            value=len(slow),
            seen=", ".join(f"{name} {speed} Mb/s" for name, speed, _ in slow[:3]),
            expected=", ".join(f"{name} {common} Mb/s" for name, _, common in slow[:3]),
            remedy=CABLE,
        )


CHECK = Check(
    title="NIC speeds",
    metrics=(SLOW,),
    remedies=(CABLE,),
    groups=(GroupJudge(ClusterGroup, judge, {HostTarget: (NIC_COUNTERS,)}),),
)
