"""Hosts that can hardly track more connections.

Symptom: new connections to and from all machines of a host hang, old ones go on, and every rule looks right.
Detect:  nf_conntrack_count against nf_conntrack_max: each bridged connection is in the host's table.
Fix:     find who makes so many; else raise net.netfilter.nf_conntrack_max.
"""

from __future__ import annotations

from exporter.checks.security_groups.nics import HOST, held_back, is_watched
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, Metric, Samples, above
from exporter.questions.hosts.firewall import FIREWALL
from exporter.thresholds import SYSTEM_VM_CONNECTIONS_RATIO
from exporter.topology.hosts import names

USED = Metric(
    "cloudstack_network_security_groups_connections_used_ratio",
    "Connections that the host tracks, of those that it can; 0 where it tracks none (nf_conntrack_count, _max).",
    labels=HOST,
    problem=above(SYSTEM_VM_CONNECTIONS_RATIO),
)
FIND = (
    "See in the tracked connections which machine makes so many (conntrack -L on the host, by source address): one that"
    " scans, is attacked, or attacks is stopped."
)
RAISE = (
    "Raise net.netfilter.nf_conntrack_max with sysctl -w and in /etc/sysctl.d, and nf_conntrack's hashsize to a quarter"
    " of it: a thousand connections take about 300 KiB."
)


def judge(target: HostTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield the share of connections that the host can track and does."""
    if not is_watched(target, answers, cloud):
        yield from held_back(target, cloud, USED)
        return
    told = answers[FIREWALL]
    used = told.tracked / told.trackable if told.tracked and told.trackable else 0.0
    yield USED.sample(
        *names(target, cloud),
        value=round(used, 3),
        seen=f"{told.tracked} of {told.trackable} connections",
        expected=f"at most {SYSTEM_VM_CONNECTIONS_RATIO:.0%}",
    )


CHECK = Check(
    title="Connections that hosts track",
    metrics=(USED,),
    remedies=(FIND, RAISE),
    judges={HostTarget: judge},
    asks={HostTarget: (FIREWALL,)},
)
