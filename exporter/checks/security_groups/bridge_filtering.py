"""Bridges whose frames never come to iptables.

Symptom: every security group on the host is open at once, while all rules look right.
Detect:  sysctl net.bridge.bridge-nf-call-iptables and -ip6tables, or each bridge's own flag of that name.
Fix:     load br_netfilter, set the sysctls to 1, and make both last.
"""

from __future__ import annotations

from exporter.checks.security_groups import remedies
from exporter.checks.security_groups.nics import HOST, NEEDED, READS, guarded_nics, is_certain, is_watched, listed
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, Metric, Samples, above
from exporter.questions.hosts.firewall import FIREWALL, HostFirewall
from exporter.questions.hosts.links import LINKS, Link
from exporter.topology.hosts import names

UNFILTERED = Metric(
    "cloudstack_network_security_groups_bridges_unfiltered",
    "Bridges with machines in security groups whose frames pass by iptables or ip6tables (sysctl and bridge flag).",
    labels=HOST,
    problem=above(0),
)
ENABLED = Metric(
    "cloudstack_network_security_groups_bridge_netfilter_enabled",
    "Whether the host leads bridged frames of a family (ipv4, ipv6) through its rules (sysctl bridge-nf-call-*).",
    labels=(*HOST, "family"),
    subject="host",
)


def judge(target: HostTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield both sysctls, and how many bridges that need it are not filtered."""
    if not is_watched(target, answers, cloud):
        return
    labels, firewall = names(target, cloud), answers[FIREWALL]
    for family, value in (("ipv4", firewall.filters_ip), ("ipv6", firewall.filters_ip6)):
        yield ENABLED.sample(*labels, family, value=int(bool(value)))
    bridges = sorted({nic.bridge for nic in guarded_nics(target, answers, cloud)})
    links = (answers[LINKS].by_name.get(bridge) for bridge in bridges)
    told = {link.name: _unfiltered(link, firewall) for link in links if link is not None and link.kind == "bridge"}
    open_ = [
        f"{bridge}: {why}"
        for bridge, why in told.items()
        if why and is_certain(target, answers, cloud, "unfiltered", bridge, by=FIREWALL)
    ]
    expected = "bridge-nf-call-iptables and -ip6tables are 1"
    yield UNFILTERED.sample(*labels, value=len(open_), seen=listed(open_), expected=expected)


def _unfiltered(link: Link, firewall: HostFirewall) -> str:
    """Return which families of a bridge are not filtered, and why; empty when both are."""
    if firewall.filters_ip is None and not link.filters_ip:
        return "the module br_netfilter is not loaded"
    both = (("iptables", firewall.filters_ip, link.filters_ip), ("ip6tables", firewall.filters_ip6, link.filters_ip6))
    off = [f"bridge-nf-call-{name} is 0" for name, everywhere, here in both if not everywhere and not here]
    return " and ".join(off)


CHECK = Check(
    title="Bridge filtering",
    metrics=(UNFILTERED, ENABLED),
    remedies=(remedies.SWITCH_ON,),
    judges={HostTarget: judge},
    asks={HostTarget: (*NEEDED, FIREWALL)},
    reads=READS,
)
