"""Hosts of which CloudStack and the host itself tell different stories.

Symptom: CloudStack shows Up and nothing works there, or it shows Alert while everything does.
Detect:  state of listHosts against the agent's service and its connection to the port of agents (ss), at two looks with
         a refresh between them.
Fix:     Up without a connection: mend the agent's way. Lost with one: reconnectHost; see the log of the server it has.
"""

from __future__ import annotations

from exporter.checks.host_connectivity.hypervisors import LOOK_AT_AGENT, PER_HOST
from exporter.checks.host_connectivity.state_sets import LOST
from exporter.cloud.cloud import Cloud
from exporter.cloud.second_look import confirmed
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, Metric, Samples, above
from exporter.questions.hosts.agent import AGENT
from exporter.questions.hosts.agent_connection import HOST_AGENT_CONNECTION
from exporter.topology.hosts import is_judged, names

RECONNECT = (
    "reconnectHost; if it stays, read in the log of the management server that the host is connected with why it does"
    " not take the agent."
)
DISAGREES = Metric(
    "cloudstack_network_host_connectivity_host_state_disagreement",
    "Whether CloudStack's state of the host and its agent's own connection contradict each other at two visits.",
    labels=PER_HOST,
    problem=above(0),
    follows=(
        "cloudstack_network_host_connectivity_agent_service_up",
        "cloudstack_network_host_connectivity_agent_disconnected",
        "cloudstack_network_host_connectivity_cluster_hosts_lost_ratio",
    ),
)


def judge(target: HostTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield whether both say the same; nothing while the host connects, and after one look at a difference."""
    state = cloud.hosts.get(target.host.id, target.host).state
    is_told = target.host.hypervisor == "KVM" and (state == "Up" or state in LOST)
    if not is_told or not is_judged(target, cloud, answers.now):
        return
    agent, is_connected = answers.get(AGENT), bool(answers[HOST_AGENT_CONNECTION])
    is_dead = agent is not None and agent.is_active is False
    differs = (state == "Up") != (is_connected and not is_dead)
    shown_by = (AGENT, HOST_AGENT_CONNECTION) if is_dead else (HOST_AGENT_CONNECTION,)
    shown = differs and confirmed(answers, cloud, "differs", target.host.id, state, shown_by=shown_by)
    if differs and not shown:
        return
    words = "its agent does not run" if is_dead else f"its agent has {'a' if is_connected else 'no'} connection"
    yield DISAGREES.sample(
        *names(target, cloud),
        value=int(shown),
        seen=f"CloudStack says {state}, {words}",
        expected="both the same",
        remedy=LOOK_AT_AGENT if state == "Up" else RECONNECT,
    )


CHECK = Check(
    title="CloudStack's word and that of hosts",
    metrics=(DISAGREES,),
    remedies=(LOOK_AT_AGENT, RECONNECT),
    judges={HostTarget: judge},
    asks={HostTarget: (HOST_AGENT_CONNECTION,)},
    uses={HostTarget: (AGENT,)},
    reads=("listHosts",),
    judges_cloud=True,
)
