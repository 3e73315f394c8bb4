"""Programs that security groups need and the host lacks.

Symptom: no machine that starts there gets any rules; without iptables or ebtables the agent works without a word.
Detect:  iptables, ip6tables, ebtables and ipset on a host with guarded machines, on two visits.
         CloudStack itself never looks for ipset.
Fix:     install them and restart the agent, which looks for them only at its start.
"""

from __future__ import annotations

from exporter.checks.security_groups import remedies
from exporter.checks.security_groups.nics import HOST, NEEDED, READS, guarded_nics, is_certain, is_watched
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, Metric, Samples, above
from exporter.questions.hosts.firewall import FIREWALL, TOOLS
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
    )


CHECK = Check(
    title="Programs that security groups need",
    metrics=(MISSING,),
    remedies=(remedies.INSTALL,),
    judges={HostTarget: judge},
    asks={HostTarget: (FIREWALL, *NEEDED)},
    reads=READS,
    judges_cloud=True,
)
