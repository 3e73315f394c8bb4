"""KVM hosts on which CloudStack's agent does not run.

Symptom: the host is in Alert or Disconnected; its machines run on and nobody can change them.
Detect:  systemctl is-active cloudstack-agent on the host.
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
    "Whether systemd on the host says that cloudstack-agent is active; not said while it is being started.",
    labels=PER_HOST,
    problem=equals(0),
    follows=("cloudstack_network_host_connectivity_cluster_hosts_lost_ratio",),
)


def judge(target: HostTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield whether the agent runs; nothing of hosts without systemd, and of those that are held back."""
    is_active = answers[AGENT].is_active
    if is_active is not None and is_judged(target, cloud, answers.now):
        yield SERVICE_UP.sample(
            *names(target, cloud), value=int(is_active), seen="cloudstack-agent is not active", expected="active"
        )


CHECK = Check(
    title="Service of agents",
    metrics=(SERVICE_UP,),
    remedies=(START_AGENT,),
    judges={HostTarget: judge},
    asks={HostTarget: (AGENT,)},
)
