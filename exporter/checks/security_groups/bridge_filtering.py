"""Bridges whose frames never come to iptables.

Symptom: every security group on the host is open at once, while all rules look right.
Detect:  sysctl net.bridge.bridge-nf-call-iptables and -ip6tables, or each bridge's own flag of that name; in dom0 of
         XenServer the first alone, for which CloudStack's own documentation asks.
Fix:     load br_netfilter, set the sysctls to 1, and make both last.
"""

from __future__ import annotations

from exporter.checks.security_groups import remedies, xen
from exporter.checks.security_groups.nics import (
    HOST,
    NEEDED,
    READS,
    guarded_nics,
    held_back,
    is_certain,
    is_watched,
    listed,
)
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import HostTarget, XenHostTarget
from exporter.model import Answers, Check, Metric, Samples, above
from exporter.questions.hosts.firewall import FIREWALL, HostFirewall
from exporter.questions.hosts.links import LINKS, Link
from exporter.questions.xen_hosts.backend import XEN_BACKEND
from exporter.topology.hosts import names

UNFILTERED = Metric(
    "cloudstack_network_security_groups_bridges_unfiltered",
    "Bridges with machines in security groups whose frames pass by iptables or ip6tables (sysctl and bridge flag).",
    labels=HOST,
    problem=above(0),
)
ENABLED = Metric(
    "cloudstack_network_security_groups_bridge_netfilter_enabled",
    "Whether the host leads bridged frames of a family (ipv4, ipv6, arp) through its rules (sysctl bridge-nf-call-*).",
    labels=(*HOST, "family"),
    subject="host",
)


def judge(target: HostTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield both sysctls, and how many bridges that need it are not filtered."""
    if not is_watched(target, answers, cloud):
        yield from held_back(target, cloud, UNFILTERED)
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
    yield UNFILTERED.sample(*labels, value=len(open_), seen=listed(open_), expected=expected, remedy=remedies.SWITCH_ON)


def judge_xen(target: XenHostTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield the sysctls of dom0, and how many bridges that need the first are not filtered, twice seen."""
    told = xen.bridged(answers)
    if told is None:
        return
    if not is_watched(target, answers, cloud):
        yield from held_back(target, cloud, UNFILTERED)
        return
    labels = names(target, cloud)
    for family, value in (("ipv4", told.filters_ip), ("arp", told.filters_arp)):
        yield ENABLED.sample(*labels, family, value=int(bool(value)))
    why = "bridge-nf-call-iptables is 0" if told.filters_ip is False else "there is no bridge-nf-call-iptables"
    open_ = [
        f"bridge of network {name}: {why}"
        for name in ([] if told.filters_ip else xen.guarded_networks(target, cloud))
        if xen.is_certain(target, answers, cloud, "unfiltered", name)
    ]
    yield UNFILTERED.sample(
        *labels,
        value=len(open_),
        seen=listed(open_),
        expected="bridge-nf-call-iptables is 1",
        remedy=remedies.SWITCH_ON_IN_DOM0,
    )


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
    remedies=(remedies.SWITCH_ON, remedies.SWITCH_ON_IN_DOM0),
    judges={HostTarget: judge, XenHostTarget: judge_xen},
    asks={HostTarget: (*NEEDED, FIREWALL), XenHostTarget: (XEN_BACKEND,)},
    reads=READS,
)
