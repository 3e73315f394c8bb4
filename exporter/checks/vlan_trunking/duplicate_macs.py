"""One MAC on two hosts.

Symptom: a machine loses every second packet; switches log that a MAC moves.
Detect:  MACs of running domains over all hosts of the zone, in the same VLAN, on two visits of each host.
Fix:     a machine that runs twice: stop the copy that CloudStack does not know, at once, its disk is at stake.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.cloud.second_look import confirmed
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, GroupJudge, Metric, Samples, above
from exporter.questions.hosts.domains import DOMAINS, Interface
from exporter.questions.hosts.ovs import OVS_DATABASE, OvsDatabase
from exporter.thresholds import ROWS_PER_TARGET
from exporter.topology.hosts import absent
from exporter.topology.labels import switches

DUPLICATES = Metric(
    "cloudstack_network_vlan_trunking_duplicate_macs",
    "MACs that run on two hosts of the zone in one VLAN; not while a machine migrates.",
    labels=("zone",),
    problem=above(0),
)
ROW = Metric(
    "cloudstack_network_vlan_trunking_duplicate_mac_hosts",
    "Hosts on which a MAC runs that is on more than one; only while there are any.",
    labels=("zone", "mac"),
)
STOP = (
    "Stop the copy on the host that CloudStack does not name (virsh destroy there) at once: both write to one disk."
    " Only then check the machine's file systems."
)
CHANGE = "Two machines with one MAC: give one of them another NIC."
CONTROL_BRIDGE = "cloud0"
CONTROL_MAC = "0e:00:a9:fe:"
"""Control addresses and the MACs made of them are unique in a pod, and do not leave the host."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """A NIC that runs on a host.

    Attributes:
        segment: what two hosts call the same VLAN, whatever their uplinks are called; empty while nobody can tell.
    """

    target: HostTarget
    machine: str
    segment: str


def judge_zone(group: ZoneGroup, members: Mapping[HostTarget, Answers], cloud: Cloud) -> Samples:
    """Yield how many MACs run twice; none only when all hosts of the zone have told: a copy may run anywhere."""
    told = [target for target, answers in members.items() if DOMAINS in answers.values]
    double = _double(members)
    faults = {mac: _is_fault(seen, cloud) for mac, seen in double.items()}
    rows = {mac: double[mac] for mac, is_fault in faults.items() if is_fault}
    rows = {mac: seen for mac, seen in rows.items() if _is_confirmed(mac, seen, members, cloud)}
    if not told or (not rows and (None in faults.values() or absent(told, group, cloud))):
        return
    first = sorted(rows)[:ROWS_PER_TARGET]
    yield DUPLICATES.sample(
        group.zone,
        value=len(rows),
        seen="; ".join(f"{mac} as {_words(rows[mac])}" for mac in first[:3]),
        expected="each MAC on one host",
        remedy=CHANGE if any(len({one.machine for one in seen}) > 1 for seen in rows.values()) else STOP,
    )
    for mac in first:
        yield ROW.sample(group.zone, mac, value=len({one.target for one in rows[mac]}))


def _double(members: Mapping[HostTarget, Answers]) -> Mapping[str, list[_Seen]]:
    """Return the MACs that are seen more than once; the others are only passed by."""
    first: dict[str, _Seen] = {}
    more: defaultdict[str, list[_Seen]] = defaultdict(list)
    for target, answers in members.items():
        ovs = switches(answers)
        for domain in (answers.get(DOMAINS) or {}).values():
            for interface in domain.interfaces if domain.is_running else ():
                if interface.source == CONTROL_BRIDGE or interface.mac.startswith(CONTROL_MAC):
                    continue
                seen = _Seen(target, domain.name, _segment(interface, ovs))
                if first.setdefault(interface.mac, seen) is not seen:
                    more[interface.mac].append(seen)
    return {mac: [first[mac], *others] for mac, others in more.items()}


def _segment(interface: Interface, ovs: OvsDatabase | None) -> str:
    """Return the VLAN of a NIC: that of its bridge, or its tag in Open vSwitch, whose bridges carry all VLANs."""
    vlan = interface.source.rpartition("-")[2]
    if vlan.isdecimal():
        return vlan
    port = ovs.ports.get(interface.tap) if ovs else None
    if ovs is None:
        return ""
    return str(port.tag) if port and port.tag else interface.source


def _is_fault(seen: list[_Seen], cloud: Cloud) -> bool | None:
    """Return whether no rule of CloudStack explains it: routers of a pair share MACs, and migrations pass.

    None where it depends on a VLAN that nobody told; a machine that runs twice is in one VLAN by itself.
    """
    machines = {one.machine for one in seen}
    if len({one.target for one in seen}) == 1 or all(one.machine.startswith("r-") for one in seen):
        return False
    placed = (machine for one in seen for machine in cloud.placed_by_host.get(one.target.host.id, ()))
    if not all(machine.is_running for machine in placed if machine.name in machines):
        return False
    if len(machines) == 1:
        return True
    places = {(one.target, one.segment) for one in seen}
    known = [segment for _target, segment in places if segment]
    if len(set(known)) < len(known):
        return True
    return None if len(known) < len(places) else False


def _is_confirmed(mac: str, seen: list[_Seen], members: Mapping[HostTarget, Answers], cloud: Cloud) -> bool:
    """Return whether two visits to each of the hosts have shown it."""
    looks = [
        confirmed(members[one.target], cloud, mac, one.target.host.id, one.machine, shown_by=(DOMAINS,)) for one in seen
    ]
    return all(looks)


def _words(seen: list[_Seen]) -> str:
    return " and ".join(f"{one.machine} on {one.target.name}" for one in seen[:3])


CHECK = Check(
    title="MACs on two hosts",
    metrics=(DUPLICATES, ROW),
    remedies=(STOP, CHANGE),
    groups=(GroupJudge(ZoneGroup, judge_zone, {HostTarget: (DOMAINS, OVS_DATABASE)}),),
    reads=("listVirtualMachines", "listHosts"),
)
