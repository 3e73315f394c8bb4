"""Firewalls beside iptables that drop what machines send and get.

Symptom: machines are cut off but for ARP, and all rules of iptables are as they should be.
Detect:  base chains of nft at the hook forward that iptables did not make, with the policy drop: a frame must pass all
         of them. Their rules are not listed, so chains with the policy accept (firewalld's) are only named.
Fix:     keep firewalld, and rules in /etc/nftables.conf for what is forwarded, off hypervisors.
"""

from __future__ import annotations

from collections.abc import Mapping

from exporter.checks.security_groups.nics import (
    HOST,
    NEEDED,
    READS,
    held_back,
    is_certain,
    is_watched,
    listed,
    plugged_nics,
)
from exporter.checks.security_groups.verdict import Family, families
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, Metric, Samples, above
from exporter.questions.hosts.firewall import FIREWALL
from exporter.questions.hosts.firewall_native import NativeChain
from exporter.questions.hosts.firewall_rules import FIREWALL_RULES
from exporter.questions.hosts.links import LINKS, Link
from exporter.thresholds import ROWS_PER_TARGET
from exporter.topology.hosts import names

DROPPING = Metric(
    "cloudstack_network_security_groups_native_chains_dropping",
    "Chains of nft, not iptables' own, that drop frames of machines unless their rules accept them (nft list chains).",
    labels=HOST,
    problem=above(0),
)
INFO = Metric(
    "cloudstack_network_security_groups_native_chain_info",
    "A chain of nft at the hook forward that iptables did not make, and its policy (nft list chains).",
    labels=(*HOST, "family", "table", "chain", "policy"),
    subject="host",
)
TAKE_AWAY = (
    "Take the tables named here away (nft delete table ...), and what wrote them off this host; or add rules to each"
    " chain that accept what is bridged. Do not stop nftables.service for it: that flushes CloudStack's rules too."
)
FAMILIES: Mapping[str, tuple[str, ...]] = {"ip": ("IPv4",), "ip6": ("IPv6",), "inet": ("IPv4", "IPv6")}
"""Family of nft -> those whose bridged frames come to its chains, where they are led to iptables at all."""


def judge(target: HostTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield how many drop what is bridged here, twice seen, and every chain; nothing where nft does not tell."""
    if not is_watched(target, answers, cloud):
        yield from held_back(target, cloud, DROPPING)
        return
    chains, labels = answers[FIREWALL_RULES].native, names(target, cloud)
    if chains is None:
        return
    links, both = answers[LINKS].by_name, families(answers[FIREWALL_RULES], answers[FIREWALL])
    used = {nic.bridge for nic in plugged_nics(target, answers, cloud)}
    bridges = [link for name in sorted(used) if (link := links.get(name)) is not None and link.kind == "bridge"]
    dropping = [
        str(chain)
        for chain in chains
        if chain.drops
        and _is_passed(chain, bridges, both)
        and is_certain(target, answers, cloud, "native", str(chain), by=FIREWALL_RULES)
    ]
    yield DROPPING.sample(
        *labels,
        value=len(dropping),
        seen=f"policy drop: {listed(dropping)}",
        expected="no chain at the hook forward drops but iptables' own",
    )
    for chain in sorted(chains, key=lambda chain: (not chain.drops, str(chain)))[:ROWS_PER_TARGET]:
        policy = "drop" if chain.drops else "accept"
        yield INFO.sample(*labels, chain.family, chain.table, chain.name, policy, value=1)


def _is_passed(chain: NativeChain, bridges: list[Link], both: tuple[Family, Family]) -> bool:
    """Return whether frames of some bridge come to a chain: of the family bridge all do."""
    if chain.family == "bridge":
        return bool(bridges)
    wanted = [family for family in both if family.name in FAMILIES[chain.family]]
    return any(family.filters(link) for family in wanted for link in bridges)


CHECK = Check(
    title="Firewalls beside iptables",
    metrics=(DROPPING, INFO),
    remedies=(TAKE_AWAY,),
    judges={HostTarget: judge},
    asks={HostTarget: (*NEEDED, FIREWALL, FIREWALL_RULES)},
    reads=READS,
)
