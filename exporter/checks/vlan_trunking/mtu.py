"""Frames that are too long for a piece of their way.

Symptom: ping works, large transfers hang; only between some hosts.
Detect:  MTU of taps against the uplink of their bridge (in Open vSwitch those that let their VLAN through), of bridges,
         VLAN and VXLAN devices and bonds against what is below them, and of NICs against the largest frame that the
         switch port takes by LLDP.
Fix:     one MTU for the whole way, set on switch ports, NICs, bonds and bridges.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from exporter.checks.vlan_trunking.switch_ports import port_name, told_port
from exporter.checks.vlan_trunking.wiring import SEES, Wiring, held_back, network_name, wiring
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ClusterGroup
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, GroupJudge, Metric, Samples, above
from exporter.questions.hosts.links import LINKS, Link, Links
from exporter.questions.hosts.lldp import LLDP
from exporter.questions.hosts.ovs import OvsDatabase, OvsPort
from exporter.topology.hosts import absent, is_judged, names
from exporter.topology.labels import is_dead, is_machines, is_tap, is_uplink, lets_through, plain_uplinks
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
VXLAN_OVERHEAD_IPV6 = 70  # bytes
ETHERNET_OVERHEAD = 22  # bytes of header, tag and checksum, which the switch counts
STANDARD = 1500
SET = "Set one MTU on the whole way: switch ports, NICs, bond, bridges; machines get theirs from the network's MTU."


def judge(target: HostTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield how many interfaces send frames that cannot pass; not none while a switch was not asked about long ones."""
    if not is_judged(target, cloud, answers.now):
        yield CONFLICTS.sample(*names(target, cloud), value=0)
        return
    view = wiring(target, answers, cloud)
    found = [*_inside(view), *_in_switches(view), *_at_switch(view, answers)]
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
    judged = [target for target in told if is_judged(target, cloud, members[target].now)]
    for target in judged:
        view = wiring(target, members[target], cloud)
        for way, uplink in _uplinks(view):
            uplinks[way][target] = uplink
        untold.update(way for way, place in view.places.items() if place.kind == "unknown")
        unknown |= {(network, target) for network in view.unknown()}
    for target in told:
        yield from held_back(DIFFERS, target, members[target], cloud) if target not in judged else ()
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
        if link.kind == "vxlan":
            yield from _in_tunnel(link, below, links)
        if link.kind == "bond":
            yield from (_larger(link, port) for port in _ports(view, link) if port.mtu < link.mtu)
        if link.kind == "bridge":
            yield from _through(link, _ports(view, link))


def _in_tunnel(device: Link, below: Link | None, links: Links) -> Iterator[str]:
    """Yield a VXLAN device that needs more than the interface below it has, or, with EVPN, any NIC.

    There routes choose the NIC, so only what is too long for the largest is certain. Without a VNI it is a tunnel port,
    such as vxlan_sys_4789 that Open vSwitch makes: its MTU of 65000 is nobody's.
    """
    needed = device.mtu + (VXLAN_OVERHEAD_IPV6 if device.is_over_ipv6 else VXLAN_OVERHEAD)
    if below is None:
        nics = [link for link in links.by_name.values() if not link.kind and link.name != "lo" and link.has_carrier]
        below = max(nics, key=lambda link: link.mtu, default=None) if device.vni and not device.parent else None
    if below is not None and needed > below.mtu:
        yield f"{device.name} needs {needed}, {below.name} has {below.mtu}"


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


def _in_switches(view: Wiring) -> Iterator[str]:
    """Yield per bridge of Open vSwitch the largest port of a machine, where no uplink takes its frames.

    Of several uplinks that let its VLAN through the one with the largest MTU counts: which is taken is not known.
    Nor is what one takes that tells no MTU.
    """
    ovs = view.ovs or OvsDatabase()
    named = {place.device for place in view.places.values() if place.kind == "openvswitch"}
    for bridge in (ovs.bridges[name] for name in sorted(named) if name in ovs.bridges):
        uplinks = [way for way in plain_uplinks(bridge) if not is_dead(way)]
        taps = [(mtu, port) for port in bridge.ports if is_machines(port) and (mtu := _mtu(port, view))]
        for mtu, port in sorted(taps, key=lambda tap: -tap[0]):
            ways = [(_mtu(way, view) or mtu, way.name) for way in uplinks if lets_through(way, port.tag or 0)]
            if ways and mtu > max(ways)[0]:
                yield f"{port.name} has {mtu}, {max(ways)[1]} has {max(ways)[0]}"
                break


def _mtu(port: OvsPort, view: Wiring) -> int | None:
    """Return what passes a port: the least of its interfaces, by the kernel, or on DPDK by Open vSwitch; None: untold.

    An interface that could not be opened, or is switched off, has no say.
    """
    links = view.links.by_name
    live = [one for one in port.interfaces if one.ofport != -1 and (one.name not in links or links[one.name].is_up)]
    told = [links[one.name].mtu if one.name in links else one.mtu for one in live]
    return min((mtu for mtu in told if mtu), default=None)


def _larger(upper: Link, lower: Link) -> str:
    return f"{upper.name} has {upper.mtu}, {lower.name} has {lower.mtu}"


def _may_be_long(view: Wiring) -> bool:
    """Return whether a NIC or a machine sends frames that not every switch port takes."""
    every = (link for link in view.links.by_name.values() if link.name != "lo")
    return any((not link.kind or is_tap(link.name)) and link.mtu > STANDARD for link in every)


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
