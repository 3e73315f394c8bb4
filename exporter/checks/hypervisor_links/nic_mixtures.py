"""NICs of one kind that differ inside a cluster: driver, firmware.

Symptom: one host drops VLANs or flaps, and works after it got the firmware of the others.
Detect:  ethtool -i and sysfs of NICs with the same PCI id on at least three hosts of a cluster, against most of them.
Fix:     bring the odd host to what its peers have.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping

from exporter.checks.hypervisor_links.remedies import ALIGN_HOST
from exporter.checks.hypervisor_links.wires import gauge
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ClusterGroup
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, GroupJudge, Metric, Samples, above
from exporter.questions.hosts.nics import NICS, NicFacts
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


CHECK = Check(
    title="NIC mixtures",
    metrics=(DRIVER, FIRMWARE),
    remedies=(ALIGN_HOST,),
    groups=(GroupJudge(ClusterGroup, judge, {HostTarget: (NICS,)}),),
)
