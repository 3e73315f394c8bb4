"""Hosts of a cluster that plug NICs differently: Linux bridges on some, Open vSwitch on others.

Symptom: live migrations fail, or instances lose their network on one host.
Detect:  network.bridge.type and libvirt.vif.driver in agent.properties, against most hosts of the cluster.
Fix:     the same backend on every host of a cluster.
"""

from __future__ import annotations

from collections.abc import Mapping

from exporter.checks.hypervisor_links.remedies import ALIGN_HOST
from exporter.checks.hypervisor_links.wires import gauge
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ClusterGroup
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, GroupJudge, Samples, above
from exporter.questions.hosts.agent import AGENT, Agent
from exporter.topology.hosts import absent, is_judged, names
from exporter.topology.majority import differs, majority

INFO = gauge("network_backend_info", "How the agent plugs NICs, by agent.properties; always 1.", "backend")
DIFFERS = gauge(
    "network_backend_differs",
    "Whether the agent plugs NICs otherwise than on most hosts of the cluster, by agent.properties.",
    problem=above(0),
)


def judge(target: HostTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield the backend of a host."""
    yield INFO.sample(*names(target, cloud), _backend(answers[AGENT]), value=1)


def judge_cluster(group: ClusterGroup, members: Mapping[HostTarget, Answers], cloud: Cloud) -> Samples:
    """Yield for each host whether its backend is the odd one; nothing while hosts that have not told may decide."""
    backends = {target: _backend(answers[AGENT]) for target, answers in members.items()}
    judged = {one: backends[one] for one, answers in members.items() if is_judged(one, cloud, answers.now)}
    missing = absent(members, group, cloud)
    for target in members:
        is_odd = differs(judged[target], judged, missing) if target in judged else False
        if is_odd is None:
            continue
        yield DIFFERS.sample(
            *names(target, cloud),
            value=int(is_odd),
            seen=backends[target],
            expected=f"{majority(judged)}, as most hosts of the cluster",
            remedy=ALIGN_HOST,
        )


def _backend(agent: Agent) -> str:
    return "openvswitch" if agent.is_openvswitch else "native"


CHECK = Check(
    title="Network backend",
    metrics=(INFO, DIFFERS),
    remedies=(ALIGN_HOST,),
    judges={HostTarget: judge},
    asks={HostTarget: (AGENT,)},
    groups=(GroupJudge(ClusterGroup, judge_cluster, {HostTarget: (AGENT,)}),),
)
