"""Uplinks that carry nothing: no member of the bond is up, or nobody answers LACP; or the only NIC has no link.

Symptom: every guest of the host is cut off, or only those on VLANs that go over this uplink.
Detect:  ip link, /proc/net/bonding: MII status of the members, MAC of the LACP partner.
Fix:     cable, optic or switch port; LACP on the switch's port channel.
"""

from __future__ import annotations

from collections.abc import Mapping

from exporter.checks.hypervisor_links.remedies import CABLE, SWITCH_LACP
from exporter.checks.hypervisor_links.wires import bonds_in_use, gauge
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, Sample, Samples, above
from exporter.questions.host_agent import AGENT
from exporter.questions.host_bonds import BONDS, LACP, NO_PARTNER, Bond
from exporter.questions.host_links import LINKS, Links
from exporter.questions.host_ovs import OVS_DATABASE
from exporter.topology.hosts import is_judged, names
from exporter.topology.labels import places, switches

DOWN = gauge(
    "uplink_down",
    "Whether nothing of the uplink (a kernel bond in use, or the NIC below a labelled bridge) has a link, by ip link.",
    "uplink",
    problem=above(0),
)
NO_LACP_PARTNER = gauge(
    "uplink_lacp_partner_missing",
    "Whether an 802.3ad bond has members with a link and no LACP partner at all, by /proc/net/bonding.",
    "uplink",
    problem=above(0),
)


def judge(target: HostTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield both verdicts for each bond in use and for each NIC that is an uplink alone."""
    host, links, bonds = names(target, cloud), answers[LINKS], answers[BONDS]
    judged = is_judged(target, cloud, answers.now)
    for bond in bonds_in_use(bonds, links):
        is_down = not bond.is_up or not any(member.is_up for member in bond.members)
        seen = ", ".join(f"{one.name} {'up' if one.is_up else 'down'}" for one in bond.members)
        yield DOWN.sample(
            *host, bond.name, value=int(judged and is_down), seen=seen, expected="a member with a link", remedy=CABLE
        )
        partner = _lacks_partner(bond)
        if partner is not None:
            yield _partner(host, bond.name, missing=judged and partner)
    for name in _single(target, answers, cloud, bonds):
        value = int(judged and not links.by_name[name].has_carrier)
        yield DOWN.sample(*host, name, value=value, seen=f"{name} has no link", expected="a link", remedy=CABLE)
        yield _partner(host, name, missing=False)


def _partner(host: tuple[str, str, str], uplink: str, *, missing: bool) -> Sample:
    seen = "members have a link, LACP partner 00:00:00:00:00:00"
    return NO_LACP_PARTNER.sample(
        *host, uplink, value=int(missing), seen=seen, expected="a switch that speaks LACP", remedy=SWITCH_LACP
    )


def _lacks_partner(bond: Bond) -> bool | None:
    """Return whether nobody answers LACP; None when the kernel does not tell its partners to us."""
    up = [member for member in bond.members if member.is_up]
    if bond.mode != LACP or not up:
        return False
    told = [mac for mac in (bond.partner_mac, *(member.partner_mac for member in up)) if mac]
    return all(mac == NO_PARTNER for mac in told) if told else None


def _single(target: HostTarget, answers: Answers, cloud: Cloud, bonds: Mapping[str, Bond]) -> tuple[str, ...]:
    """Return the NICs that alone carry a traffic type; members of Open vSwitch's own bonds do not."""
    links: Links = answers[LINKS]
    found: dict[str, None] = {}
    for place in places(target, cloud, links, answers.get(AGENT), switches(answers)):
        name = place.pif
        if name in links.by_name and name not in bonds and not links.by_name[name].kind:
            found[name] = None
    return tuple(found)


CHECK = Check(
    title="Uplinks",
    metrics=(DOWN, NO_LACP_PARTNER),
    remedies=(CABLE, SWITCH_LACP),
    judges={HostTarget: judge},
    asks={HostTarget: (LINKS, BONDS)},
    uses={HostTarget: (AGENT, OVS_DATABASE)},
    reads=("listPhysicalNetworks", "listTrafficTypes"),
)
