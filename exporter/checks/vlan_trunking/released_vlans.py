"""VLANs that machines still use on a host while CloudStack's pool has released them.

Symptom: weeks later two tenants are in one VLAN: a VLAN was freed in the database while its network was still in use,
         and the next network got it.
Detect:  each NIC of a machine that runs here, by MAC: the VLAN of the bridge or port that its tap is in, against the
         VLANs that the pool knows as taken, in the range of its physical network.
Fix:     restart the network with cleanup, so that it takes a VLAN again, before the pool gives this one away.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from exporter.checks.vlan_trunking.vlan_sets import scheme
from exporter.checks.vlan_trunking.wiring import READS, SEES, Wiring, network_name, wiring
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.cloud.networks import Network
from exporter.cloud.second_look import confirmed
from exporter.cloud.targets import DatabaseTarget, HostTarget
from exporter.model import Answers, Check, GroupJudge, Metric, Samples, above
from exporter.questions.database_counts import VLANS_TAKEN, Taken
from exporter.questions.host_domains import DOMAINS, Interface
from exporter.questions.host_links import LINKS
from exporter.topology.hosts import is_judged, names
from exporter.topology.labels import is_tap
from exporter.topology.vlans import segment

RELEASED = Metric(
    "cloudstack_network_vlan_trunking_released_vlans",
    "VLANs that machines use on the host, and that CloudStack's pool has as free, or as another network's.",
    labels=("zone", "cluster", "host"),
    problem=above(0),
)
RESTART = "Make no new networks on this physical network; restart the network named here with cleanup in a quiet hour."
ASK = "Do not set the VLAN as taken by hand: ask whoever supports CloudStack, with a dump of the database."
SHOWN_BY = (DOMAINS, LINKS)
Members = Mapping[HostTarget | DatabaseTarget, Answers]


@dataclass(frozen=True, slots=True)
class _Pool:
    """What the pool says.

    Attributes:
        taken: VLANs that are taken, by physical network id.
        since: boot-clock time of the round before: what was carried then, and still is, outlasted two rounds.
    """

    taken: Taken
    since: float


@dataclass(frozen=True, slots=True)
class _Carried:
    """A NIC of a running machine, and the VLAN that it really is in."""

    machine_id: str
    machine: str
    mac: str
    network: Network
    vlan: int


def judge(_: ZoneGroup, members: Members, cloud: Cloud) -> Samples:
    """Yield a count per host; nothing while the database was not asked twice."""
    pool = next((_pool(given) for target, given in members.items() if isinstance(target, DatabaseTarget)), None)
    if pool is None:
        return
    owners = _owners(cloud)
    for target, answers in members.items():
        if not isinstance(target, HostTarget) or not all(one in answers.values for one in SHOWN_BY):
            continue
        if is_judged(target, cloud, answers.now):
            found = _released(target, answers, cloud, pool, owners)
            yield RELEASED.sample(
                *names(target, cloud),
                value=len(found),
                seen="; ".join(list(found.values())[:5]),
                expected="VLANs that the pool has as taken by the network of the machine",
            )


def _pool(answers: Answers) -> _Pool | None:
    before, now = answers.before(VLANS_TAKEN), answers.get(VLANS_TAKEN)
    if before is None or now is None:
        return None
    _, age = before
    return _Pool(now, answers.values[VLANS_TAKEN].asked - age)


def _owners(cloud: Cloud) -> Mapping[tuple[str, int], str]:
    """Return the name of an isolated network by physical network and VLAN."""
    found = {}
    for network in cloud.networks.values():
        own = segment(network.vlan) if network.vlan else None
        if own is not None and own.number is not None and network.type == "Isolated":
            found[network.physical_network_id, own.number] = network.name
    return found


def _released(
    target: HostTarget, answers: Answers, cloud: Cloud, pool: _Pool, owners: Mapping[tuple[str, int], str]
) -> dict[tuple[str, int], str]:
    """Return what is wrong in words, by physical network and VLAN; each seen since before the pool was first asked."""
    wrong: defaultdict[tuple[str, int], list[str]] = defaultdict(list)
    reasons = {}
    for nic in _carried(target, answers, cloud):
        place = nic.network.physical_network_id, nic.vlan
        reason = _reason(nic, cloud, pool, owners)
        key = ("released", target.host.id, nic.machine_id, nic.mac, str(nic.vlan))
        is_shown = bool(reason) and confirmed(answers, cloud, *key, shown_by=SHOWN_BY)
        if is_shown and answers.held(*key).first_asked <= pool.since:
            wrong[place].append(nic.machine)
            reasons[place] = reason
    return {
        place: f"VLAN {place[1]} of {network_name(cloud, place[0])} with {', '.join(sorted(vms)[:3])}: {reasons[place]}"
        for place, vms in wrong.items()
    }


def _reason(nic: _Carried, cloud: Cloud, pool: _Pool, owners: Mapping[tuple[str, int], str]) -> str:
    """Return why the VLAN is not the network's, empty when it is; VLANs outside the range are nobody's affair."""
    network_id = nic.network.physical_network_id
    physical, taken = cloud.physical_networks.get(network_id), pool.taken.get(network_id)
    if physical is None or taken is None or scheme(physical) != "vlan":
        return ""
    if not any(first <= nic.vlan <= last for first, last in physical.vlan_ranges):
        return ""
    if nic.vlan not in taken:
        return "free in the pool"
    own = segment(nic.network.vlan) if nic.network.vlan else None
    owner = owners.get((network_id, nic.vlan))
    if owner and nic.network.type == "Isolated" and own is None:
        return f"taken by {owner}, while {nic.network.name} has none"
    return ""


def _carried(target: HostTarget, answers: Answers, cloud: Cloud) -> Iterator[_Carried]:
    """Yield the guest NICs of machines that run here by CloudStack and by libvirt, in networks of the pool."""
    view, domains = wiring(target, answers, cloud), answers[DOMAINS]
    for machine in cloud.placed_by_host.get(target.host.id, ()):
        domain = domains.get(machine.name)
        if domain is None or not (domain.is_running and machine.is_running):
            continue
        plugged = {interface.mac: interface for interface in domain.interfaces}
        for nic in machine.nics:
            network, interface = cloud.networks.get(nic.network_id), plugged.get(nic.mac.lower())
            if network is None or interface is None or network.specifies_vlan or nic.traffic_type != "Guest":
                continue
            vlan = _vlan(interface, network.physical_network_id, view)
            if vlan is not None:
                yield _Carried(machine.id, machine.name, interface.mac, network, vlan)


def _vlan(interface: Interface, physical_network_id: str, view: Wiring) -> int | None:
    """Return the VLAN in which a NIC really is, on the wires of its physical network; None where that is not told."""
    place = view.place(physical_network_id, "Guest")
    port = view.ovs.ports.get(interface.tap) if view.ovs else None
    if place is None:
        return None
    if port is not None:
        return port.tag if port.bridge == place.device else None
    tap = view.links.by_name.get(interface.tap)
    if tap is None or not tap.master:
        return None
    ports = (view.links.by_name[name] for name in view.links.ports.get(tap.master, ()) if not is_tap(name))
    found = {one.vlan for one in ports if one.kind == "vlan" and place.pif and one.parent == place.pif}
    return found.pop() if len(found) == 1 else None


CHECK = Check(
    title="VLANs released while in use",
    metrics=(RELEASED,),
    remedies=(RESTART, ASK),
    groups=(GroupJudge(ZoneGroup, judge, {HostTarget: (*SHOWN_BY, *SEES), DatabaseTarget: (VLANS_TAKEN,)}),),
    reads=READS,
)
