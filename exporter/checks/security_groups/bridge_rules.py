"""The agent's rules around each bridge, and rules of others that accept frames before them.

Symptom: all machines of a bridge are open or cut off; or some strangers get through.
Detect:  FORWARD and BF-<bridge> of iptables-save and ip6tables-save, as a set: the agent doubles rules when it repairs.
Fix:     stop and start a machine of the bridge; take other firewalls' rules away.
"""

from __future__ import annotations

from collections.abc import Iterator

from exporter.checks.security_groups import remedies
from exporter.checks.security_groups.nics import (
    HOST,
    NEEDED,
    OVS,
    READS,
    PluggedNic,
    guarded_nics,
    held_back,
    is_certain,
    is_watched,
    listed,
    uplinks,
)
from exporter.checks.security_groups.verdict import Family, families
from exporter.checks.security_groups.walk import Frame
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, Metric, Samples, above
from exporter.questions.hosts.firewall import FIREWALL
from exporter.questions.hosts.firewall_chains import Rule, Ruleset
from exporter.questions.hosts.firewall_rules import FIREWALL_RULES
from exporter.questions.hosts.links import LINKS, Links
from exporter.topology.hosts import names

INCOMPLETE = Metric(
    "cloudstack_network_security_groups_bridges_incomplete",
    "Bridges with machines in security groups that lack rules in FORWARD or BF-<bridge> (iptables, ip6tables).",
    labels=HOST,
    problem=above(0),
    follows=(
        "cloudstack_network_hypervisor_links_uplink_names_refused",
        "cloudstack_network_physical_networks_label_missing",
    ),
)
ABOVE = Metric(
    "cloudstack_network_security_groups_rules_above",
    "Rules that accept bridged frames before the agent's jumps in FORWARD (iptables-save, ip6tables-save).",
    labels=HOST,
    problem=above(0),
)


def judge(target: HostTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield how many bridges lack rules, and how many rules accept frames before them."""
    if not is_watched(target, answers, cloud):
        yield from held_back(target, cloud, INCOMPLETE, ABOVE)
        return
    links, labels = answers[LINKS], names(target, cloud)
    one_each = {nic.bridge: nic for nic in guarded_nics(target, answers, cloud) if nic.bridge not in ("", OVS)}
    incomplete, above_ = [], dict[str, None]()
    for bridge, nic in sorted(one_each.items()):
        lacks: list[str] = []
        for family in families(answers[FIREWALL_RULES], answers[FIREWALL]):
            lacks += [f"{family.name} {rule}" for rule in _lacking(bridge, family, links)]
            above_.update(dict.fromkeys(f"{family.name}: {rule}" for rule in _above(nic, family, links)))
        if lacks and is_certain(target, answers, cloud, "incomplete", bridge, by=FIREWALL_RULES):
            incomplete.append(f"{bridge} lacks {listed(lacks, 3)}")
    shown = [rule for rule in above_ if is_certain(target, answers, cloud, "above", rule, by=FIREWALL_RULES)]
    remedy = remedies.RESTART_AGENT
    yield INCOMPLETE.sample(
        *labels, value=len(incomplete), seen=listed(incomplete, 3), expected="all rules of the bridge", remedy=remedy
    )
    yield ABOVE.sample(*labels, value=len(shown), seen=listed(shown), expected="the jumps to BF- come first")


def _lacking(bridge: str, family: Family, links: Links) -> Iterator[str]:
    """Yield the rules that the agent writes for a bridge and that are not there; nothing when nobody can tell."""
    if not family.walks or family.is_unread:
        return
    ruleset = next((walk.ruleset for walk in family.walks if walk.ruleset.is_ours), family.walks[0].ruleset)
    chain, out = f"BF-{bridge}", uplinks(links, bridge)
    wanted = {
        "FORWARD": (
            Rule(chain, bridge_out=bridge),
            Rule(chain, bridge_in=bridge),
            Rule("DROP", bridge_out=bridge),
            Rule("DROP", bridge_in=bridge),
        ),
        chain: (Rule("ACCEPT", takes_new=False), Rule(f"{chain}-IN"), Rule(f"{chain}-OUT")),
    }
    for name, rules in wanted.items():
        there = {_plain(rule) for rule in ruleset.chains.get(name, ()) if not rule.words}
        yield from (f"{name} {rule}" for rule in rules if rule not in there)
    yield from _wrong_uplink(ruleset, chain, out)


def _wrong_uplink(ruleset: Ruleset, chain: str, out: tuple[str, ...]) -> Iterator[str]:
    accepted = [rule.port_out for rule in ruleset.chains.get(chain, ()) if rule.target == "ACCEPT" and rule.port_out]
    if not set(out) & set(accepted):
        told = f", accepts {', '.join(accepted)}" if accepted else ""
        yield f"{chain} ACCEPT of the uplink {' or '.join(out) or '(there is none)'}{told}"


def _plain(rule: Rule) -> Rule:
    """Return a rule without what the printed form adds: all rules of the agent are about bridged frames."""
    return Rule(rule.target, rule.bridge_in, rule.bridge_out, rule.port_in, rule.port_out, None, rule.takes_new)


def _above(nic: PluggedNic, family: Family, links: Links) -> Iterator[Rule]:
    """Yield the rules that accept frames of a NIC's bridge before the agent's chains, in the flavour that has those."""
    uplink = next(iter(uplinks(links, nic.bridge)), "")
    for walk in family.walks:
        for frame in (Frame(nic.bridge, nic.tap, uplink, False), Frame(nic.bridge, uplink, nic.tap, True)):
            path = walk.path(frame) if walk.ruleset.is_ours else None
            yield from path.above if path else ()


CHECK = Check(
    title="Rules around bridges",
    metrics=(INCOMPLETE, ABOVE),
    remedies=(remedies.TAKE_AWAY, remedies.RESTART_AGENT, remedies.READ_LOG),
    judges={HostTarget: judge},
    asks={HostTarget: (*NEEDED, FIREWALL, FIREWALL_RULES)},
    reads=READS,
)
