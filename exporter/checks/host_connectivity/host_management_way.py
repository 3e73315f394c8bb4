"""Hosts whose agent cannot reach a management server.

Symptom: the agent runs, and the host is in Alert or Disconnected.
Detect:  where no connection of the agent stands at two looks: a connection from inside the host to the port of agents
         at each address of 'host' in its agent.properties. While one stands nobody is dialled.
Fix:     the way to the addresses named; where all are reached it is the agent itself, or its certificate.
"""

from __future__ import annotations

from exporter.checks.host_connectivity.agent_connections import CORRECT_HOST, OPEN_WAY
from exporter.checks.host_connectivity.hypervisors import PER_HOST
from exporter.cloud.cloud import Cloud
from exporter.cloud.second_look import confirmed
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, Metric, Samples, above
from exporter.questions.hosts.agent import AGENT
from exporter.questions.hosts.reach import HOST_REACH
from exporter.topology.hosts import is_judged, names

CUT = Metric(
    "cloudstack_network_host_connectivity_host_management_unreachable",
    "Whether the host, whose running agent has no connection, reaches no address of its agent.properties either.",
    labels=PER_HOST,
    problem=above(0),
    follows=(
        "cloudstack_network_host_connectivity_management_servers_alive",
        "cloudstack_network_host_connectivity_management_server_lost",
        "cloudstack_network_host_connectivity_management_server_agent_port_closed",
        "cloudstack_network_host_connectivity_agent_servers_unusable",
        "cloudstack_network_host_connectivity_cluster_hosts_lost_ratio",
    ),
)


def judge(target: HostTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield whether every way of the agent is closed; nothing while it does not run: then it looks for nobody."""
    found, agent = answers[HOST_REACH], answers.get(AGENT)
    if target.host.hypervisor != "KVM" or not is_judged(target, cloud, answers.now):
        return
    if agent is None or agent.is_active is False or not (found.is_connected or found.management):
        return
    is_cut = not found.is_connected and not any(reach.is_good for reach in found.management.values())
    if is_cut and not confirmed(answers, cloud, target.host.id, "management", shown_by=(HOST_REACH,)):
        return
    yield CUT.sample(
        *names(target, cloud),
        value=int(is_cut),
        seen="; ".join(f"{host}: {reach}" for host, reach in list(found.management.items())[:4]),
        expected="a connection to the port of agents at one of them",
        remedy=OPEN_WAY,
    )


CHECK = Check(
    title="Hosts that reach a management server",
    metrics=(CUT,),
    remedies=(OPEN_WAY, CORRECT_HOST),
    judges={HostTarget: judge},
    asks={HostTarget: (HOST_REACH,)},
    uses={HostTarget: (AGENT,)},
    judges_cloud=True,
)
