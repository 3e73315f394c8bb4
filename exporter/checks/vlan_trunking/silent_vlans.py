"""Machines that are silent on one host alone: the talk's own symptom.

Symptom: new machines get no address on one host, and work after a migration; the template is suspected.
Detect:  the routers' ARP tables: on one host nobody of a network answers, on others somebody does. Two silent machines
         of one network count; so do single ones of two networks on a host of which nobody answers over the switch,
         and one whose VLAN device sends and hears nothing.
Fix:     the VLAN on the switch ports of the host that is named here; it is not the template.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from exporter.checks.vlan_trunking.heard import Heard, Routers, heard, routers_by_network, unheard
from exporter.checks.vlan_trunking.wiring import SEES, network_name, vlan_label, wiring
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.cloud.networks import Network
from exporter.cloud.second_look import confirmed
from exporter.cloud.targets import HostTarget, RouterTarget
from exporter.model import Answers, Check, GroupJudge, Metric, Samples, above
from exporter.questions.hosts.links import LINKS
from exporter.questions.routers.neighbours import ROUTER_NEIGHBOURS
from exporter.thresholds import ROWS_PER_TARGET, VLAN_SILENT_MACHINES
from exporter.topology.hosts import is_judged, names
from exporter.topology.segment_devices import counted, segment_devices, way_of
from exporter.topology.vlans import segment

SILENT = Metric(
    "cloudstack_network_vlan_trunking_silent_vlans",
    "VLANs on which no machine of the host answers its router while machines of the same network elsewhere do.",
    labels=("zone", "cluster", "host"),
    problem=above(0),
    follows=(
        "cloudstack_network_hypervisor_links_uplink_down",
        "cloudstack_network_vlan_trunking_mismatches",
        "cloudstack_network_vlan_trunking_one_way_vlans",
        "cloudstack_network_vlan_trunking_native_vlan_conflicts",
    ),
)
ROW = Metric(
    "cloudstack_network_vlan_trunking_silent_vlan_machines",
    "Machines of a host that do not answer on a VLAN that is silent there alone; only while there are any.",
    labels=("zone", "cluster", "host", "physical_network", "vlan"),
)
SWITCH = "Look at this VLAN on the switch ports of this host, then at its bridge; leave the template alone."
MIGRATE = "Migrate one of the machines: if it answers from another host, the host's way is proven wrong."

NEEDS = {RouterTarget: (ROUTER_NEIGHBOURS,), HostTarget: (LINKS, *SEES)}
Members = Mapping[RouterTarget | HostTarget, Answers]


@dataclass(frozen=True, slots=True)
class _Blame:
    """A host on which a network is silent; ``number`` machines are, and ``why`` says it in words."""

    host_id: str
    network: Network
    number: int
    why: str


@dataclass(slots=True)
class _Zone:
    """What the routers of a zone have shown on two visits.

    Attributes:
        judged: the ids of the hosts whose machines the routers were asked about.
        blamed: by host id, networks with enough silent machines to blame it.
        doubted: by host id, networks with single silent machines, which may be dead for reasons of their own.
        working: the ids of hosts from which a router elsewhere hears a machine, or whose router hears one elsewhere.
    """

    judged: set[str] = field(default_factory=set)
    blamed: defaultdict[str, list[_Blame]] = field(default_factory=lambda: defaultdict(list))
    doubted: defaultdict[str, list[_Blame]] = field(default_factory=lambda: defaultdict(list))
    working: set[str] = field(default_factory=set)


def judge_zone(group: ZoneGroup, members: Members, cloud: Cloud) -> Samples:
    """Yield for each host whose machines the routers were asked about how many VLANs are silent there alone.

    Not that none is while a router that serves machines of the host, or the host that could prove it, has not told.
    """
    routers = {one: answers for one, answers in members.items() if isinstance(one, RouterTarget)}
    hosts = {one.host.id: one for one in members if isinstance(one, HostTarget)}
    zone = _zone(routers, cloud)
    untold = unheard(group, routers, cloud)
    now = max((answers.now for answers in routers.values()), default=cloud.at)
    for host_id in zone.judged:
        target = hosts.get(host_id)
        blamed, is_told = _proven(host_id, zone, target, members[target] if target else None, cloud)
        if blamed or (is_told and host_id not in untold):
            yield from _samples(group, host_id, blamed, cloud, now)


def _zone(members: Routers, cloud: Cloud) -> _Zone:
    zone = _Zone()
    for network_id, routers in routers_by_network(members).items():
        network = cloud.networks.get(network_id)
        if network is None:
            continue
        by_host = heard(network, routers, members, cloud)
        own = {router.router.host_id for router in routers}
        zone.judged.update(by_host)
        remote = {host for host, one in by_host.items() if one.answered and host not in own}
        zone.working |= remote | (own if remote and len(own) == 1 else set())
        many = list(_blames(network, by_host, own, cloud, VLAN_SILENT_MACHINES))
        few = [] if many else list(_blames(network, by_host, own, cloud, 1))
        for found, blames in ((zone.blamed, many), (zone.doubted, few)):
            for one in blames:
                if _is_confirmed(one, routers, members, cloud):
                    found[one.host_id].append(one)
    return zone


def _proven(
    host_id: str, zone: _Zone, target: HostTarget | None, answers: Answers | None, cloud: Cloud
) -> tuple[list[_Blame], bool]:
    """Return for what a host is to be blamed, and whether that is all that can be said.

    A single silent machine may be dead for its own reasons. It counts where those of two networks are silent and
    nobody of the host is heard over the switch, or where its VLAN device shows that the machine speaks in vain.
    """
    blamed, doubted = zone.blamed[host_id], zone.doubted[host_id]
    if host_id not in zone.working and len(blamed) + len(doubted) >= VLAN_SILENT_MACHINES:
        return [*blamed, *doubted], True
    host = cloud.hosts.get(host_id)
    if host is None or host.hypervisor != "KVM":
        return blamed, True  # its VLAN devices are never asked
    vain = [(one, _speaks_in_vain(one.network, target, answers, cloud)) for one in doubted]
    return [*blamed, *(one for one, is_vain in vain if is_vain)], all(is_vain is not None for _, is_vain in vain)


def _speaks_in_vain(network: Network, target: HostTarget | None, answers: Answers | None, cloud: Cloud) -> bool | None:
    """Return whether the VLAN device of a network sent and heard nothing between two visits; None: not known yet.

    Where machines are plugged into Open vSwitch there is none.
    """
    found = segment(network.vlan) if network.vlan else None
    if found is None or not found.is_vlan or not found.number:
        return False
    if target is None or answers is None or LINKS not in answers.values:
        return None
    view = wiring(target, answers, cloud)
    if network.physical_network_id in view.unknown():
        return None
    place = view.place(network.physical_network_id, "Guest")
    device = segment_devices(view.links).get(way_of(place, found)) if place else None
    if device is None:
        return False
    frames = counted(device, answers)
    return None if frames is None else frames.sent > 0 and not frames.received


def _blames(
    network: Network, by_host: Mapping[str, Heard], own: set[str], cloud: Cloud, least: int
) -> Iterator[_Blame]:
    """Yield the hosts to be blamed where ``least`` machines are silent; ``own`` are those of the routers.

    What a router hears of its own host says nothing about the switch. So where several other hosts are silent and
    none of the others was heard just now, the way of the router's host is the one that all of them lack.
    """
    silent = [host for host, one in by_host.items() if one.is_silent(least)]
    away = [host for host in silent if host not in own]
    remote = [one for host, one in by_host.items() if host not in own]
    local = sum(one.answered for host, one in by_host.items() if host in own)
    is_heard = any(one.fresh if len(away) > 1 else one.answered for one in remote)
    if len(away) > 1 and not is_heard:
        if local and len(own) == 1 and (host := next(iter(own))) in by_host:
            number = sum(len(by_host[one].silent) for one in away)
            why = f"its {local} machines answer the router there, {number} on {len(away)} other hosts do not"
            yield _Blame(host, network, number, why)
        return
    for host in silent if least > 1 else away:
        elsewhere = sum(one.answered for other, one in by_host.items() if other != host)
        if elsewhere:
            number = len(by_host[host].silent)
            why = f"{number} {'machine' if number == 1 else 'machines'} silent, {elsewhere} answer on other hosts"
            if not is_heard and host not in own:
                why += f", all on the router's ({_names(own, cloud)}): it is its way or this one"
            yield _Blame(host, network, number, why)


def _names(host_ids: set[str], cloud: Cloud) -> str:
    return ", ".join(sorted(cloud.hosts[one].name for one in host_ids if one in cloud.hosts))


def _is_confirmed(blame: _Blame, routers: list[RouterTarget], members: Routers, cloud: Cloud) -> bool:
    """Return whether each of the routers has shown it on two visits."""
    key = ("silent", blame.host_id, blame.network.id)
    looks = [confirmed(members[router], cloud, *key, shown_by=(ROUTER_NEIGHBOURS,)) for router in routers]
    return all(looks)


def _samples(group: ZoneGroup, host_id: str, blamed: list[_Blame], cloud: Cloud, now: float) -> Samples:
    host = cloud.hosts.get(host_id)
    target = HostTarget(host, group.zone, None) if host else None
    if target is None or not is_judged(target, cloud, now):
        return
    yield SILENT.sample(
        *names(target, cloud),
        value=len({_vlan(one.network) for one in blamed}),
        seen="; ".join(f"VLAN {_vlan(one.network)} (network {one.network.name}): {one.why}" for one in blamed[:3]),
        expected="machines that answer on this host as on the others",
    )
    rows: defaultdict[tuple[str, str], int] = defaultdict(int)
    for one in blamed:
        rows[network_name(cloud, one.network.physical_network_id), _vlan(one.network)] += one.number
    for (physical, vlan), number in sorted(rows.items(), key=lambda row: (-row[1], row[0]))[:ROWS_PER_TARGET]:
        yield ROW.sample(*names(target, cloud), physical, vlan, value=number)


def _vlan(network: Network) -> str:
    found = segment(network.vlan) if network.vlan else None
    return vlan_label(found) if found else network.vlan or "unknown"


CHECK = Check(
    title="Machines silent on one host",
    metrics=(SILENT, ROW),
    remedies=(SWITCH, MIGRATE),
    groups=(GroupJudge(ZoneGroup, judge_zone, NEEDS),),
    reads=("listNetworks", "listVirtualMachines", "listPhysicalNetworks"),
    judges_cloud=True,
)
