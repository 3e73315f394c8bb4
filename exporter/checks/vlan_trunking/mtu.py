"""Frames that are too long for a piece of their way.

Symptom: ping works, large transfers hang; only between some hosts.
Detect:  MTU of taps against the uplink of their bridge, of bridges, VLAN and VXLAN devices and bonds against what is
         below them, and of NICs against the largest frame that the switch port takes by LLDP.
Fix:     one MTU for the whole way, set on switch ports, NICs, bonds and bridges.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from exporter.checks.vlan_trunking.switch_ports import port_name, told_port
from exporter.checks.vlan_trunking.wiring import SEES, Wiring, network_name, wiring
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ClusterGroup
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, GroupJudge, Metric, Samples, above
from exporter.questions.hosts.links import LINKS, Link
from exporter.questions.hosts.lldp import LLDP
from exporter.topology.hosts import absent, is_judged, names
from exporter.topology.labels import is_tap, is_uplink
from exporter.topology.majority import differs, majority

CONFLICTS = Metric(
    "cloudstack_network_vlan_trunking_mtu_conflicts",
    "Interfaces of the host whose MTU is larger than what is below them, or their switch port by LLDP, lets through.",
    labels=("zone", "cluster", "host"),
    problem=above(0),
)
DIFFERS = Metric(
    "cloudstack_network_vlan_trunking_mtu_differs",
    "Whether the MTU of a physical network's uplink is another one than on most hosts of the cluster.",
    labels=("zone", "cluster", "host", "physical_network"),
    problem=above(0),
    subject="host",
)
VXLAN_OVERHEAD = 50  # bytes, over IPv4
ETHERNET_OVERHEAD = 22  # bytes of header, tag and checksum, which the switch counts
STANDARD = 1500
SET = "Set one MTU on the whole way: switch ports, NICs, bond, bridges; machines get theirs from the network's MTU."


def judge(target: HostTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield how many interfaces send frames that cannot pass; not none while a switch was not asked about long ones."""
    if not is_judged(target, cloud, answers.now):
        return
    view = wiring(target, answers, cloud)
    found = [*_inside(view), *_at_switch(view, answers)]
    if not found and _may_be_long(view) and (view.unknown() or LLDP not in answers.values):
        return
    yield CONFLICTS.sample(
        *names(target, cloud),
        value=len(found),
        seen="; ".join(found[:3]),
        expected="no MTU larger than that of what is below",
    )


def judge_cluster(group: ClusterGroup, members: Mapping[HostTarget, Answers], cloud: Cloud) -> Samples:
    """Yield per physical network whether an uplink of a host differs from most of its peers'.

    Not that it does not while so many hosts have not told that another MTU may be that of most.
    """
    told = [target for target, answers in members.items() if LINKS in answers.values]
    missing = absent(told, group, cloud)
    uplinks: defaultdict[tuple[str, str], dict[HostTarget, Link]] = defaultdict(dict)
    untold: Counter[tuple[str, str]] = Counter()
    unknown: set[tuple[str, HostTarget]] = set()
    for target in told:
        if is_judged(target, cloud, members[target].now):
            view = wiring(target, members[target], cloud)
            for way, uplink in _uplinks(view):
                uplinks[way][target] = uplink
            untold.update(way for way, place in view.places.items() if place.kind == "unknown")
            unknown |= {(network, target) for network in view.unknown()}
    odd: defaultdict[tuple[str, HostTarget], list[str]] = defaultdict(list)
    for (network, traffic), found in uplinks.items():
        mtus = {target: uplink.mtu for target, uplink in found.items()}
        for target, uplink in found.items():
            is_odd = differs(uplink.mtu, mtus, missing + untold[network, traffic])
            odd[network, target] += [f"{uplink.name} has MTU {uplink.mtu}, most have {majority(mtus)}"] * bool(is_odd)
            unknown |= {(network, target)} if is_odd is None else set()
    for (network, target), words in odd.items():
        if (network, target) in unknown and not words:
            continue
        yield DIFFERS.sample(
            *names(target, cloud),
            network_name(cloud, network),
            value=int(bool(words)),
            seen="; ".join(words),
            expected="the MTU of most hosts of the cluster",
        )


def _uplinks(view: Wiring) -> Iterator[tuple[tuple[str, str], Link]]:
    """Yield the uplink of guest and public traffic; a bond of Open vSwitch is no interface, so its first NIC stands."""
    for (network, traffic), place in view.places.items():
        uplink = next((name for name in (place.pif, *view.nics(place.pif)) if name in view.links.by_name), None)
        if traffic in ("Guest", "Public") and uplink:
            yield (network, traffic), view.links.by_name[uplink]


def _inside(view: Wiring) -> Iterator[str]:
    """Yield interfaces whose frames are too long for what is below them."""
    links = view.links
    for link in links.by_name.values():
        if not link.is_up:
            continue
        below = links.by_name.get(link.parent)
        if link.kind in ("vlan", "macvlan") and below and link.mtu > below.mtu:
            yield _larger(link, below)
        if link.kind == "vxlan" and below and link.mtu + VXLAN_OVERHEAD > below.mtu:
            yield f"{link.name} needs {link.mtu + VXLAN_OVERHEAD}, {below.name} has {below.mtu}"
        if link.kind == "bond":
            yield from (_larger(link, port) for port in _ports(view, link) if port.mtu < link.mtu)
        if link.kind == "bridge":
            yield from _through(link, _ports(view, link))


def _ports(view: Wiring, link: Link) -> list[Link]:
    return [view.links.by_name[name] for name in view.links.ports.get(link.name, ())]


def _through(bridge: Link, ports: list[Link]) -> Iterator[str]:
    """Yield what is too large for the bridge's uplink: the bridge's own address, or the machines, named by one."""
    uplinks = [port for port in ports if is_uplink(port.name)]
    if not uplinks:
        return
    smallest = min(uplinks, key=lambda port: port.mtu)
    if bridge.mtu > smallest.mtu:
        yield _larger(bridge, smallest)
    largest = max((port for port in ports if is_tap(port.name)), key=lambda port: port.mtu, default=None)
    if largest is not None and largest.mtu > smallest.mtu:
        yield _larger(largest, smallest)


def _larger(upper: Link, lower: Link) -> str:
    return f"{upper.name} has {upper.mtu}, {lower.name} has {lower.mtu}"


def _may_be_long(view: Wiring) -> bool:
    """Return whether a NIC sends frames that not every switch port takes."""
    return any(not link.kind and link.name != "lo" and link.mtu > STANDARD for link in view.links.by_name.values())


def _at_switch(view: Wiring, answers: Answers) -> Iterator[str]:
    """Yield NICs whose tagged frames are too long for their switch port.

    Every port takes frames of the standard MTU, whatever it says of them: 1514, 1518 and 1522 are all in use.
    """
    for nic in view.carried():
        port = told_port((answers.get(LLDP) or {}).get(nic, ()))
        link = view.links.by_name.get(nic)
        if port is None or link is None or not port.max_frame or link.mtu <= STANDARD:
            continue
        if link.mtu > port.max_frame - ETHERNET_OVERHEAD:
            yield f"{nic} has {link.mtu}, {port_name(port)} takes frames of {port.max_frame}"


CHECK = Check(
    title="MTU along the way",
    metrics=(CONFLICTS, DIFFERS),
    remedies=(SET,),
    judges={HostTarget: judge},
    asks={HostTarget: (LINKS,)},
    uses={HostTarget: (LLDP, *SEES)},
    groups=(GroupJudge(ClusterGroup, judge_cluster, {HostTarget: (LINKS, *SEES)}),),
    reads=("listPhysicalNetworks", "listTrafficTypes"),
)
