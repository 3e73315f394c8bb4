"""Clusters that cannot enforce the security groups of their zone.

Symptom: security groups are shown, changed and do nothing.
Detect:  the hypervisor of the cluster; on KVM the agent's network.bridge.type, on XenServer network.conf and what runs:
         frames of Open vSwitch pass by iptables.
Fix:     use Linux bridges on KVM and XenServer; keep networks with security groups out of zones with other hypervisors.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from exporter.checks.security_groups.nics import uses_groups
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ClusterGroup
from exporter.cloud.objects import Cluster
from exporter.cloud.targets import HostTarget, XenHostTarget
from exporter.model import Answers, Check, GroupJudge, Metric, Samples, Unjudged, above
from exporter.questions.hosts.agent import AGENT
from exporter.questions.xen_hosts.backend import XEN_BACKEND
from exporter.topology.hosts import Hypervisor, absent, is_judged
from exporter.topology.zones import is_zone_judged

UNENFORCEABLE = Metric(
    "cloudstack_network_security_groups_cluster_unenforceable",
    "Whether a cluster cannot enforce the security groups that its zone has (listClusters, the hosts' back-end).",
    labels=("zone", "cluster"),
    problem=above(0),
)
UNABLE = frozenset({"VMware", "Hyperv", "Ovm3"})
"""Hypervisors for which CloudStack programs no security groups."""
UNTOLD = frozenset({"LXC"})
"""Hypervisors whose back-end decides, and whose hosts nobody asks."""
NOT_KNOWN = "hosts of LXC are not asked for their back-end: security groups need network.bridge.type=native"
BRIDGES = (
    "Move the hosts of the cluster to Linux bridges: network.bridge.type=native in agent.properties, bridges in place"
    " of Open vSwitch, machines migrated away meanwhile."
)
XEN_BRIDGES = (
    "Move the hosts of the cluster to Linux bridges, one by one in maintenance: xe-switch-network-backend bridge, then"
    " reboot; the file alone changes nothing."
)
OTHER_ZONE = "Keep the hypervisor in a zone without networks with security groups: CloudStack programs none for it."


ASKED = {"KVM": BRIDGES, "XenServer": XEN_BRIDGES}
"""Hypervisors whose hosts tell their back-end -> what to do where it is Open vSwitch."""


def judge(group: ClusterGroup, members: Mapping[Hypervisor, Answers], cloud: Cloud) -> Samples:
    """Yield whether the cluster cannot enforce them; nothing while a host has not told, unless another cannot.

    What is held back on purpose, the cluster or a host, has no fault.
    """
    cluster = group.cluster
    if not _is_judged(cluster, cloud):
        yield UNENFORCEABLE.sample(group.zone, cluster.name, value=0)
        return
    needed = uses_groups(cloud, cluster.zone_id)
    expected = "a hypervisor and a back-end that CloudStack programs security groups for"
    if not needed or cluster.hypervisor in UNABLE:
        seen = f"hypervisor {cluster.hypervisor}"
        yield UNENFORCEABLE.sample(
            group.zone, cluster.name, value=int(needed), seen=seen, expected=expected, remedy=OTHER_ZONE
        )
    elif cluster.hypervisor in ASKED:
        told = {
            target: is_openvswitch and is_judged(target, cloud, answers.now)
            for target, answers in members.items()
            if (is_openvswitch := _is_openvswitch(answers)) is not None
        }
        strange = sorted(host.name for host, is_strange in told.items() if is_strange)
        if strange or (told and not absent(told, group, cloud, cluster.hypervisor)):
            yield UNENFORCEABLE.sample(
                group.zone,
                cluster.name,
                value=int(bool(strange)),
                seen=f"Open vSwitch on {', '.join(strange[:5])}",
                expected=expected,
                remedy=ASKED[cluster.hypervisor],
            )


def _is_openvswitch(answers: Answers) -> bool | None:
    """Return whether frames of a host pass by iptables, or CloudStack is told so; None when the host has not told.

    On XenServer the one is what runs, and the other is the file: where it names Open vSwitch CloudStack writes none.
    """
    agent, backend = answers.get(AGENT), answers.get(XEN_BACKEND)
    if agent is not None:
        return agent.is_openvswitch
    return None if backend is None else "openvswitch" in (backend.configured, backend.running)


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
    remedies=(BRIDGES, XEN_BRIDGES, OTHER_ZONE),
    groups=(GroupJudge(ClusterGroup, judge, needs={HostTarget: (AGENT,), XenHostTarget: (XEN_BACKEND,)}),),
    reads=("listNetworks",),
    judges_cloud=True,
    unjudged=unjudged,
)
