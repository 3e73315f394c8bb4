"""VLANs that machines still use on a host while CloudStack's pool has released them.

Symptom: weeks later two tenants are in one VLAN: a VLAN was freed in the database while its network was still in use,
         and the next network got it.
Detect:  each NIC of a machine that runs here, by MAC: the VLAN of the bridge or port that its tap is in, against the
         VLANs that the pool knows as taken, in the range of its physical network, and against the isolated networks
         that have it by CloudStack: a pool that calls it taken again may mean another network than the machine's.
Fix:     stop all machines of the network and start them once it is Allocated, so that it takes a VLAN again, before the
         pool gives this one away. A restart of the network keeps what it has.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from exporter.checks.vlan_trunking.vlan_sets import scheme
from exporter.checks.vlan_trunking.wiring import KINDS, READS, SEES, Wiring, network_name, wiring
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.cloud.networks import Network
from exporter.cloud.objects import Nic
from exporter.cloud.second_look import confirmed
from exporter.cloud.targets import DatabaseTarget, HostTarget
from exporter.model import Answers, Check, GroupJudge, Metric, Samples, above
from exporter.questions.database.counts import VLANS_TAKEN, Taken
from exporter.questions.hosts.domains import DOMAINS, Interface
from exporter.questions.hosts.links import LINKS, Link
from exporter.topology.hosts import is_judged, names
from exporter.topology.labels import Place, is_tap
from exporter.topology.vlans import segment

RELEASED = Metric(
    "cloudstack_network_vlan_trunking_released_vlans",
    "VLANs that machines use on the host, and that CloudStack's pool has as free, or that are another network's too.",
    labels=("zone", "cluster", "host"),
    problem=above(0),
)
TAKE_ANOTHER = (
    "Make no new networks on this physical network. Stop all machines of the network named here, wait until its state"
    " is Allocated (network.gc.interval, network.gc.wait: some 20 minutes; never when it is persistent: then move its"
    " machines to a new network), and start one: it takes another VLAN. A restart of the network gives it none."
    " Of two networks named, it is the one that listGuestVlans does not name."
)
ASK = "Do not set the VLAN as taken by hand: ask whoever supports CloudStack, with a dump of the database."
IN_USE = frozenset({"Implemented", "Implementing"})
SHOWN_BY = (DOMAINS, LINKS)
UNTAGGED = 0
Members = Mapping[HostTarget | DatabaseTarget, Answers]


@dataclass(frozen=True, slots=True)
class _Pool:
    """What the pool says.

    Attributes:
        taken: VLANs that are taken, by physical network id.
        since: boot-clock time of the round before: what was carried then, and still is, outlasted two rounds.
        sound: broadcast URI of the networks whose VLAN is taken, and no other network's, by network id; NICs that have
            it are passed over at once. Whether their host provides it is another check's affair.
        owners: the isolated networks that have a VLAN of the pool, by physical network id and VLAN; one if all is well.
    """

    taken: Taken
    since: float
    sound: Mapping[str, str]
    owners: Mapping[tuple[str, int], list[Network]]


@dataclass(frozen=True, slots=True)
class _Carried:
    """A NIC of a running machine, and the VLAN or VNI that it really is in: UNTAGGED in none, None: not told."""

    machine_id: str
    machine: str
    mac: str
    network: Network
    vlan: int | None


def judge(_: ZoneGroup, members: Members, cloud: Cloud) -> Samples:
    """Yield a count per host; nothing while the database was not asked twice.

    A host where nothing is wrong that is known, and not everything is known, is not said to be well.
    """
    databases = (given for target, given in members.items() if isinstance(target, DatabaseTarget))
    pool = next((_pool(given, cloud) for given in databases), None)
    if pool is None:
        return
    for target, answers in members.items():
        if not isinstance(target, HostTarget) or not all(one in answers.values for one in SHOWN_BY):
            continue
        judged = is_judged(target, cloud, answers.now)
        found, is_whole = _released(target, answers, cloud, pool) if judged else ({}, True)
        if not found and not is_whole:
            continue
        yield RELEASED.sample(
            *names(target, cloud),
            value=len(found),
            seen="; ".join(list(found.values())[:5]),
            expected="VLANs that the pool has as taken by the network of the machine",
        )


def _pool(answers: Answers, cloud: Cloud) -> _Pool | None:
    before, now = answers.before(VLANS_TAKEN), answers.get(VLANS_TAKEN)
    if before is None or now is None:
        return None
    _, age = before
    numbered = [(one, number) for one in cloud.networks.values() if (number := _own(one, cloud)) is not None]
    owners: defaultdict[tuple[str, int], list[Network]] = defaultdict(list)
    for network, number in numbered:
        if network.type == "Isolated" and not network.specifies_vlan and network.state in IN_USE:
            owners[network.physical_network_id, number].append(network)
    sound = {
        network.id: f"{_scheme(network.physical_network_id, cloud)}://{number}"
        for network, number in numbered
        if number in now.get(network.physical_network_id, ())
        and not _others(network, owners.get((network.physical_network_id, number), ()))
    }
    return _Pool(now, answers.values[VLANS_TAKEN].asked - age, sound, dict(owners))


def _own(network: Network, cloud: Cloud) -> int | None:
    """Return the VLAN or VNI that a network has by CloudStack; None: none, or not one of its physical network's."""
    own = segment(network.vlan) if network.vlan else None
    return own.number if own and own.scheme == _scheme(network.physical_network_id, cloud) else None


def _others(network: Network, owners: Iterable[Network]) -> list[str]:
    """Return the names of the owners that are another network; one that is migrated and its copy are one."""
    own = {network.id, network.related} - {""}
    return sorted(one.name for one in owners if own.isdisjoint((one.id, one.related)))


def _scheme(physical_network_id: str, cloud: Cloud) -> str:
    """Return what the numbers of a physical network are: VLANs where nobody says otherwise."""
    physical = cloud.physical_networks.get(physical_network_id)
    return scheme(physical) if physical else "vlan"


def _released(
    target: HostTarget, answers: Answers, cloud: Cloud, pool: _Pool
) -> tuple[dict[tuple[str, int | None], str], bool]:
    """Return what is wrong in words, by physical network and VLAN, and whether it is known of every NIC.

    Each fault has been seen since before the pool was first asked.
    """
    wrong: defaultdict[tuple[str, int | None], list[str]] = defaultdict(list)
    reasons: dict[tuple[str, int | None], str] = {}
    is_whole = True
    for nic in _carried(target, answers, cloud, pool):
        place = nic.network.physical_network_id, nic.vlan
        reason = _reason(nic, cloud, pool)
        if reason is None:
            is_whole = False
            continue
        key = ("released", target.host.id, nic.machine_id, nic.mac, str(nic.vlan))
        is_shown = bool(reason) and confirmed(answers, cloud, *key, shown_by=SHOWN_BY)
        if is_shown and answers.held(*key).first_asked <= pool.since:
            wrong[place].append(nic.machine)
            reasons[place] = reason
    told = {
        (network, number): f"{_scheme(network, cloud).upper()} {number} of {network_name(cloud, network)} with"
        f" {', '.join(sorted(vms)[:3])}: {reasons[network, number]}"
        for (network, number), vms in wrong.items()
    }
    return told, is_whole


def _reason(nic: _Carried, cloud: Cloud, pool: _Pool) -> str | None:
    """Return why the VLAN is not the network's, empty when it is, None when that cannot be known.

    Numbers outside the range are nobody's affair; those of other methods than VLAN and VXLAN are not seen on hosts.
    """
    network_id = nic.network.physical_network_id
    physical, taken = cloud.physical_networks.get(network_id), pool.taken.get(network_id)
    if physical is not None and not physical.vlan_ranges:
        return ""
    if physical is None or taken is None or nic.vlan is None:
        return None
    if not any(first <= nic.vlan <= last for first, last in physical.vlan_ranges):
        return ""
    if nic.vlan not in taken:
        return "free in the pool"
    others = _others(nic.network, pool.owners.get((network_id, nic.vlan), ()))
    return _shared(nic, others, _own(nic.network, cloud)) if others and nic.network.type == "Isolated" else ""


def _shared(nic: _Carried, others: list[str], own: int | None) -> str:
    if own == nic.vlan:
        return f"of {' and '.join(sorted((nic.network.name, *others[:2])))} at once"
    return f"taken by {others[0]}, while {nic.network.name} has {'none' if own is None else own}"


def _carried(target: HostTarget, answers: Answers, cloud: Cloud, pool: _Pool) -> Iterator[_Carried]:
    """Yield the doubtful NICs of machines that run here by CloudStack and by libvirt."""
    doubtful = [
        (machine, nic, cloud.networks[nic.network_id])
        for machine in cloud.placed_by_host.get(target.host.id, ())
        if machine.is_running
        for nic in machine.nics
        if _is_pooled(nic, cloud) and nic.broadcast_uri != pool.sound.get(nic.network_id)
    ]
    view, domains = wiring(target, answers, cloud) if doubtful else None, answers[DOMAINS]
    for machine, nic, network in doubtful:
        domain = domains.get(machine.name)
        if view is None or domain is None or not domain.is_running:
            continue
        interface = next((one for one in domain.interfaces if one.mac == nic.mac.lower()), None)
        vlan = _number(interface, network.physical_network_id, view, cloud) if interface else None
        yield _Carried(machine.id, machine.name, nic.mac.lower(), network, vlan)


def _is_pooled(nic: Nic, cloud: Cloud) -> bool:
    """Return whether a NIC is in a guest network whose VLAN comes from the pool."""
    network = cloud.networks.get(nic.network_id)
    return network is not None and not network.specifies_vlan and nic.traffic_type == "Guest"


def _number(interface: Interface, physical_network_id: str, view: Wiring, cloud: Cloud) -> int | None:
    """Return the VLAN or VNI in which a NIC really is, on the wires of its physical network; None: not told."""
    place, kind = view.place(physical_network_id, "Guest"), _scheme(physical_network_id, cloud)
    port = view.ovs.ports.get(interface.tap) if view.ovs else None
    if place is None or kind not in KINDS:
        return None
    if port is not None:
        return (port.tag or UNTAGGED) if port.bridge == place.device and kind == "vlan" else None
    tap = view.links.by_name.get(interface.tap)
    if tap is None or not tap.master:
        return None
    if tap.master == place.device:
        return UNTAGGED
    ports = (view.links.by_name[name] for name in view.links.ports.get(tap.master, ()) if not is_tap(name))
    found = {number for one in ports if (number := _carries(one, place, kind)) is not None}
    return found.pop() if len(found) == 1 else None


def _carries(port: Link, place: Place, kind: str) -> int | None:
    """Return the VLAN or VNI that a port of a bridge carries; None where it is of another kind, or hangs elsewhere."""
    if port.kind != kind:
        return None
    return port.vni if kind == "vxlan" else port.vlan if place.pif and port.parent == place.pif else None


CHECK = Check(
    title="VLANs released while in use",
    metrics=(RELEASED,),
    remedies=(TAKE_ANOTHER, ASK),
    groups=(GroupJudge(ZoneGroup, judge, {HostTarget: (*SHOWN_BY, *SEES), DatabaseTarget: (VLANS_TAKEN,)}),),
    reads=READS,
)
