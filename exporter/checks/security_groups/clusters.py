"""Clusters that cannot enforce the security groups of their zone.

Symptom: security groups are shown, changed and do nothing.
Detect:  the hypervisor of the cluster, and on KVM the agent's network.bridge.type: Open vSwitch passes by iptables.
Fix:     use Linux bridges on KVM; keep networks with security groups out of zones with other hypervisors.
"""

from __future__ import annotations

from collections.abc import Mapping

from exporter.checks.security_groups.nics import uses_groups
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ClusterGroup
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, GroupJudge, Metric, Samples, above
from exporter.questions.hosts.agent import AGENT
from exporter.topology.hosts import absent, is_judged
from exporter.topology.zones import is_zone_judged

UNENFORCEABLE = Metric(
    "cloudstack_network_security_groups_cluster_unenforceable",
    "Whether a cluster cannot enforce the security groups that its zone has (listClusters, network.bridge.type).",
    labels=("zone", "cluster"),
    problem=above(0),
)
UNABLE = frozenset({"VMware", "Hyperv", "Ovm3"})
"""Hypervisors for which CloudStack programs no security groups. Of XenServer the API does not tell the back-end."""
BRIDGES = (
    "Move the hosts of the cluster to Linux bridges: network.bridge.type=native in agent.properties, bridges in place"
    " of Open vSwitch, machines migrated away meanwhile."
)
OTHER_ZONE = "Keep the hypervisor in a zone without networks with security groups: CloudStack programs none for it."


def judge(group: ClusterGroup, members: Mapping[HostTarget, Answers], cloud: Cloud) -> Samples:
    """Yield whether the cluster cannot enforce them; nothing while a KVM host has not told, unless another cannot."""
    cluster = group.cluster
    if not (cluster.enabled and cluster.managed and is_zone_judged(cloud, cluster.zone_id)):
        return
    needed = uses_groups(cloud, cluster.zone_id)
    expected = "a hypervisor and a back-end that CloudStack programs security groups for"
    if not needed or cluster.hypervisor in UNABLE:
        seen = f"hypervisor {cluster.hypervisor}"
        yield UNENFORCEABLE.sample(
            group.zone, cluster.name, value=int(needed), seen=seen, expected=expected, remedy=OTHER_ZONE
        )
    elif cluster.hypervisor == "KVM":
        told = {
            target: agent.is_openvswitch
            for target, answers in members.items()
            if is_judged(target, cloud, answers.now) and (agent := answers.get(AGENT)) is not None
        }
        strange = sorted(host.name for host, is_openvswitch in told.items() if is_openvswitch)
        if strange or (told and not absent(told, group, cloud)):
            seen = f"Open vSwitch on {', '.join(strange[:5])}"
            yield UNENFORCEABLE.sample(
                group.zone, cluster.name, value=int(bool(strange)), seen=seen, expected=expected, remedy=BRIDGES
            )


CHECK = Check(
    title="Clusters and security groups",
    metrics=(UNENFORCEABLE,),
    remedies=(BRIDGES, OTHER_ZONE),
    groups=(GroupJudge(ClusterGroup, judge, needs={HostTarget: (AGENT,)}),),
    reads=("listNetworks",),
    judges_cloud=True,
)
