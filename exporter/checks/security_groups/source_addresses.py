"""Machines that may use MAC, ARP and IP addresses of others.

Symptom: a machine takes over the traffic of its neighbours; rules of iptables go on working.
Detect:  table nat of ebtables: the jumps of each tap, the MAC and ARP addresses that its chains let pass, and that they
         drop all others; the members of its address sets. All must be addresses that CloudStack gave to the machine.
Fix:     stop and start the machine; names of machines above 20 characters cannot be guarded by ebtables-nft.
"""

from __future__ import annotations

from collections.abc import Mapping, Set

from exporter.checks.security_groups import remedies
from exporter.checks.security_groups.addresses import strange
from exporter.checks.security_groups.chains import EBTABLES_NFT_LONGEST, chains_of
from exporter.checks.security_groups.frames import spoofable
from exporter.checks.security_groups.nics import (
    HOST,
    NEEDED,
    READS,
    VM,
    guarded_nics,
    held_back,
    is_certain,
    is_watched,
    listed,
)
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, Metric, Samples, above
from exporter.questions.hosts.firewall_ebtables import FRAME_RULES
from exporter.questions.hosts.firewall_rules import FIREWALL_RULES
from exporter.thresholds import ROWS_PER_TARGET
from exporter.topology.hosts import names

SPOOFABLE = Metric(
    "cloudstack_network_security_groups_machines_spoofing",
    "Machines on the host that may use other machines' MAC, ARP or IP addresses (ebtables -t nat -L, ipset).",
    labels=HOST,
    problem=above(0),
)
ROW = Metric(
    "cloudstack_network_security_groups_machine_spoofing",
    "A machine that may use other machines' MAC, ARP or IP addresses; vm is its name on the hypervisor.",
    labels=VM,
    problem=above(0),
    subject="host",
    follows=(SPOOFABLE.name,),
)
LONG_NAME = (
    "Set instance.name in CloudStack to a short word: names of machines above 20 characters are too long for ebtables."
)


def judge(target: HostTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield the count, and a row for each failing machine up to a limit; no count of none without the address sets."""
    if not is_watched(target, answers, cloud):
        yield from held_back(target, cloud, SPOOFABLE)
        return
    rules, labels = answers.get(FIREWALL_RULES), names(target, cloud)
    failing: dict[str, str] = {}
    nics = guarded_nics(target, answers, cloud)
    passed = {nic.machine.name for nic in nics if nic.passed_through}
    for nic in nics:
        for lacks, key, by in (
            (spoofable(nic, answers[FRAME_RULES]), "spoofing", FRAME_RULES),
            (strange(nic.machine, rules.sets) if rules and rules.sets else "", "strange", FIREWALL_RULES),
        ):
            if lacks and is_certain(target, answers, cloud, key, nic.machine.id, nic.nic.mac, by=by):
                failing.setdefault(nic.machine.name, lacks)
    expected = "a machine sends from its own addresses only"
    seen = listed([f"{vm}: {why}" for vm, why in sorted(failing.items())], 3)
    if failing or rules is not None:
        remedy = _remedy(failing, passed)
        yield SPOOFABLE.sample(*labels, value=len(failing), seen=seen, expected=expected, remedy=remedy)
    for vm, why in sorted(failing.items())[:ROWS_PER_TARGET]:
        yield ROW.sample(*labels, vm, value=1, seen=why, expected=expected, remedy=_remedy({vm: why}, passed))


def _remedy(failing: Mapping[str, str], passed: Set[str]) -> str:
    if failing and failing.keys() <= passed:
        return remedies.PLUG_IN
    is_long = any(len(chains_of(vm).frames) > EBTABLES_NFT_LONGEST for vm in failing)
    return LONG_NAME if is_long else remedies.RESTART_AGENT


CHECK = Check(
    title="Addresses that machines may use",
    metrics=(SPOOFABLE, ROW),
    remedies=(remedies.RESTART_AGENT, LONG_NAME, remedies.PLUG_IN, remedies.READ_LOG),
    judges={HostTarget: judge},
    asks={HostTarget: (*NEEDED, FRAME_RULES)},
    uses={HostTarget: (FIREWALL_RULES,)},
    reads=READS,
)
