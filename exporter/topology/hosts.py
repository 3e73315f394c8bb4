"""Which hosts are judged: what CloudStack holds back on purpose never alarms."""

from __future__ import annotations

from collections.abc import Collection

from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ClusterGroup, ZoneGroup
from exporter.cloud.objects import Host
from exporter.cloud.targets import HostEndpoint, HostTarget, XenHostTarget
from exporter.thresholds import HOST_SETTLES_SECONDS

UNMANAGED = frozenset({"Removed", "Creating", "Error"})
Hypervisor = HostTarget | XenHostTarget
"""A hypervisor host that is asked itself; a cluster has those of one kind."""


def is_judged(target: Hypervisor | HostEndpoint, cloud: Cloud, now: float) -> bool:
    """Return whether a fault of this host may alarm at unix time ``now``.

    Not while it is in maintenance or disabled, freshly added, or its cluster, pod or zone is disabled or unmanaged.
    """
    host = target.host
    return host.resource_state == "Enabled" and host.state not in UNMANAGED and is_in_service(host, cloud, now)


def is_in_service(host: Host, cloud: Cloud, now: float) -> bool:
    """Return whether a host belongs to what is in service at unix time ``now``, whatever states it is in itself.

    Not while it is freshly added, or its cluster, pod or zone is disabled or unmanaged.
    """
    cluster, pod, zone = (
        cloud.clusters.get(host.cluster_id),
        cloud.pods.get(host.pod_id),
        cloud.zones.get(host.zone_id),
    )
    is_fresh = host.created is not None and now - host.created < HOST_SETTLES_SECONDS
    return (
        not is_fresh
        and (cluster is None or (cluster.enabled and cluster.managed))
        and (pod is None or pod.enabled)
        and (zone is None or zone.enabled)
    )


def names(target: Hypervisor | HostEndpoint, cloud: Cloud) -> tuple[str, str, str]:
    """Return the labels zone, cluster, host that begin every metric about a host."""
    cluster = cloud.clusters.get(target.host.cluster_id)
    return target.zone, cluster.name if cluster else target.host.cluster_id, target.name


def absent(
    told: Collection[Hypervisor | HostEndpoint], group: ZoneGroup | ClusterGroup, cloud: Cloud, hypervisor: str = "KVM"
) -> int:
    """Return how many judged hosts of a zone or cluster, with this hypervisor, did not tell what is compared.

    What they would have said is unknown, so a judgment must not say that nothing is wrong in the group because of
    them. A host in maintenance is not missed.
    """
    known = {target.host.id for target in told}
    silent = (
        host
        for host in cloud.hosts.values()
        if group.home in (host.cluster_id, host.zone_id) and host.hypervisor == hypervisor and host.type == "Routing"
    )
    return sum(
        host.id not in known and is_judged(HostTarget(host, group.zone, None), cloud, cloud.at) for host in silent
    )
