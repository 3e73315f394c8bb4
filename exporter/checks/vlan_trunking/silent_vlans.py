"""Machines that are silent on one host alone: the talk's own symptom.

Symptom: new machines get no address on one host, and work after a migration; the template is suspected.
Detect:  the routers' ARP tables: on one host nobody of a network answers, on others somebody does.
Fix:     the VLAN on the switch ports of the host that is named here; it is not the template.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from exporter.checks.vlan_trunking.wiring import network_name, vlan_label
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.cloud.networks import Network
from exporter.cloud.objects import Instance, Router
from exporter.cloud.second_look import confirmed
from exporter.cloud.targets import HostTarget, RouterTarget
from exporter.model import Answers, Check, GroupJudge, Metric, Samples, above
from exporter.questions.routers.neighbours import ROUTER_NEIGHBOURS, RouterNeighbour
from exporter.thresholds import INSTANCE_SETTLES_SECONDS, ROWS_PER_TARGET, VLAN_SILENT_MACHINES
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

Members = Mapping[RouterTarget, Answers]


@dataclass(slots=True)
class _Host:
    """What the routers of one network heard of the machines on one host.

    Attributes:
        fresh: of those that answered, how many were heard just now.
    """

    silent: list[str] = field(default_factory=list)
    answered: int = 0
    fresh: int = 0

    @property
    def is_silent(self) -> bool:
        """Return whether enough machines are silent, and all that were asked."""
        return not self.answered and len(self.silent) >= VLAN_SILENT_MACHINES


@dataclass(frozen=True, slots=True)
class _Blame:
    """A host on which a network is silent; ``number`` machines are, and ``why`` says it in words."""

    host_id: str
    network: Network
    number: int
    why: str


def judge_zone(group: ZoneGroup, members: Members, cloud: Cloud) -> Samples:
    """Yield for each host whose machines the routers were asked about how many VLANs are silent there alone.

    Not that none is while a router that serves machines of the host has not told.
    """
    blamed: defaultdict[str, list[_Blame]] = defaultdict(list)
    judged: set[str] = set()
    for network_id, routers in _routers(members).items():
        network = cloud.networks.get(network_id)
        if network is None:
            continue
        heard = _heard(network, routers, members, cloud)
        judged.update(heard)
        for one in _blames(network, heard, {router.router.host_id for router in routers}, cloud):
            if _is_confirmed(one, routers, members, cloud):
                blamed[one.host_id].append(one)
    unheard = _unheard(group, members, cloud)
    now = max((answers.now for answers in members.values()), default=cloud.at)
    for host_id in judged:
        if host_id in unheard and not blamed[host_id]:
            continue
        yield from _samples(group, host_id, blamed[host_id], cloud, now)


def _unheard(group: ZoneGroup, members: Members, cloud: Cloud) -> set[str]:
    """Return the ids of the hosts with machines in networks of which a router that should know has not told."""
    told = {router.router.id for router, answers in members.items() if ROUTER_NEIGHBOURS in answers.values}
    networks = {
        nic.network_id
        for router in cloud.routers.values()
        if router.id not in told and _should_know(router, group)
        for nic in router.guest_nics
    }
    return {machine.host_id for one in networks for machine in cloud.instances_by_network.get(one, ())}


def _should_know(router: Router, group: ZoneGroup) -> bool:
    """Return whether a router talks to machines: the backup of a pair only waits."""
    return router.zone_id == group.id and router.is_running and router.redundant_state != "BACKUP"


def _routers(members: Members) -> Mapping[str, list[RouterTarget]]:
    """Return the routers that told their table, by network; a pair and the pods of a shared network are several."""
    found: defaultdict[str, list[RouterTarget]] = defaultdict(list)
    for router, answers in members.items():
        if ROUTER_NEIGHBOURS in answers.values:
            for network_id in {nic.network_id for nic in router.router.guest_nics}:
                found[network_id].append(router)
    return found


def _heard(network: Network, routers: list[RouterTarget], members: Members, cloud: Cloud) -> Mapping[str, _Host]:
    """Return by host id what was heard of the running machines; those nobody talked to lately are left out."""
    tables: defaultdict[str, list[RouterNeighbour]] = defaultdict(list)
    for router in routers:
        for one in members[router][ROUTER_NEIGHBOURS]:
            tables[one.address].append(one)
    hosts: defaultdict[str, _Host] = defaultdict(_Host)
    for machine, address in _machines(network, cloud):
        entries = tables.get(address, [])
        if any(one.has_answered for one in entries):
            hosts[machine.host_id].answered += 1
            hosts[machine.host_id].fresh += any(one.state == "REACHABLE" for one in entries)
        elif any(one.is_silent for one in entries):
            hosts[machine.host_id].silent.append(machine.name)
    return hosts


def _machines(network: Network, cloud: Cloud) -> Iterator[tuple[Instance, str]]:
    """Yield running machines with their address; second NICs are often not configured inside the machine."""
    for machine in cloud.instances_by_network.get(network.id, ()):
        is_new = machine.created is not None and cloud.at - machine.created < INSTANCE_SETTLES_SECONDS
        if machine.is_running and machine.host_id and not is_new:
            for nic in machine.nics:
                if nic.network_id == network.id and nic.address and nic.is_default:
                    yield machine, nic.address


def _blames(network: Network, heard: Mapping[str, _Host], own: set[str], cloud: Cloud) -> Iterator[_Blame]:
    """Yield the hosts to be blamed; ``own`` are those of the routers.

    What a router hears of its own host says nothing about the switch. So where several other hosts are silent and
    none of the others was heard just now, the way of the router's host is the one that all of them lack.
    """
    silent = [host for host, one in heard.items() if one.is_silent]
    away = [host for host in silent if host not in own]
    remote = [one for host, one in heard.items() if host not in own]
    local = sum(one.answered for host, one in heard.items() if host in own)
    is_heard = any(one.fresh if len(away) > 1 else one.answered for one in remote)
    if len(away) > 1 and not is_heard:
        if local and len(own) == 1 and (host := next(iter(own))) in heard:
            number = sum(len(heard[one].silent) for one in away)
            why = f"its {local} machines answer the router there, {number} on {len(away)} other hosts do not"
            yield _Blame(host, network, number, why)
        return
    for host in silent:
        elsewhere = sum(one.answered for other, one in heard.items() if other != host)
        if elsewhere:
            number = len(heard[host].silent)
            why = f"{number} machines silent, {elsewhere} answer on other hosts"
            if not is_heard and host not in own:
                why += f", all on the router's ({_names(own, cloud)}): it is its way or this one"
            yield _Blame(host, network, number, why)


def _names(host_ids: set[str], cloud: Cloud) -> str:
    return ", ".join(sorted(cloud.hosts[one].name for one in host_ids if one in cloud.hosts))


def _is_confirmed(blame: _Blame, routers: list[RouterTarget], members: Members, cloud: Cloud) -> bool:
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
    groups=(GroupJudge(ZoneGroup, judge_zone, {RouterTarget: (ROUTER_NEIGHBOURS,)}),),
    reads=("listNetworks", "listVirtualMachines", "listPhysicalNetworks"),
    judges_cloud=True,
)
