"""Which switch port each NIC is wired to, and hosts that are wired unlike their peers.

Symptom: one host has other VLANs, another frame size or half the redundancy of its cluster, since the last move.
Detect:  LLDP neighbours per uplink on at least three hosts of a cluster, against most of them.
Fix:     move the cable, or correct the plan.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from exporter.checks.hypervisor_links.remedies import CABLING_PLAN
from exporter.checks.hypervisor_links.wires import bridged, gauge
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ClusterGroup
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, GroupJudge, Samples, above
from exporter.questions.hosts.links import LINKS, Links
from exporter.questions.hosts.lldp import LLDP, Neighbour
from exporter.questions.hosts.ovs import OVS_DATABASE, OvsDatabase
from exporter.topology.hosts import absent, is_judged, names
from exporter.topology.majority import differs, majority

INFO = gauge(
    "nic_neighbour_info",
    "The switch port that a NIC hears by LLDP; always 1.",
    *("nic", "chassis", "chassis_name", "port", "port_description"),
)
DIFFERS = gauge(
    "uplink_wiring_differs",
    "Whether an uplink is wired to other switches than most hosts of the cluster, and not as in another rack, by LLDP.",
    "uplink",
    problem=above(0),
)
HEARD_MOST = 4
"""Neighbours shown of one NIC; more are heard only through a switch that does not speak LLDP itself."""
Wiring = Mapping[str, frozenset[str]]
Heard = Mapping[str, tuple[Neighbour, ...]]


def judge(target: HostTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield what each NIC hears; a host without LLDP yields nothing."""
    host = names(target, cloud)
    for nic, heard in answers[LLDP].items():
        told = dict.fromkeys((one.chassis, one.chassis_name, one.port, one.port_description) for one in heard)
        for words in list(told)[:HEARD_MOST]:
            yield INFO.sample(*host, nic, *words, value=1)


def judge_cluster(group: ClusterGroup, members: Mapping[HostTarget, Answers], cloud: Cloud) -> Samples:
    """Yield for each uplink all of whose NICs hear a switch whether it is wired unlike those of the peers.

    Not that it is not while so many hosts have not told that other switches may be those of most. Switches that two
    hosts have in common are no fault where they are none of most hosts' (a second rack), or more than theirs; where
    one of these is missing, two hosts have been wired wrong alike.
    """
    wired = {
        target: dict(_wiring(heard, _nics_by_uplink(links, answers.get(OVS_DATABASE))))
        for target, answers in members.items()
        if (heard := answers.get(LLDP)) is not None and (links := answers.get(LINKS)) is not None
    }
    missing = absent(wired, group, cloud) + sum(OVS_DATABASE not in members[target].values for target in wired)
    judged: defaultdict[str, dict[HostTarget, frozenset[str]]] = defaultdict(dict)
    for target, uplinks in wired.items():
        if is_judged(target, cloud, members[target].now):
            for uplink, switches in uplinks.items():
                judged[uplink][target] = switches
    for target, uplinks in wired.items():
        for uplink, switches in uplinks.items():
            hosts = judged[uplink]
            is_odd = differs(switches, hosts, missing) if _is_judged(target, switches, hosts) else False
            if is_odd is None:
                continue
            yield DIFFERS.sample(
                *names(target, cloud),
                uplink,
                value=int(is_odd),
                seen=f"on {_words(switches, members[target])}",
                expected=f"on {_words(majority(hosts) or frozenset(), *members.values())}, as most hosts",
                remedy=CABLING_PLAN,
            )


def _is_judged(target: HostTarget, switches: frozenset[str], hosts: Mapping[HostTarget, frozenset[str]]) -> bool:
    """Return whether switches may be wrong: nobody else has the same, or part of most hosts' is missing."""
    common = majority(hosts) or frozenset()
    is_alone, lacks = Counter(hosts.values())[switches] == 1, common & switches and common - switches
    return target in hosts and (is_alone or bool(lacks))


def _nics_by_uplink(links: Links, ovs: OvsDatabase | None) -> Mapping[str, tuple[str, ...]]:
    """Return the NICs of each uplink in use: of a bond of the kernel or of Open vSwitch, else a NIC below a bridge."""
    bonds = {link.name: links.ports.get(link.name, ()) for link in links.of_kind("bond")}
    for port in ovs.ports.values() if ovs else ():
        if len(port.interfaces) > 1:
            bonds[port.name] = tuple(one.name for one in port.interfaces)
    members = frozenset().union(*bonds.values())
    single = {name: (name,) for name in bridged(links) if not links.by_name[name].kind and name not in members}
    return bonds | single


def _wiring(heard: Heard, uplinks: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield the switches of each uplink of which every NIC hears exactly one; a member that is down hears none."""
    for uplink, nics in uplinks.items():
        switches = [frozenset(one.chassis for one in heard.get(nic, ())) for nic in nics]
        if switches and all(len(one) == 1 for one in switches):
            yield uplink, frozenset().union(*switches)


def _words(switches: frozenset[str], *told: Answers) -> str:
    """Return the switches by name where one was heard."""
    heard = (one for answers in told for seen in (answers.get(LLDP) or {}).values() for one in seen)
    called = {one.chassis: one.chassis_name for one in heard if one.chassis_name}
    return " and ".join(sorted(called.get(chassis, chassis) for chassis in switches))


CHECK = Check(
    title="Cabling",
    metrics=(INFO, DIFFERS),
    remedies=(CABLING_PLAN,),
    judges={HostTarget: judge},
    asks={HostTarget: (LLDP,)},
    groups=(GroupJudge(ClusterGroup, judge_cluster, {HostTarget: (LLDP, LINKS, OVS_DATABASE)}),),
)
