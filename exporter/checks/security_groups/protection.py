"""Machines whose security groups are not enforced, and machines that they cut off.

Symptom: anybody reaches a machine or a machine reaches anybody; or nothing gets to it at all.
Detect:  a stranger's frame led through iptables-save and ip6tables-save: does it pass the machine's own chain? And
         whether ebtables drops frames of the machine's own addresses.
Fix:     stop and start the machine. Where all of a host are open: bridge filtering, or rules above the agent's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from exporter.checks.security_groups import remedies
from exporter.checks.security_groups.chains import is_named
from exporter.checks.security_groups.frames import unheard
from exporter.checks.security_groups.nics import (
    HOST,
    NEEDED,
    READS,
    VM,
    PluggedNic,
    has_groups,
    held_back,
    is_certain,
    is_watched,
    listed,
    plugged_nics,
)
from exporter.checks.security_groups.verdict import Verdict, families, system_vm_cut_off, verdict
from exporter.cloud.cloud import Cloud
from exporter.cloud.placement import Placed
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, Metric, Question, Samples, Unjudged, above
from exporter.questions.hosts.firewall import FIREWALL
from exporter.questions.hosts.firewall_ebtables import FRAME_RULES
from exporter.questions.hosts.firewall_rules import FIREWALL_RULES
from exporter.questions.hosts.links import LINKS
from exporter.thresholds import ROWS_PER_TARGET
from exporter.topology.hosts import is_judged, names

PREFIX = "cloudstack_network_security_groups"
CAUSES = (f"{PREFIX}_bridges_unfiltered", f"{PREFIX}_rules_above", f"{PREFIX}_bridges_incomplete")

GUARDED = Metric(
    f"{PREFIX}_machines",
    "Machines on the host that security groups must guard: running, with a NIC in a network that has the service.",
    labels=HOST,
)
OPEN = Metric(
    f"{PREFIX}_machines_open",
    "Machines on the host whose frames pass without their security groups (iptables-save and ip6tables-save).",
    labels=HOST,
    problem=above(0),
    follows=CAUSES,
)
OPEN_ROW = Metric(
    f"{PREFIX}_machine_open",
    "A machine whose frames pass without its security groups; vm is its name on the hypervisor.",
    labels=VM,
    problem=above(0),
    subject="host",
    follows=(OPEN.name,),
)
CUT_OFF = Metric(
    f"{PREFIX}_machines_cut_off",
    "Machines on the host that get or send nothing: chains, jumps or addresses missing (iptables, ipset, ebtables).",
    labels=HOST,
    problem=above(0),
    follows=(f"{PREFIX}_bridges_incomplete",),
)
CUT_OFF_ROW = Metric(
    f"{PREFIX}_machine_cut_off",
    "A machine that gets or sends nothing because of its host's rules; vm is its name on the hypervisor.",
    labels=VM,
    problem=above(0),
    subject="host",
    follows=(CUT_OFF.name,),
)


@dataclass(frozen=True, slots=True)
class Wrong:
    """Everything that is wrong with a machine, of all its NICs."""

    open: tuple[str, ...] = ()
    cut_off: tuple[str, ...] = ()
    is_known: bool = True

    def __add__(self, other: Wrong) -> Wrong:
        """Return both."""
        return Wrong(self.open + other.open, self.cut_off + other.cut_off, self.is_known and other.is_known)


def judge(target: HostTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield the counts, and a row for each failing machine up to a limit, worst first.

    While the rules of some machine cannot be followed there is no count of none, nor of machines that are cut off while
    ebtables does not tell.
    """
    if not is_watched(target, answers, cloud):
        yield from held_back(target, cloud, OPEN, CUT_OFF)
        return
    nics = tuple(plugged_nics(target, answers, cloud))
    labels = names(target, cloud)
    yield GUARDED.sample(*labels, value=len({nic.machine.id for nic in nics if nic.is_guarded}))
    found = _by_machine(target, answers, cloud, nics)
    passed = frozenset(nic.machine.name for nic in nics if nic.passed_through)
    is_known = all(wrong.is_known for wrong in found.values())
    is_told = is_known and answers.get(FRAME_RULES) is not None
    for count, row, kind, expected, is_health, to_be_plugged in (
        (OPEN, OPEN_ROW, "open", "every frame passes the chains of its machine", is_known, passed),
        (CUT_OFF, CUT_OFF_ROW, "cut_off", "what the rules allow gets through", is_told, frozenset()),
    ):
        failing = {vm: why for vm, wrong in found.items() if (why := getattr(wrong, kind))}
        worst = sorted(failing, key=lambda vm: (-len(failing[vm]), vm))
        seen = listed([f"{vm}: {failing[vm][0]}" for vm in worst], 3)
        if failing or is_health:
            remedy = remedies.PLUG_IN if failing and failing.keys() <= to_be_plugged else ""
            yield count.sample(*labels, value=len(failing), seen=seen, expected=expected, remedy=remedy)
        for vm in worst[:ROWS_PER_TARGET]:
            remedy = remedies.PLUG_IN if vm in to_be_plugged else ""
            yield row.sample(*labels, vm, value=1, seen=listed(list(failing[vm])), expected=expected, remedy=remedy)


def _by_machine(
    target: HostTarget, answers: Answers, cloud: Cloud, nics: tuple[PluggedNic, ...]
) -> Mapping[str, Wrong]:
    """Return what is wrong with each machine, confirmed NIC by NIC."""
    found: dict[str, Wrong] = {}
    for nic, told in _verdicts(answers, nics):
        open_, cut_off = (
            why if why and _is_certain(target, answers, cloud, kind, nic, by=FIREWALL_RULES) else ()
            for kind, why in (("open", told.open), ("cut_off", told.cut_off))
        )
        found[nic.machine.name] = found.get(nic.machine.name, Wrong()) + Wrong(open_, cut_off, told.is_known)
    rules = answers.get(FRAME_RULES)
    for nic in nics:
        why = unheard(nic, rules) if rules and nic.is_guarded else ""
        if why and _is_certain(target, answers, cloud, "unheard", nic, by=FRAME_RULES):
            found[nic.machine.name] += Wrong(cut_off=(why,))
    return found


def _is_certain(
    target: HostTarget, answers: Answers, cloud: Cloud, kind: str, nic: PluggedNic, *, by: Question[Any]
) -> bool:
    return is_certain(target, answers, cloud, kind, nic.machine.id, nic.nic.mac, by=by)


def _verdicts(answers: Answers, nics: tuple[PluggedNic, ...]) -> Iterator[tuple[PluggedNic, Verdict]]:
    rules, firewall, links = answers[FIREWALL_RULES], answers[FIREWALL], answers[LINKS]
    both = families(rules, firewall)
    for nic in nics:
        if nic.is_guarded:
            yield nic, verdict(nic, both, links, firewall, rules.sets)
        elif nic.machine.kind != "instance" and (why := system_vm_cut_off(nic, both[0], links)):
            yield nic, Verdict(cut_off=(why,))


def unjudged(cloud: Cloud) -> Iterator[Unjudged]:
    """Yield the hosts with machines whose names CloudStack did not make: nobody can foretell what rules they have."""
    grouped = {network.id for network in cloud.networks.values() if has_groups(network)}
    for host_id, machines in cloud.placed_by_host.items() if grouped else ():
        strange = sorted(
            one.name or one.id
            for one in machines
            if one.kind == "instance" and one.is_running and not is_named(one.name) and not grouped.isdisjoint(_on(one))
        )
        host = cloud.hosts.get(host_id)
        if not strange or host is None or host.hypervisor != "KVM":
            continue
        zone = cloud.zone_name(host.zone_id)
        if is_judged(HostTarget(host, zone, None), cloud, cloud.at):
            told = f"no rules can be foretold for machines that CloudStack did not name: {listed(strange, 3)}"
            yield Unjudged(zone=zone, kind="host", name=host.name, detail=told)


def _on(machine: Placed) -> Iterator[str]:
    return (nic.network_id for nic in machine.nics)


CHECK = Check(
    title="Machines and their security groups",
    metrics=(GUARDED, OPEN, OPEN_ROW, CUT_OFF, CUT_OFF_ROW),
    remedies=(remedies.RESTART_AGENT, remedies.PLUG_IN, remedies.READ_LOG),
    judges={HostTarget: judge},
    asks={HostTarget: (*NEEDED, FIREWALL, FIREWALL_RULES)},
    uses={HostTarget: (FRAME_RULES,)},
    reads=READS,
    unjudged=unjudged,
)
