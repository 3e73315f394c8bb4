"""Uplinks that carry nothing: the bond is off or no member of it is up; or the only NIC has no link.

Symptom: every guest of the host is cut off, or only those on VLANs that go over this uplink.
Detect:  ip link, /proc/net/bonding: MII status of the members. Where nobody answers LACP the kernel still lets one
         member carry (MAC of the partner: zeros), so that is a warning of its own.
Fix:     cable, optic or switch port; LACP on the switch's port channel.
"""

from __future__ import annotations

from exporter.checks.hypervisor_links.remedies import CABLE, SWITCH_LACP
from exporter.checks.hypervisor_links.wires import bears, bonds_in_use, gauge
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, Sample, Samples, above
from exporter.questions.hosts.agent import AGENT
from exporter.questions.hosts.bonds import BONDS, LACP, NO_PARTNER, Bond
from exporter.questions.hosts.links import LINKS, Link, Links
from exporter.questions.hosts.ovs import OVS_DATABASE
from exporter.topology.hosts import is_judged, names
from exporter.topology.labels import Place, places, switches

DOWN = gauge(
    "uplink_down",
    "Whether nothing of the uplink (a bond or team below something, the NIC below a labelled bridge) has a link.",
    "uplink",
    problem=above(0),
)
NO_LACP_PARTNER = gauge(
    "uplink_lacp_partner_missing",
    "Whether an 802.3ad bond has members with a link and no LACP partner: the kernel lets one of them carry.",
    "uplink",
    problem=above(0),
    follows=("uplink_down",),
)
SWITCH_ON = "ip link set BOND up, and see why the network configuration or somebody switched it off."


def judge(target: HostTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield the verdicts on each bond that is an uplink, and on each NIC that is one alone.

    A bond that has heard frames and has nothing above it carries no machine: its members are judged, it is not.
    """
    host, links, bonds = names(target, cloud), answers[LINKS], answers[BONDS]
    judged = is_judged(target, cloud, answers.now)
    found = tuple(places(target, cloud, links, answers.get(AGENT), switches(answers)))
    labelled = {place.pif for place in found}
    for bond in bonds_in_use(bonds, links):
        if bond.name in links.by_name and (bond.name in labelled or bears(bond.name, links)):
            yield _down(host, bond, links.by_name[bond.name], judged=judged)
            partner = _lacks_partner(bond)
            if partner is not None:
                yield _partner(host, bond, missing=judged and partner)
    for name in _single(found, links):
        if name in bonds:
            continue  # two answers of two moments: it was made a bond between them
        value = int(judged and not links.by_name[name].has_carrier)
        yield DOWN.sample(*host, name, value=value, seen=f"{name} has no link", expected="a link", remedy=CABLE)


def _down(host: tuple[str, str, str], bond: Bond, link: Link, *, judged: bool) -> Sample:
    """Return whether a bond carries nothing; one that is switched off keeps what it last knew of its members."""
    is_down = not link.is_up or not bond.is_up or not any(member.is_up for member in bond.members)
    seen = ", ".join(f"{one.name} {'up' if one.is_up else 'down'}" for one in bond.members)
    if not link.is_up:
        seen = f"{bond.name} is switched off"
    remedy = CABLE if link.is_up else SWITCH_ON
    return DOWN.sample(
        *host, bond.name, value=int(judged and is_down), seen=seen, expected="a member with a link", remedy=remedy
    )


def _partner(host: tuple[str, str, str], bond: Bond, *, missing: bool) -> Sample:
    up = ", ".join(member.name for member in bond.members if member.is_up)
    seen = f"{up} have a link, LACP partner {NO_PARTNER}: one of them carries"
    return NO_LACP_PARTNER.sample(
        *host, bond.name, value=int(missing), seen=seen, expected="a switch that speaks LACP", remedy=SWITCH_LACP
    )


def _lacks_partner(bond: Bond) -> bool | None:
    """Return whether nobody answers LACP; None when the kernel does not tell its partners to us."""
    up = [member for member in bond.members if member.is_up]
    if bond.mode != LACP or not up:
        return False
    told = [mac for mac in (bond.partner_mac, *(member.partner_mac for member in up)) if mac]
    return all(mac == NO_PARTNER for mac in told) if told else None


def _single(found: tuple[Place, ...], links: Links) -> tuple[str, ...]:
    """Return the NICs that alone carry a traffic type; members of Open vSwitch's own bonds do not."""
    pifs = dict.fromkeys(place.pif for place in found)
    return tuple(name for name in pifs if name in links.by_name and not links.by_name[name].kind)


CHECK = Check(
    title="Uplinks",
    metrics=(DOWN, NO_LACP_PARTNER),
    remedies=(CABLE, SWITCH_LACP, SWITCH_ON),
    judges={HostTarget: judge},
    asks={HostTarget: (LINKS, BONDS)},
    uses={HostTarget: (AGENT, OVS_DATABASE)},
    reads=("listPhysicalNetworks", "listTrafficTypes"),
)
