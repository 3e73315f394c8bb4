"""Clusters that have lost many of their hosts at once.

Symptom: a page per host, or a ticket for each that connects and never arrives, while one rack, switch, network or
         storage pool is dead.
Detect:  listHosts: the share of a cluster's hosts that are Down, in Alert or Disconnected, or have been Connecting,
         Rebalancing or Unknown at each refresh for a quarter of an hour; at least two of them.
Fix:     what the lost hosts share: power, switch, management network, primary storage; then single hosts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from exporter.checks.host_connectivity.hypervisors import judged
from exporter.checks.host_connectivity.state_sets import CHANGING, LOST, TOLD
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.cloud.objects import Host
from exporter.model import Answers, Check, GroupJudge, Metric, Samples, above
from exporter.thresholds import CLUSTER_HOSTS_LOST, CLUSTER_HOSTS_LOST_RATIO, HOST_CHANGING_SECONDS

FIND_SHARED = (
    "Find what the lost hosts share: rack, power, switch, management network, primary storage whose loss makes hosts"
    " reboot themselves. Only then look at single hosts."
)
HOSTS_LOST = Metric(
    "cloudstack_network_host_connectivity_cluster_hosts_lost",
    "Hosts of the cluster that should work and are Down, in Alert, Disconnected, or connect for a quarter of an hour.",
    labels=("zone", "cluster"),
)
HOSTS_LOST_RATIO = Metric(
    "cloudstack_network_host_connectivity_cluster_hosts_lost_ratio",
    "Share of the cluster's hosts that should work and are lost, or connect for a quarter of an hour; 0 for one alone.",
    labels=("zone", "cluster"),
    problem=above(CLUSTER_HOSTS_LOST_RATIO),
)
SHOWN = 5


def judge(group: ZoneGroup, members: Mapping[Any, Answers], cloud: Cloud) -> Samples:
    """Yield how many hosts each cluster has lost, and whether that is a share of it; one pass over the zone's hosts.

    A host counts from the same refresh on that says so of it alone, so that people are told of the cluster first. A
    restart of a management server disconnects everybody for a minute: the alert waits for the next refresh. Nothing is
    said of a cluster while hosts of which nobody can say whether they are lost would decide.
    """
    memory = members[group]
    clusters: defaultdict[str, list[tuple[Host, bool | None]]] = defaultdict(list)
    for host, (_, cluster, _) in judged(cloud, group):
        clusters[cluster].append((host, _is_lost(host, memory)))
    for cluster, hosts in clusters.items():
        lost = [host for host, is_lost in hosts if is_lost]
        untold = sum(is_lost is None for _, is_lost in hosts)
        share = _share(len(lost), len(hosts))
        if (share > CLUSTER_HOSTS_LOST_RATIO) != (_share(len(lost) + untold, len(hosts)) > CLUSTER_HOSTS_LOST_RATIO):
            continue
        yield HOSTS_LOST.sample(group.zone, cluster, value=len(lost))
        yield HOSTS_LOST_RATIO.sample(
            group.zone,
            cluster,
            value=share,
            seen=f"{len(lost)} of {len(hosts)} hosts: {_words(lost)}",
            expected="all of them Up",
        )


def _is_lost(host: Host, memory: Answers) -> bool | None:
    """Return whether a host is lost, or should have arrived long ago; None while nobody can say."""
    if host.state in CHANGING and memory.held(host.id, host.state).seconds > HOST_CHANGING_SECONDS:
        return True
    return host.state in LOST if host.state in TOLD else None


def _share(lost: int, hosts: int) -> float:
    """Return the share of the cluster, 0 for a single host."""
    return lost / hosts if lost >= CLUSTER_HOSTS_LOST else 0.0


def _words(lost: list[Host]) -> str:
    shown = ", ".join(f"{host.name} {host.state}" for host in lost[:SHOWN])
    return f"{shown} and {len(lost) - SHOWN} more" if len(lost) > SHOWN else shown


CHECK = Check(
    title="Hosts that a cluster has lost",
    metrics=(HOSTS_LOST, HOSTS_LOST_RATIO),
    remedies=(FIND_SHARED,),
    groups=(GroupJudge(ZoneGroup, judge, remembers=True),),
    reads=("listHosts", "listClusters", "listPods", "listZones"),
)
