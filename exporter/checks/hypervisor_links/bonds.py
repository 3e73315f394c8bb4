"""Kernel bonds and teams that have lost members, would not notice, or whose members do not work together.

Symptom: half the bandwidth, or none after the next cable pull; some connections lost, others fine.
Detect:  the kernel's own view, /proc/net/bonding: MII status, aggregator, churn and LACP port state of each member; and
         the carrier of ip link, since a bond that watches no links (miimon 0, the default of netplan and networkd)
         calls its members up for ever, and never goes over to another.
Fix:     cable, optic or switch port of the member named here; all its ports in one port channel of the switch; miimon.
"""

from __future__ import annotations

from exporter.checks.hypervisor_links.remedies import CABLE, SWITCH_LACP
from exporter.checks.hypervisor_links.wires import TEAM, bonds_in_use, counter, gauge
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, Samples, above
from exporter.questions.hosts.bonds import BONDS, LACP, NO_PARTNER, Bond, BondMember
from exporter.questions.hosts.links import LINKS
from exporter.topology.hosts import is_judged, names

INFO = gauge("bond_info", "Mode and LACP rate of a kernel bond in use, or team; always 1.", "bond", "mode", "lacp_rate")
MEMBERS = gauge("bond_members", "Members of a kernel bond in use, by /proc/net/bonding, or of a team.", "bond")
DOWN = gauge(
    "bond_members_down",
    "Members of the bond whose MII status is not up or that have no link, or of the team that have none.",
    "bond",
    problem=above(0),
    follows=("uplink_down", "storage_uplink_down"),
)
OUTSIDE = gauge(
    "bond_members_outside",
    "Members of an 802.3ad bond that are up and not in its active aggregator: they carry nothing.",
    "bond",
    problem=above(0),
)
UNSYNCHRONISED = gauge(
    "bond_members_unsynchronised",
    "Members in the active aggregator whose LACP is churned or not in sync, collecting and distributing.",
    "bond",
    problem=above(0),
)
UNWATCHED = gauge(
    "bond_unwatched",
    "Whether a bond of several members watches no link, by MII or ARP: it goes on sending over a dead cable.",
    "bond",
    problem=above(0),
)
FAILURES = counter(
    "bond_member_failures_total", "How often a member of the bond failed, by /proc/net/bonding.", "bond", "nic"
)
WATCH = (
    "Let the bond watch its links: ip link set BOND type bond miimon 100, and for good in its configuration "
    "(netplan: mii-monitor-interval, networkd: MIIMonitorSec, ifupdown: bond-miimon, ifcfg: BONDING_OPTS)."
)
MODES = ("balance-rr", "active-backup", "balance-xor", "broadcast", "802.3ad", "balance-tlb", "balance-alb")
CARRIES = 0x08 | 0x10 | 0x20
"""LACP port state: in sync, collecting, distributing."""


def judge(target: HostTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield the verdicts on each bond in use; a member counts in the first of the three that fits."""
    host, judged = names(target, cloud), is_judged(target, cloud, answers.now)
    bonds = answers[BONDS]
    for bond in bonds_in_use(bonds, answers.get(LINKS)):
        mode = TEAM if bond.name not in bonds else MODES[bond.mode] if bond.mode is not None else ""
        yield INFO.sample(*host, bond.name, mode, bond.lacp_rate, value=1)
        yield MEMBERS.sample(*host, bond.name, value=len(bond.members))
        for member in bond.members if bond.name in bonds else ():
            yield FAILURES.sample(*host, bond.name, member.name, value=member.failures)
        yield from _verdicts(host, bond, judged=judged)


def _verdicts(host: tuple[str, str, str], bond: Bond, *, judged: bool) -> Samples:
    """Yield what is known of a bond: of one without a mode of the kernel's, as a team, not how LACP stands."""
    down = [one for one in bond.members if judged and not one.is_up]
    yield DOWN.sample(
        *host,
        bond.name,
        value=len(down),
        seen=f"{len(down)} of {len(bond.members)} down: {', '.join(one.name for one in down[:4])}",
        expected="all members up",
        remedy=CABLE,
    )
    if bond.mode is not None:
        yield from _lacp(host, bond, judged=judged)
    if bond.is_watched is not None:
        yield UNWATCHED.sample(
            *host,
            bond.name,
            value=int(judged and not bond.is_watched and len(bond.members) > 1),
            seen="neither MII nor ARP monitoring",
            expected="one of both, such as miimon 100",
            remedy=WATCH,
        )


def _lacp(host: tuple[str, str, str], bond: Bond, *, judged: bool) -> Samples:
    outside = [one for one in bond.members if judged and _is_outside(one, bond)]
    late = [one for one in bond.members if judged and _is_unsynchronised(one, bond)]
    yield OUTSIDE.sample(
        *host,
        bond.name,
        value=len(outside),
        seen=f"active aggregator {bond.aggregator} of {bond.partner_mac or 'an unknown partner'}; "
        + ", ".join(f"{one.name} in {one.aggregator} of {_partner(one)}" for one in outside[:4]),
        expected="all members in one aggregator",
        remedy=SWITCH_LACP,
    )
    yield UNSYNCHRONISED.sample(
        *host,
        bond.name,
        value=len(late),
        seen=", ".join(_state(one) for one in late[:4]),
        expected="in sync, collecting, distributing on both ends",
        remedy=SWITCH_LACP,
    )


def _is_outside(member: BondMember, bond: Bond) -> bool:
    """Return whether the member is up and in another aggregator than the active one.

    A bond without any partner is a lost uplink, not a split one. Members of another speed are never in one
    aggregator: whoever mixes speeds wants the slower one to wait.
    """
    if bond.mode != LACP or bond.partner_mac == NO_PARTNER or bond.aggregator is None or member.aggregator is None:
        return False
    speeds = {one.speed for one in bond.members if one.is_up and one.aggregator == bond.aggregator}
    return member.is_up and member.aggregator != bond.aggregator and member.speed in speeds


def _is_unsynchronised(member: BondMember, bond: Bond) -> bool:
    """Return whether LACP of an active member has not come to an end; "monitoring" is the kernel waiting."""
    if bond.mode != LACP or bond.partner_mac == NO_PARTNER or not member.is_up:
        return False
    if bond.aggregator is None or member.aggregator != bond.aggregator:
        return False
    states = [state for state in (member.actor_state, member.partner_state) if state is not None]
    is_churned = "churned" in (member.actor_churn, member.partner_churn)
    return is_churned or any(state & CARRIES != CARRIES for state in states)


def _partner(member: BondMember) -> str:
    return "no partner" if member.partner_mac == NO_PARTNER else member.partner_mac or "an unknown partner"


def _state(member: BondMember) -> str:
    churn = f"churn {member.actor_churn or '?'}/{member.partner_churn or '?'}"
    return f"{member.name}: port state {member.actor_state}/{member.partner_state}, {churn}"


CHECK = Check(
    title="Bonds",
    metrics=(INFO, MEMBERS, DOWN, OUTSIDE, UNSYNCHRONISED, UNWATCHED, FAILURES),
    remedies=(CABLE, SWITCH_LACP, WATCH),
    judges={HostTarget: judge},
    asks={HostTarget: (BONDS,)},
    uses={HostTarget: (LINKS,)},
)
