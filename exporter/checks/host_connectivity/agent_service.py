"""KVM hosts on which CloudStack's agent does not run.

Symptom: the host is in Alert or Disconnected; its machines run on and nobody can change them.
Detect:  systemctl show cloudstack-agent on the host: not active, ended and waiting to be started again, or started
         again by systemd since the visit before.
Fix:     its log says why it ended: libvirt, memory, a certificate, a setting; start it.
"""

from __future__ import annotations

from exporter.checks.host_connectivity.hypervisors import PER_HOST
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, Metric, Samples, equals
from exporter.questions.hosts.agent import AGENT
from exporter.topology.hosts import is_judged, names

START_AGENT = (
    "Read the end of /var/log/cloudstack/agent/agent.log and 'journalctl -u cloudstack-agent': libvirtd that does not"
    " answer, memory, certificates. Then start cloudstack-agent; machines are not touched by that."
)
SERVICE_UP = Metric(
    "cloudstack_network_host_connectivity_agent_service_up",
    "Whether cloudstack-agent runs, says systemd on the host; 0 also where it ended by itself since the visit before.",
    labels=PER_HOST,
    problem=equals(0),
    follows=("cloudstack_network_host_connectivity_cluster_hosts_lost_ratio",),
)


def judge(target: HostTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield whether the agent runs; nothing of hosts without systemd, and of those that are held back."""
    agent = answers[AGENT]
    ended = _ended(answers)
    if (agent.is_active is not None or ended) and is_judged(target, cloud, answers.now):
        seen = f"restarts by systemd since the visit before: {ended}" if ended else "cloudstack-agent is not active"
        yield SERVICE_UP.sample(
            *names(target, cloud),
            value=int(bool(agent.is_active) and not ended),
            seen=seen,
            expected="active, and never ended by itself",
            remedy=START_AGENT,
        )


def _ended(answers: Answers) -> int:
    """Return how often systemd had to start the agent again since the visit before; a start by hand counts anew."""
    before, restarts = answers.before(AGENT), answers[AGENT].restarts
    if before is None or restarts is None or before[0].restarts is None:
        return 0
    return max(restarts - before[0].restarts, 0)


CHECK = Check(
    title="Service of agents",
    metrics=(SERVICE_UP,),
    remedies=(START_AGENT,),
    judges={HostTarget: judge},
    asks={HostTarget: (AGENT,)},
)
