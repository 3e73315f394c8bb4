"""VLANs of which a host only sends.

Symptom: a machine asks for its gateway for ever; others hear it, and it hears nobody.
Detect:  counters of the devices of VLANs and VXLANs, in Open vSwitch of the taps of a VLAN: frames sent between visits
         and none received from elsewhere, while another host with machines of the network sent some too.
Fix:     the switch port: VLAN pruned in one direction, a private VLAN, port security or storm control.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain

from exporter.checks.vlan_trunking.passed import passed
from exporter.checks.vlan_trunking.vlan_sets import scheme
from exporter.checks.vlan_trunking.wiring import (
    CARRIED,
    KINDS,
    READS,
    SEES,
    Wiring,
    held_back,
    is_bridged,
    network_name,
    vlan_label,
    wiring,
)
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.cloud.objects import Instance, Router
from exporter.cloud.second_look import confirmed
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, GroupJudge, Metric, Samples, above
from exporter.questions.hosts.links import LINKS
from exporter.thresholds import ROWS_PER_TARGET, VLAN_ONE_WAY_FRAMES
from exporter.topology.hosts import is_judged, names
from exporter.topology.labels import Place
from exporter.topology.segment_devices import way_of
from exporter.topology.vlans import Segment, expected_nics

ONE_WAY = Metric(
    "cloudstack_network_vlan_trunking_one_way_vlans",
    "VLANs on which the host sends and has heard nothing on several visits while other hosts of the network send too.",
    labels=("zone", "cluster", "host", "physical_network"),
    problem=above(0),
    subject="host",
    follows=("cloudstack_network_vlan_trunking_mismatches",),
)
ROW = Metric(
    "cloudstack_network_vlan_trunking_one_way_sent_frames",
    "Frames sent between the last two visits on a VLAN that the host hears nothing of; only while there are any.",
    labels=("zone", "cluster", "host", "physical_network", "vlan"),
)
SWITCH = (
    "Look at this VLAN on the switch port of the host: allowed in both directions, no port security, no private VLAN."
)
TAP = (
    "On the host: tcpdump -eni <VLAN device, or with Open vSwitch the machine's tap>; frames that arrive at the NIC and"
    " not here are lost on the host."
)


@dataclass(frozen=True, slots=True)
class _Suspect:
    """A way on which a host sent and heard nothing, and the ids of the networks of which a machine there speaks."""

    physical: str
    segment: Segment
    name: str
    sent: int
    networks: set[str]


@dataclass(slots=True)
class _Found:
    """The suspects of a host by name, and the ids of physical networks that may have others which nobody can see."""

    suspects: dict[str, _Suspect] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Hosts:
    """The hosts of a zone that told, by id, and their answers."""

    by_id: Mapping[str, HostTarget]
    answers: Mapping[HostTarget, Answers]


def judge_zone(_: ZoneGroup, members: Mapping[HostTarget, Answers], cloud: Cloud) -> Samples:
    """Yield per host and physical network how many VLANs are one-way; one on which nothing is sent is quiet.

    So is one on which the host only announces: it counts when somebody on another host spoke there meanwhile.
    """
    told = {target: answers for target, answers in members.items() if answers.before(LINKS) is not None}
    hosts = _Hosts({target.host.id: target for target in told}, told)
    for target, answers in told.items():
        if is_judged(target, cloud, answers.now):
            yield from _judge_host(target, hosts, cloud)
            continue
        yield from held_back(ONE_WAY, target, answers, cloud)


def _judge_host(target: HostTarget, hosts: _Hosts, cloud: Cloud) -> Samples:
    answers = hosts.answers[target]
    view, host = wiring(target, answers, cloud), names(target, cloud)
    rows: list[_Suspect] = []
    looked = _suspects(target, view, answers, cloud)
    unknown = looked.unknown | view.unknown()
    for one in looked.suspects.values():
        speaks = _speaks_elsewhere(one, target.host.id, hosts, cloud)
        unknown |= {one.physical} if speaks is None else set()
        if speaks and confirmed(answers, cloud, "one-way", target.host.id, one.name, shown_by=(LINKS,)):
            rows.append(one)
    rows.sort(key=lambda row: (-row.sent, row.physical, row.name))
    for network, found in view.found().items():
        silent = [row for row in rows if row.physical == network]
        if not silent and (network in unknown or not _are_counted(network, found, cloud)):
            continue
        yield ONE_WAY.sample(
            *host,
            network_name(cloud, network),
            value=len(silent),
            seen=", ".join(f"{row.name} sent {row.sent} frames and heard none" for row in silent[:3]),
            expected="frames in both directions, as machines of the network on other hosts send some",
        )
    for row in rows[:ROWS_PER_TARGET]:
        yield ROW.sample(*host, network_name(cloud, row.physical), vlan_label(row.segment), value=row.sent)


def _are_counted(network: str, found: tuple[Place, ...], cloud: Cloud) -> bool:
    """Return whether something counts the segments of a physical network: not those of GRE.

    Nor is it known which VLAN devices are meant where a bridge has several uplinks, or none.
    """
    physical = cloud.physical_networks.get(network)
    kind = scheme(physical) if physical else "vlan"
    if kind == "vxlan":
        return any(place.kind != "openvswitch" for place in found)
    return kind in KINDS and all(place.kind == "openvswitch" or place.pif for place in found)


def _suspects(target: HostTarget, view: Wiring, answers: Answers, cloud: Cloud) -> _Found:
    """Return the ways on which the host sent and heard nothing, of VLANs in which a machine of it speaks.

    Routers of a pair speak all the time without asking for an answer, so they alone prove nothing.
    """
    told = passed(view, answers)
    loud = {way: one for way, one in told.frames.items() if one.counted.sent >= VLAN_ONE_WAY_FRAMES}
    vain = {way: one for way, one in loud.items() if one.counted.is_certain and not one.counted.received}
    blind = told.blind | {way for way, one in loud.items() if not one.counted.is_certain}
    found = _Found()
    for expected in expected_nics(cloud, target.host.id) if vain or blind else ():
        place = view.place(expected.physical_network_id, expected.nic.traffic_type)
        router = cloud.routers.get(expected.machine.id)
        way = way_of(place, expected.segment) if place and is_bridged(expected.segment) else None
        if way is None or not expected.machine.is_running:
            continue
        if way in vain and not (router and router.is_redundant):
            one = vain[way]
            new = _Suspect(expected.physical_network_id, expected.segment, one.name, one.counted.sent, set())
            found.suspects.setdefault(one.name, new).networks.add(expected.nic.network_id)
        elif way in blind:
            found.unknown.add(expected.physical_network_id)
    return found


def _speaks_elsewhere(suspect: _Suspect, host_id: str, hosts: _Hosts, cloud: Cloud) -> bool | None:
    """Return whether another host with a machine of the networks sent frames in the VLAN; None while one has not told.

    Hosts of other hypervisors are never asked: of them it has to do that a machine runs there. All this is looked for
    only when a VLAN is suspected, so that its cost does not follow the number of visits.
    """
    others = set(_hosts_of(suspect.networks, cloud)) - {host_id}
    told = [
        _speaks(suspect, hosts.by_id[one], hosts, cloud) if one in hosts.by_id else _is_never_asked(one, cloud) or None
        for one in others
    ]
    return True if True in told else None if None in told else False


def _is_never_asked(host_id: str, cloud: Cloud) -> bool:
    host = cloud.hosts.get(host_id)
    return host is not None and host.hypervisor != "KVM"


def _hosts_of(network_ids: set[str], cloud: Cloud) -> Iterator[str]:
    """Yield the ids of the hosts on which machines of the networks run; the waiting router of a pair is silent."""
    instances = (vm for one in network_ids for vm in cloud.instances_by_network.get(one, ()))
    routers = (
        router
        for router in cloud.routers.values()
        if not router.is_redundant and any(nic.network_id in network_ids for nic in router.nics)
    )
    machines: Iterator[Instance | Router] = chain(instances, routers)
    return (machine.host_id for machine in machines if machine.is_running and machine.host_id)


def _speaks(suspect: _Suspect, target: HostTarget, hosts: _Hosts, cloud: Cloud) -> bool | None:
    """Return whether frames in the VLAN left a host between its last two visits.

    None where nothing counts them, or its machines may have sent all of them to each other.
    """
    answers = hosts.answers[target]
    view = wiring(target, answers, cloud)
    told = passed(view, answers).frames
    places = [place for traffic in CARRIED if (place := view.place(suspect.physical, traffic))]
    frames = [told[way] for place in places if (way := way_of(place, suspect.segment)) in told]
    if any(one.counted.left for one in frames):
        return True
    return None if not frames or any(one.counted.sent for one in frames) else False


CHECK = Check(
    title="One-way VLANs",
    metrics=(ONE_WAY, ROW),
    remedies=(SWITCH, TAP),
    groups=(GroupJudge(ZoneGroup, judge_zone, {HostTarget: (LINKS, *SEES)}),),
    reads=READS,
    judges_cloud=True,
)
