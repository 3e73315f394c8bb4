"""Clusters that cannot enforce the security groups of their zone.

Symptom: security groups are shown, changed and do nothing.
Detect:  the hypervisor of the cluster, and on KVM the agent's network.bridge.type: Open vSwitch passes by iptables.
         XenServer needs Linux bridges too, and nobody who is asked knows its back-end: such clusters are unknown.
Fix:     use Linux bridges on KVM and XenServer; keep networks with security groups out of zones with other hypervisors.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from exporter.checks.security_groups.nics import uses_groups
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ClusterGroup
from exporter.cloud.objects import Cluster
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, GroupJudge, Metric, Samples, Unjudged, above
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
"""Hypervisors for which CloudStack programs no security groups."""
UNTOLD = frozenset({"XenServer"})
"""Hypervisors whose back-end decides, and of which neither API nor database tells it (XCP-ng is a XenServer here)."""
NOT_KNOWN = "back-end of XenServer not known: security groups need bridge in /etc/xensource/network.conf"
BRIDGES = (
    "Move the hosts of the cluster to Linux bridges: network.bridge.type=native in agent.properties, bridges in place"
    " of Open vSwitch, machines migrated away meanwhile."
)
OTHER_ZONE = "Keep the hypervisor in a zone without networks with security groups: CloudStack programs none for it."


def judge(group: ClusterGroup, members: Mapping[HostTarget, Answers], cloud: Cloud) -> Samples:
    """Yield whether the cluster cannot enforce them; nothing while a KVM host has not told, unless another cannot."""
    cluster = group.cluster
    if not _is_judged(cluster, cloud):
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


def _is_judged(cluster: Cluster, cloud: Cloud) -> bool:
    return cluster.enabled and cluster.managed and is_zone_judged(cloud, cluster.zone_id)


def unjudged(cloud: Cloud) -> Iterator[Unjudged]:
    """Yield the clusters of which nobody tells whether they can enforce the security groups of their zone."""
    for cluster in cloud.clusters.values():
        if cluster.hypervisor in UNTOLD and _is_judged(cluster, cloud) and uses_groups(cloud, cluster.zone_id):
            zone = cloud.zone_name(cluster.zone_id)
            yield Unjudged(zone=zone, kind="cluster", name=cluster.name, detail=NOT_KNOWN)


CHECK = Check(
    title="Clusters and security groups",
    metrics=(UNENFORCEABLE,),
    remedies=(BRIDGES, OTHER_ZONE),
    groups=(GroupJudge(ClusterGroup, judge, needs={HostTarget: (AGENT,)}),),
    reads=("listNetworks",),
    judges_cloud=True,
    unjudged=unjudged,
)
