"""Bonds that have fewer members than the same bond on most hosts of the cluster.

Symptom: half the bandwidth and no reserve, while each member that is left is up and in step: a NIC that died has left
         the kernel and the bond with it, or a restart of the network did not find it.
Detect:  members of the bond of one name, by /proc/net/bonding, ip link (teams) and the database of Open vSwitch, on at
         least three hosts of a cluster. Peers are asked, not yesterday: members that are moved on purpose on all hosts
         are no loss, and one that was lost before the first look is.
Fix:     bring the NIC back (lspci, dmesg, firmware, riser), and put it into the bond again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from exporter.checks.hypervisor_links.wires import bonds_in_use, gauge
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ClusterGroup
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, GroupJudge, Samples, above
from exporter.questions.hosts.bonds import BONDS
from exporter.questions.hosts.links import LINKS
from exporter.questions.hosts.ovs import OVS_DATABASE, OvsDatabase
from exporter.topology.hosts import absent, is_judged, names
from exporter.topology.labels import is_dead, is_machines, switches
from exporter.topology.majority import differs, majority

MISSING = gauge(
    "bond_members_missing",
    "Members that the bond has fewer than the bond of the same name on most hosts of the cluster.",
    "bond",
    problem=above(0),
)
BRING_BACK = (
    "Bring the NIC back that is in no bond (lspci, ip link, dmesg: driver, firmware, riser), then into the bond."
)
Members = Mapping[str, tuple[str, ...]]


def judge_cluster(group: ClusterGroup, members: Mapping[HostTarget, Answers], cloud: Cloud) -> Samples:
    """Yield for each bond in use how many members it lacks; where most hosts do not agree nobody lacks any.

    Not that none is missing while so many hosts have not told that they may decide.
    """
    for of in (_of_kernel, _of_switch):
        told = {target: bonds for target, answers in members.items() if (bonds := of(answers)) is not None}
        missing = absent(told, group, cloud)
        counts: defaultdict[str, dict[HostTarget, int]] = defaultdict(dict)
        for target, bonds in told.items():
            if is_judged(target, cloud, members[target].now):
                for bond, nics in bonds.items():
                    counts[bond][target] = len(nics)
        for target, bonds in told.items():
            for bond, nics in bonds.items():
                yield from _verdict((*names(target, cloud), bond), nics, counts[bond], target, missing)


def _verdict(
    labels: tuple[str, ...], nics: tuple[str, ...], counts: Mapping[HostTarget, int], target: HostTarget, missing: int
) -> Samples:
    """Yield the verdict on one bond; one with more members than most, or on a host that is held back, lacks none."""
    is_odd = differs(len(nics), counts, missing) if target in counts else False
    if is_odd is None:
        return
    common = majority(counts) or 0
    yield MISSING.sample(
        *labels,
        value=max(common - len(nics), 0) if is_odd else 0,
        seen=f"{len(nics)}: {', '.join(nics[:4])}",
        expected=f"{common} members, as on most hosts of the cluster",
        remedy=BRING_BACK,
    )


def _of_kernel(answers: Answers) -> Members | None:
    """Return the members of the bonds and teams of the kernel that carry something; None while nobody told."""
    links, bonds = answers.get(LINKS), answers.get(BONDS)
    if links is None or bonds is None:
        return None
    return {bond.name: tuple(one.name for one in bond.members) for bond in bonds_in_use(bonds, links)}


def _of_switch(answers: Answers) -> Members | None:
    """Return those of Open vSwitch, none where there is none; None while nobody told."""
    ovs = switches(answers)
    return None if ovs is None else dict(_bonds(ovs))


def _bonds(ovs: OvsDatabase) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the ports that are bonds: named otherwise than their interfaces, of which one may be left."""
    for port in ovs.ports.values():
        nics = tuple(one.name for one in port.interfaces)
        if nics and port.name not in nics and not is_machines(port) and not is_dead(port):
            yield port.name, nics


CHECK = Check(
    title="Members of bonds",
    metrics=(MISSING,),
    remedies=(BRING_BACK,),
    groups=(GroupJudge(ClusterGroup, judge_cluster, {HostTarget: (BONDS, LINKS, OVS_DATABASE)}),),
)
