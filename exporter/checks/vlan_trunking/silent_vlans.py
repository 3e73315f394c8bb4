"""Machines that are silent on one host alone: the talk's own symptom.

Symptom: new machines get no address on one host, and work after a migration; the template is suspected.
Detect:  the routers' ARP tables: on one host nobody of a network answers, on others somebody does. Two silent machines
         of one network count; so do single ones of two networks on a host of which nobody answers over the switch,
         one whose VLAN device sends and hears nothing, and two that were never heard at all, by DHCP log and ARP table,
         where that device has never heard anybody. A host that hears the VLAN, and whose machines send nothing, is not
         to blame.
Fix:     the VLAN on the switch ports of the host that is named here; it is not the template.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, partial

from exporter.checks.vlan_trunking.blames import Blame, blames
from exporter.checks.vlan_trunking.heard import Routers, heard, never_heard, routers_by_network, unheard
from exporter.checks.vlan_trunking.ways import Suspicion, proven
from exporter.checks.vlan_trunking.wiring import SEES, network_name, vlan_label
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.cloud.networks import Network
from exporter.cloud.second_look import confirmed
from exporter.cloud.targets import HostTarget, RouterTarget
from exporter.model import Answers, Check, GroupJudge, Metric, Samples, above
from exporter.questions.hosts.links import LINKS
from exporter.questions.routers.neighbours import ROUTER_NEIGHBOURS
from exporter.thresholds import ROWS_PER_TARGET, VLAN_SILENT_MACHINES
from exporter.topology.guest_evidence import ASKED, behind
from exporter.topology.hosts import is_judged, names
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

NEVER = "never heard since made"
NEEDS = {RouterTarget: ASKED, HostTarget: (LINKS, *SEES)}
Members = Mapping[RouterTarget | HostTarget, Answers]


@dataclass(slots=True)
class _Zone:
    """What the routers of a zone have shown on two visits.

    Attributes:
        judged: the ids of the hosts whose machines the routers were asked about, or should have heard.
        hosts: what speaks against each host, by its id.
    """

    judged: set[str] = field(default_factory=set)
    hosts: defaultdict[str, Suspicion] = field(default_factory=lambda: defaultdict(Suspicion))


def judge_zone(group: ZoneGroup, members: Members, cloud: Cloud) -> Samples:
    """Yield for each host whose machines the routers were asked about how many VLANs are silent there alone.

    Not that none is while a router that serves machines of the host, or the host that could prove it, has not told.
    """
    routers = {one: answers for one, answers in members.items() if isinstance(one, RouterTarget)}
    hosts = {one.host.id: one for one in members if isinstance(one, HostTarget)}
    zone = _zone(group, routers, cloud)
    untold = unheard(group, routers, cloud)
    now = max((answers.now for answers in routers.values()), default=cloud.at)
    for one in hosts.values():
        if LINKS in members[one].values and not is_judged(one, cloud, now):
            yield SILENT.sample(*names(one, cloud), value=0)
    for host_id in zone.judged:
        target, host = hosts.get(host_id), cloud.hosts.get(host_id)
        is_counted = host is not None and host.hypervisor == "KVM"
        given = members[target] if target else None
        blamed, is_told = proven(zone.hosts[host_id], target, given, cloud, is_counted=is_counted)
        if blamed or (is_told and host_id not in untold):
            yield from _samples(group, host_id, blamed, cloud, now)


def _zone(group: ZoneGroup, members: Routers, cloud: Cloud) -> _Zone:
    zone, told = _Zone(), cache(partial(behind, group, members, cloud))
    for network_id, routers in routers_by_network(members).items():
        network = cloud.networks.get(network_id)
        if network is None:
            continue
        by_host = heard(network, routers, members, cloud)
        own = {router.router.host_id for router in routers}
        zone.judged.update(host for host, one in by_host.items() if one.is_told)
        remote = {host for host, one in by_host.items() if one.answered and host not in own}
        for host in remote | (own if remote and len(own) == 1 else set()):
            zone.hosts[host].is_working = True
        many = list(blames(network, by_host, own, cloud, VLAN_SILENT_MACHINES))
        few = [] if many else list(blames(network, by_host, own, cloud, 1))
        never = never_heard(network, by_host, own, told, cloud)
        silent = {one.host_id for one in (*many, *few)}
        more = [one for one in blames(network, never, own, cloud, 1, NEVER) if one.host_id not in silent]
        for one in (*many, *few):
            if _is_confirmed(one, routers, members, cloud):
                found = zone.hosts[one.host_id]
                (found.blamed if one in many else found.doubted).append(one)
        for one in more:  # that has held for a quarter of an hour, which is more than two visits
            zone.hosts[one.host_id].unheard.append(one)
            zone.judged.add(one.host_id)
    return zone


def _is_confirmed(blame: Blame, routers: list[RouterTarget], members: Routers, cloud: Cloud) -> bool:
    """Return whether each of the routers has shown it on two visits."""
    key = ("silent", blame.host_id, blame.network.id)
    looks = [confirmed(members[router], cloud, *key, shown_by=(ROUTER_NEIGHBOURS,)) for router in routers]
    return all(looks)


def _samples(group: ZoneGroup, host_id: str, blamed: list[Blame], cloud: Cloud, now: float) -> Samples:
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
    reads=("listNetworks", "listVirtualMachines", "listPhysicalNetworks", "listRouters", "listHosts", "listTemplates"),
    judges_cloud=True,
)
