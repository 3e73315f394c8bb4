"""Uplinks that carry nothing: the bond is off or no member of it is up or left; or no NIC of the label has a link.

Symptom: every guest of the host is cut off, or only those on VLANs that go over this uplink.
Detect:  ip link, /proc/net/bonding: carrier and MII status of the members, for what a traffic label leads to; the
         status alone is "up" for ever where the bond watches no links. Where nobody answers LACP the kernel still lets
         one member carry (MAC of the partner: zeros), so that is a warning of its own.
Fix:     cable, optic or switch port; LACP on the switch's port channel.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from exporter.checks.hypervisor_links.remedies import CABLE, SWITCH_LACP
from exporter.checks.hypervisor_links.wires import TEAM, gauge, known_bonds
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, Metric, Sample, Samples, above
from exporter.questions.hosts.agent import AGENT
from exporter.questions.hosts.bonds import ACTIVE_BACKUP, BONDS, LACP, NO_PARTNER, Bond, BondMember
from exporter.questions.hosts.links import LINKS, Link, Links
from exporter.questions.hosts.ovs import OVS_DATABASE
from exporter.topology.hosts import is_judged, names
from exporter.topology.labels import Place, is_uplink, places, switches
from exporter.topology.zones import has_storage_network

DOWN = gauge(
    "uplink_down",
    "Whether nothing of the uplink that carries management, public or guest traffic (bond, team or NIC) has a link.",
    "uplink",
    problem=above(0),
)
STORAGE_DOWN = gauge(
    "storage_uplink_down",
    "Whether nothing of an uplink that storage traffic has to itself, in a zone with storage addresses, has a link.",
    "uplink",
    problem=above(0),
)
NO_LACP_PARTNER = gauge(
    "uplink_lacp_partner_missing",
    "Whether an 802.3ad bond has members with a link and no LACP partner: the kernel lets one of them carry.",
    "uplink",
    problem=above(0),
    follows=("uplink_down", "storage_uplink_down"),
)
SWITCH_ON = "ip link set BOND up, and see why the network configuration or somebody switched it off."
DEPTH = 4
"""Devices that are followed below a label: a VLAN of a bridge of a VLAN of a bond."""


def judge(target: HostTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield the verdicts on each bond and each single NIC that a traffic label leads to.

    What no label leads to is prepared for later, or somebody else's: if it ever carried anything, its members are
    judged with the bonds. Without addresses of its own in the zone, storage traffic is management traffic.
    """
    host, links, judged = names(target, cloud), answers[LINKS], is_judged(target, cloud, answers.now)
    found = tuple(places(target, cloud, links, answers.get(AGENT), switches(answers)))
    machines = _carriers((one for one in found if one.traffic != "Storage"), links)
    metrics: dict[str, tuple[Metric, bool]] = {}
    if has_storage_network(cloud, target.host.zone_id):
        storage = _carriers((one for one in found if one.traffic == "Storage"), links)
        metrics = {name: (STORAGE_DOWN, is_dark) for name, is_dark in storage}
    metrics |= {name: (DOWN, is_dark) for name, is_dark in machines}
    bonds = known_bonds(answers[BONDS], links)
    for name, (metric, is_dark) in metrics.items():
        link = links.by_name[name]
        if name in bonds and (bonds[name].members or name not in links.ports):
            yield _down(metric, host, bonds[name], link, judged=judged)
            partner = _lacks_partner(bonds[name])
            if partner is not None:
                yield _partner(host, bonds[name], missing=judged and partner)
        elif not link.kind and name not in bonds:  # else two answers of two moments: it was made a bond
            value = int(judged and is_dark)
            yield metric.sample(*host, name, value=value, seen=f"{name} has no link", expected="a link", remedy=CABLE)


def _carriers(found: Iterable[Place], links: Links) -> Iterator[tuple[str, bool]]:
    """Yield the bonds and teams below places, and the NICs of those without; and whether no way there has a link.

    Of several uplinks the agent takes any: a NIC among them may be spare. Beside an uplink that the kernel does not
    know, as a bond of Open vSwitch, NICs are not judged.
    """
    for place in found:
        below = [tuple(_below(name, links, DEPTH)) for name in place.uplinks]
        ways = dict.fromkeys(name for names in below for name in names)
        bonds = [name for name in ways if links.by_name[name].kind in ("bond", TEAM)]
        is_dark = not any(links.by_name[name].has_carrier for name in ways)
        for name in bonds or (ways if all(below) else ()):
            yield name, is_dark


def _below(name: str, links: Links, depth: int) -> Iterator[str]:
    """Yield what an uplink comes down to, below VLAN devices and bridges."""
    link = links.by_name.get(name)
    if link is None or not depth:
        return
    if link.kind == "vlan" and link.parent:
        yield from _below(link.parent, links, depth - 1)
    elif link.kind == "bridge":
        for port in links.ports.get(name, ()):
            if is_uplink(port):
                yield from _below(port, links, depth - 1)
    else:
        yield name


def _down(metric: Metric, host: tuple[str, str, str], bond: Bond, link: Link, *, judged: bool) -> Sample:
    """Return whether a bond carries nothing; one that is switched off keeps what it last knew of its members."""
    is_down = not link.is_up or not bond.is_up or not any(member.is_up for member in _carrying(bond))
    seen = ", ".join(f"{one.name} {'up' if one.is_up else 'down'}" for one in bond.members) or "no member is left"
    if not link.is_up:
        seen = f"{bond.name} is switched off"
    elif bond.is_watched is False:
        seen += f", and {bond.name} watches no link"
    remedy = CABLE if link.is_up else SWITCH_ON
    return metric.sample(
        *host, bond.name, value=int(judged and is_down), seen=seen, expected="a member with a link", remedy=remedy
    )


def _carrying(bond: Bond) -> tuple[BondMember, ...]:
    """Return the members that may carry: of active-backup without monitoring the active one alone, link or no link."""
    if bond.mode != ACTIVE_BACKUP or bond.is_watched is not False:
        return bond.members
    return tuple(one for one in bond.members if bond.active in ("", one.name))


def _partner(host: tuple[str, str, str], bond: Bond, *, missing: bool) -> Sample:
    up = ", ".join(member.name for member in bond.members if member.is_up)
    seen = f"{up} have a link, LACP partner {NO_PARTNER}: one of them carries"
    return NO_LACP_PARTNER.sample(
        *host, bond.name, value=int(missing), seen=seen, expected="a switch that speaks LACP", remedy=SWITCH_LACP
    )


def _lacks_partner(bond: Bond) -> bool | None:
    """Return whether nobody answers LACP; None when the kernel does not tell its partners to us, or the mode at all."""
    up = [member for member in bond.members if member.is_up]
    if bond.mode is None:
        return None
    if bond.mode != LACP or not up:
        return False
    told = [mac for mac in (bond.partner_mac, *(member.partner_mac for member in up)) if mac]
    return all(mac == NO_PARTNER for mac in told) if told else None


CHECK = Check(
    title="Uplinks",
    metrics=(DOWN, STORAGE_DOWN, NO_LACP_PARTNER),
    remedies=(CABLE, SWITCH_LACP, SWITCH_ON),
    judges={HostTarget: judge},
    asks={HostTarget: (LINKS, BONDS)},
    uses={HostTarget: (AGENT, OVS_DATABASE)},
    reads=("listPhysicalNetworks", "listTrafficTypes", "listStorageNetworkIpRange"),
)
