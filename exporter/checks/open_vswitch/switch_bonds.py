"""Bonds of Open vSwitch whose members carry nothing, or have no LACP partner.

Symptom: half the bandwidth, or a host whose machines reach nobody beyond it.
Detect:  ovs-appctl bond/show and lacp/show, member by member: the headline may say negotiated while all are disabled.
Fix:     cable, optic or switch port of the member named here; LACP and the same port channel on the switch.
"""

from __future__ import annotations

from exporter.checks.open_vswitch.watched import READS, SEES, gauge, label_places, watched
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, Samples, above, equals
from exporter.questions.hosts.ovs import OVS_DATABASE
from exporter.questions.hosts.ovs_bonds import OvsBond, OvsBondMember
from exporter.questions.hosts.ovs_runtime import OVS_RUNTIME
from exporter.thresholds import OVS_LACP_SETTLES_SECONDS
from exporter.topology.hosts import names
from exporter.topology.labels import switch_uplinks

WITHOUT_PARTNER = gauge(
    "bond_members_without_partner",
    "Members of the bond with a link whose LACP has expired or defaulted: the switch port speaks none.",
    "bond",
    problem=above(0),
)
DISABLED = gauge(
    "bond_members_disabled",
    "Members of the bond that ovs-vswitchd has disabled.",
    "bond",
    problem=above(0),
    follows=("bond_members_without_partner",),
)
ENABLED = gauge(
    "bond_members_enabled",
    "Members of the bond that may carry traffic, by ovs-appctl bond/show; with none the bond is cut.",
    "bond",
    problem=equals(0),
    follows=("bond_members_disabled",),
)
CABLE = "Look at cable, optic and switch port of the member named here."
SWITCH_LACP = "Compare the switch's port channel: LACP on, the same group for all ports of this bond."


@watched
def judge(target: HostTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield the verdicts on each bond below a traffic label; one that is still being negotiated is not judged.

    Others are prepared for later, or somebody else's.
    """
    runtime, database = answers[OVS_RUNTIME], answers[OVS_DATABASE]
    if runtime is None or runtime.bonds is None or database is None:
        return
    places = label_places(target, answers, cloud)
    used = {port.name for place in places for port in switch_uplinks(place, database)}
    for bond in (bond for bond in runtime.bonds.values() if bond.name in used):
        silent = [member for member in bond.members if _is_silent(member, bond, answers)]
        disabled = [member for member in bond.members if not member.is_enabled]
        if (silent or disabled) and not _has_settled(target, answers, bond):
            continue
        yield from _verdicts((*names(target, cloud), bond.name), bond, silent, disabled)


def _has_settled(target: HostTarget, answers: Answers, bond: OvsBond) -> bool:
    """Return whether the bond has been broken for longer than a negotiation takes."""
    return answers.held("bond", target.host.id, bond.name).seconds >= OVS_LACP_SETTLES_SECONDS


def _is_silent(member: OvsBondMember, bond: OvsBond, answers: Answers) -> bool:
    """Return whether a member hears no partner although it has a link; without one it can hear nobody."""
    database = answers[OVS_DATABASE]
    port = database.ports.get(bond.name) if database else None
    links = {interface.name: interface.is_up for interface in port.interfaces} if port else {}
    return member.lacp in ("expired", "defaulted") and links.get(member.name) is not False


def _verdicts(
    labels: tuple[str, ...], bond: OvsBond, silent: list[OvsBondMember], disabled: list[OvsBondMember]
) -> Samples:
    words = ", ".join(_words(member) for member in bond.members[:4])
    headline = f"; the headline says {bond.lacp_status}" if bond.lacp_status == "negotiated" else ""
    remedy = SWITCH_LACP if silent else CABLE
    enabled = len(bond.members) - len(disabled)
    for metric, value, expected in (
        (WITHOUT_PARTNER, len(silent), "each member hears its LACP partner"),
        (DISABLED, len(disabled), "all members enabled"),
        (ENABLED, enabled, "at least one member enabled"),
    ):
        yield metric.sample(*labels, value=value, seen=words + headline, expected=expected, remedy=remedy)


def _words(member: OvsBondMember) -> str:
    state = "enabled" if member.is_enabled else "disabled"
    return f"{member.name} {state}" + (f" (LACP {member.lacp})" if member.lacp else "")


CHECK = Check(
    title="Open vSwitch bonds",
    metrics=(WITHOUT_PARTNER, DISABLED, ENABLED),
    remedies=(CABLE, SWITCH_LACP),
    judges={HostTarget: judge},
    asks={HostTarget: (OVS_RUNTIME, OVS_DATABASE)},
    uses={HostTarget: SEES},
    reads=READS,
)
