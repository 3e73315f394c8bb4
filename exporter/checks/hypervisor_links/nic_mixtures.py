"""NICs of one kind that differ inside a cluster: driver, firmware, negotiated speed.

Symptom: one host drops VLANs, flaps or is slow, and works after it got the firmware of the others.
Detect:  ethtool -i and sysfs of NICs with the same PCI id on at least three hosts of a cluster, against most of them.
Fix:     bring the odd host to what its peers have.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping

from exporter.checks.hypervisor_links.remedies import ALIGN_HOST, CABLE
from exporter.checks.hypervisor_links.wires import gauge
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ClusterGroup
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, GroupJudge, Metric, Samples, above
from exporter.questions.host_nics import NICS, NicFacts
from exporter.topology.hosts import absent, is_judged, names
from exporter.topology.majority import differs, majority

DRIVER = gauge(
    "nic_drivers_differ",
    "Kinds of NIC (PCI ids) whose driver or its version differs from most hosts of the cluster, by ethtool.",
    problem=above(0),
)
FIRMWARE = gauge(
    "nic_firmwares_differ",
    "Kinds of NIC (PCI ids) whose firmware differs from most hosts of the cluster, by ethtool.",
    problem=above(0),
)
SLOW = gauge(
    "nics_slower_than_peers",
    "NICs in use that negotiated less than the NIC of the same name and PCI id on most hosts of the cluster, by sysfs.",
    problem=above(0),
)
Told = dict[str, dict[HostTarget, frozenset[str]]]


def judge(group: ClusterGroup, members: Mapping[HostTarget, Answers], cloud: Cloud) -> Samples:
    """Yield for each host what differs; where most hosts do not agree nobody is odd.

    Not that nothing differs while so many hosts have not told that they may be most.
    """
    judged = {target: answers[NICS] for target, answers in members.items() if is_judged(target, cloud, answers.now)}
    drivers = _by_kind(judged, lambda nic: f"{nic.driver} {nic.driver_version}".strip())
    firmwares = _by_kind(judged, lambda nic: nic.firmware)
    missing = absent(members, group, cloud)
    for target in members:
        yield from _differs(DRIVER, drivers, target, cloud, missing)
        yield from _differs(FIRMWARE, firmwares, target, cloud, missing)
    yield from _slow(judged, members, cloud, missing)


def _by_kind(judged: Mapping[HostTarget, Mapping[str, NicFacts]], fact: Callable[[NicFacts], str]) -> Told:
    """Return, per PCI id, what the NICs of each host say; several NICs of a host may say several things."""
    found: defaultdict[str, defaultdict[HostTarget, set[str]]] = defaultdict(lambda: defaultdict(set))
    for target, nics in judged.items():
        for nic in nics.values():
            if nic.pci_id and fact(nic):
                found[nic.pci_id][target].add(fact(nic))
    return {kind: {target: frozenset(words) for target, words in hosts.items()} for kind, hosts in found.items()}


def _differs(metric: Metric, told: Told, target: HostTarget, cloud: Cloud, missing: int) -> Samples:
    odd = []
    own = [(kind, hosts) for kind, hosts in sorted(told.items()) if target in hosts]
    verdicts = {kind: differs(hosts[target], hosts, missing) for kind, hosts in own}
    for kind, hosts in own:
        if verdicts[kind]:
            common = majority(hosts) or frozenset()
            odd.append((kind, " and ".join(sorted(hosts[target])), " and ".join(sorted(common))))
    if not odd and None in verdicts.values():
        return
    yield metric.sample(
        *names(target, cloud),
        value=len(odd),
        seen="; ".join(f"{kind}: {own}" for kind, own, _ in odd[:3]),
        expected="; ".join(f"{kind}: {common}" for kind, _, common in odd[:3]),
        remedy=ALIGN_HOST,
    )


def _slow(
    judged: Mapping[HostTarget, Mapping[str, NicFacts]],
    members: Mapping[HostTarget, Answers],
    cloud: Cloud,
    missing: int,
) -> Samples:
    """Yield the NICs slower than the same NIC elsewhere: bonds of mixed speeds on purpose look alike on all hosts."""
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
    title="NIC mixtures",
    metrics=(DRIVER, FIRMWARE, SLOW),
    remedies=(ALIGN_HOST, CABLE),
    groups=(GroupJudge(ClusterGroup, judge, {HostTarget: (NICS,)}),),
)
