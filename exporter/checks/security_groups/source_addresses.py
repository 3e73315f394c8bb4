"""Machines that may use MAC and ARP addresses of others.

Symptom: a machine takes over the traffic of its neighbours; rules of iptables go on working.
Detect:  table nat of ebtables: the jumps of each tap, and the machine's own MAC in its chain of permitted sources.
Fix:     stop and start the machine; names of machines above 20 characters cannot be guarded by ebtables-nft.
"""

from __future__ import annotations

from collections.abc import Mapping

from exporter.checks.security_groups import remedies
from exporter.checks.security_groups.chains import EBTABLES_NFT_LONGEST, chains_of
from exporter.checks.security_groups.nics import (
    HOST,
    NEEDED,
    READS,
    VM,
    PluggedNic,
    guarded_nics,
    is_certain,
    is_watched,
    listed,
)
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, Metric, Samples, above
from exporter.questions.hosts.firewall_ebtables import FRAME_RULES, FrameRules
from exporter.thresholds import ROWS_PER_TARGET
from exporter.topology.hosts import names

SPOOFABLE = Metric(
    "cloudstack_network_security_groups_machines_spoofing",
    "Machines on the host that may use other machines' MAC and ARP addresses (ebtables -t nat -L).",
    labels=HOST,
    problem=above(0),
)
ROW = Metric(
    "cloudstack_network_security_groups_machine_spoofing",
    "A machine that may use other machines' MAC and ARP addresses; vm is its name on the hypervisor.",
    labels=VM,
    problem=above(0),
    subject="host",
    follows=(SPOOFABLE.name,),
)
LONG_NAME = (
    "Set instance.name in CloudStack to a short word: names of machines above 20 characters are too long for ebtables."
)


def judge(target: HostTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield the count, and a row for each failing machine up to a limit."""
    if not is_watched(target, answers, cloud):
        return
    rules, labels = answers[FRAME_RULES], names(target, cloud)
    failing: dict[str, str] = {}
    for nic in guarded_nics(target, answers, cloud):
        lacks = _lacks(nic, rules)
        if lacks and is_certain(target, answers, cloud, "spoofing", nic.machine.id, nic.nic.mac, by=FRAME_RULES):
            failing.setdefault(nic.machine.name, lacks)
    expected = "ebtables lets a machine send from its own addresses only"
    seen = listed([f"{vm}: {why}" for vm, why in sorted(failing.items())], 3)
    yield SPOOFABLE.sample(*labels, value=len(failing), seen=seen, expected=expected, remedy=_remedy(failing))
    for vm, why in sorted(failing.items())[:ROWS_PER_TARGET]:
        yield ROW.sample(*labels, vm, value=1, seen=why, expected=expected, remedy=_remedy({vm: why}))


def _lacks(nic: PluggedNic, rules: FrameRules) -> str:
    """Return what is missing for a NIC; empty when it is kept to its own addresses."""
    begin = chains_of(nic.machine.name).frames
    if rules.sent.get(nic.tap) != f"{begin}-in":
        return f"PREROUTING has no jump from {nic.tap} to {begin}-in"
    if rules.received.get(nic.tap) != f"{begin}-out":
        return f"POSTROUTING has no jump from {nic.tap} to {begin}-out"
    if not {f"{begin}-in-src", f"{begin}-in-ips"} <= rules.jumps.get(f"{begin}-in", frozenset()):
        return f"{begin}-in does not lead to {begin}-in-src and -in-ips"
    if nic.nic.mac.lower() not in rules.sources.get(f"{begin}-in-src", frozenset()):
        return f"{begin}-in-src does not hold {nic.nic.mac} and drop all others"
    return ""


def _remedy(failing: Mapping[str, str]) -> str:
    is_long = any(len(chains_of(vm).frames) > EBTABLES_NFT_LONGEST for vm in failing)
    return LONG_NAME if is_long else remedies.RESTART_AGENT


CHECK = Check(
    title="MAC and ARP addresses of machines",
    metrics=(SPOOFABLE, ROW),
    remedies=(remedies.RESTART_AGENT, LONG_NAME, remedies.READ_LOG),
    judges={HostTarget: judge},
    asks={HostTarget: (*NEEDED, FRAME_RULES)},
    reads=READS,
)
