"""Rules in a flavour of iptables other than the one that the commands write to.

Symptom: rules that nobody sees stay in force, and new ones do not take the place of old ones.
Detect:  ``iptables -V``, and iptables-save of both flavours where the kernel has tables of both.
Fix:     choose one flavour, take the chains of the other one away, stop and start the machines.
"""

from __future__ import annotations

from exporter.checks.security_groups import remedies
from exporter.checks.security_groups.nics import HOST, held_back, is_watched
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, Metric, Samples, above
from exporter.questions.hosts.firewall_rules import FIREWALL_RULES
from exporter.topology.hosts import names

MIXED = Metric(
    "cloudstack_network_security_groups_flavours_mixed",
    "Families (IPv4, IPv6) with rules of the agent in the flavour of iptables that its commands do not write to.",
    labels=HOST,
    problem=above(0),
)
INFO = Metric(
    "cloudstack_network_security_groups_firewall_info",
    "Flavour (nft, legacy) and version of iptables on the host (iptables -V).",
    labels=(*HOST, "flavour", "version"),
    subject="host",
)


def judge(target: HostTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield the flavour, and in how many families the agent's rules are in another one."""
    if not is_watched(target, answers, cloud):
        yield from held_back(target, cloud, MIXED)
        return
    rules, labels = answers[FIREWALL_RULES], names(target, cloud)
    yield INFO.sample(*labels, rules.flavour, rules.version, value=1)
    strange = [
        f"{family} rules in {one.flavour}"
        for family, rulesets in (("IPv4", rules.ip4), ("IPv6", rules.ip6))
        for one in rulesets
        if one.is_ours and one.flavour != rules.flavour
    ]
    expected = f"rules of the agent in {rules.flavour} only, as iptables -V says"
    yield MIXED.sample(*labels, value=len(strange), seen=", ".join(strange), expected=expected)


CHECK = Check(
    title="Flavours of iptables",
    metrics=(MIXED, INFO),
    remedies=(remedies.SAME_FLAVOUR,),
    judges={HostTarget: judge},
    asks={HostTarget: (FIREWALL_RULES,)},
)
