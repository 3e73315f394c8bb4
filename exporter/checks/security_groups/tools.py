"""Programs that security groups need and the host lacks.

Symptom: no machine that starts there gets any rules; without iptables or ebtables the agent works without a word.
Detect:  iptables, ip6tables, ebtables and ipset on a host with guarded machines, on two visits.
         CloudStack itself never looks for ipset on KVM. XenServer needs no ip6tables.
Fix:     install them; on KVM restart the agent, which looks for them only at its start.
"""

from __future__ import annotations

from exporter.checks.security_groups import remedies, xen
from exporter.checks.security_groups.nics import HOST, NEEDED, READS, guarded_nics, held_back, is_certain, is_watched
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import HostTarget, XenHostTarget
from exporter.model import Answers, Check, Metric, Samples, above
from exporter.questions.hosts.firewall import FIREWALL, TOOLS
from exporter.questions.xen_hosts import backend
from exporter.questions.xen_hosts.backend import XEN_BACKEND
from exporter.topology.hosts import names

MISSING = Metric(
    "cloudstack_network_security_groups_tools_missing",
    "Programs of iptables, ip6tables, ebtables and ipset that a host lacks although machines on it must be guarded.",
    labels=HOST,
    problem=above(0),
)


def judge(target: HostTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield how many programs are missing, twice seen; none is needed on a host without machines to guard."""
    if not is_watched(target, answers, cloud):
        yield from held_back(target, cloud, MISSING)
        return
    installed = answers[FIREWALL].tools if guarded_nics(target, answers, cloud) else frozenset(TOOLS)
    missing = [
        tool
        for tool in TOOLS
        if tool not in installed and is_certain(target, answers, cloud, "tool", tool, by=FIREWALL)
    ]
    yield MISSING.sample(
        *names(target, cloud),
        value=len(missing),
        seen=f"not installed: {', '.join(missing)}",
        expected=", ".join(TOOLS),
        remedy=remedies.INSTALL,
    )


def judge_xen(target: XenHostTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield how many programs dom0 lacks, twice seen; CloudStack writes no rules there, and says nothing."""
    told = xen.bridged(answers)
    if told is None:
        return
    if not is_watched(target, answers, cloud):
        yield from held_back(target, cloud, MISSING)
        return
    needed = backend.TOOLS if xen.guarded_networks(target, cloud) else ()
    missing = [one for one in needed if one not in told.tools and xen.is_certain(target, answers, cloud, "tool", one)]
    yield MISSING.sample(
        *names(target, cloud),
        value=len(missing),
        seen=f"not installed: {', '.join(missing)}" + (f" ({told.product})" if told.product else ""),
        expected=", ".join(backend.TOOLS),
        remedy=remedies.INSTALL_IN_DOM0,
    )


CHECK = Check(
    title="Programs that security groups need",
    metrics=(MISSING,),
    remedies=(remedies.INSTALL, remedies.INSTALL_IN_DOM0),
    judges={HostTarget: judge, XenHostTarget: judge_xen},
    asks={HostTarget: (FIREWALL, *NEEDED), XenHostTarget: (XEN_BACKEND,)},
    reads=READS,
    judges_cloud=True,
)
