"""Rules for machines that must have none.

Symptom: a machine in a network without security groups is cut off; rules of machines that are gone pile up.
Detect:  jumps from BF-<bridge>-IN and -OUT for taps of such networks; chains of machines that do not run here.
Fix:     stop and start the machine; the agent takes away what is left at its next start.
"""

from __future__ import annotations

from collections.abc import Iterator

from exporter.checks.security_groups import remedies
from exporter.checks.security_groups.nics import (
    HOST,
    NEEDED,
    READS,
    VM,
    held_back,
    is_certain,
    is_watched,
    listed,
    plugged_nics,
)
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, Metric, Samples, above
from exporter.questions.hosts.domains import DOMAINS
from exporter.questions.hosts.firewall_chains import MACHINE, Ruleset
from exporter.questions.hosts.firewall_rules import FIREWALL_RULES
from exporter.thresholds import ROWS_PER_TARGET
from exporter.topology.hosts import names

UNEXPECTED = Metric(
    "cloudstack_network_security_groups_machines_unexpected",
    "Machines with rules for a NIC whose network has no security groups (jumps from BF- chains, iptables-save).",
    labels=HOST,
    problem=above(0),
)
ROW = Metric(
    "cloudstack_network_security_groups_machine_unexpected",
    "A machine with rules for a NIC whose network has no security groups; vm is its name on the hypervisor.",
    labels=VM,
    problem=above(0),
    subject="host",
    follows=(UNEXPECTED.name,),
)
LEFT = Metric(
    "cloudstack_network_security_groups_machines_left",
    "Machines that have chains on the host and do not run there (iptables-save against libvirt).",
    labels=HOST,
)


def judge(target: HostTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield the counts, and a row for each machine that must have no rules, up to a limit."""
    if not is_watched(target, answers, cloud):
        yield from held_back(target, cloud, UNEXPECTED)
        return
    rules, labels = answers[FIREWALL_RULES], names(target, cloud)
    rulesets = (*rules.ip4, *rules.ip6)
    hooked = dict(pair for ruleset in rulesets for pair in _hooks(ruleset))
    failing: dict[str, str] = {}
    for nic in plugged_nics(target, answers, cloud):
        if nic.machine.kind != "instance" or nic.network is None or nic.is_guarded or nic.tap not in hooked:
            continue
        if is_certain(target, answers, cloud, "unexpected", nic.machine.id, nic.nic.mac, by=FIREWALL_RULES):
            failing[nic.machine.name] = f"{nic.tap} in network {nic.network.name} leads to {hooked[nic.tap]}"
    seen = listed([f"{vm}: {why}" for vm, why in sorted(failing.items())], 3)
    expected = "no rules where the network has no security groups"
    yield UNEXPECTED.sample(*labels, value=len(failing), seen=seen, expected=expected)
    for vm, why in sorted(failing.items())[:ROWS_PER_TARGET]:
        yield ROW.sample(*labels, vm, value=1, seen=why, expected=expected)
    here = {_key(name) for name in answers[DOMAINS]}
    yield LEFT.sample(*labels, value=len({_key(chain) for one in rulesets for chain in one.machines} - here))


def _hooks(ruleset: Ruleset) -> Iterator[tuple[str, str]]:
    """Yield each tap that is led to the chain of a machine, and that chain."""
    for name, rules in ruleset.chains.items():
        if name.startswith("BF-"):
            for rule in rules:
                if rule.target in ruleset.machines and (tap := rule.port_in or rule.port_out):
                    yield tap, rule.target


def _key(name: str) -> str:
    """Return what the name of a machine and of its chains have in common: i-2-55, r-4."""
    found = MACHINE.fullmatch(name)
    return found[1] if found else name


CHECK = Check(
    title="Rules that must not be there",
    metrics=(UNEXPECTED, ROW, LEFT),
    remedies=(remedies.RESTART_AGENT, remedies.READ_LOG),
    judges={HostTarget: judge},
    asks={HostTarget: (*NEEDED, FIREWALL_RULES)},
    reads=READS,
)
