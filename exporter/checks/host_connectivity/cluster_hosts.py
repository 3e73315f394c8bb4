"""Clusters that have lost many of their hosts at once.

Symptom: a page per host, while one rack, switch or network is dead.
Detect:  listHosts: the share of a cluster's hosts that are Down, in Alert or Disconnected, at least two of them. All
         hosts are Disconnected for a minute when a management server starts, so that counts from the second look on.
Fix:     what the lost hosts share: power, switch, management network, primary storage; then single hosts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from exporter.checks.host_connectivity.hypervisors import judged
from exporter.checks.host_connectivity.state_sets import LOST
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.cloud.objects import Host
from exporter.model import Check, GroupJudge, Metric, Samples, above
from exporter.thresholds import CLUSTER_HOSTS_LOST, CLUSTER_HOSTS_LOST_RATIO

FIND_SHARED = (
    "Find what the lost hosts share: rack, power, switch, management network, primary storage whose loss makes hosts"
    " reboot themselves. Only then look at single hosts."
)
HOSTS_LOST = Metric(
    "cloudstack_network_host_connectivity_cluster_hosts_lost",
    "Hosts of the cluster that should work and are Down, in Alert or Disconnected, from listHosts.",
    labels=("zone", "cluster"),
)
HOSTS_LOST_RATIO = Metric(
    "cloudstack_network_host_connectivity_cluster_hosts_lost_ratio",
    "Share of the cluster's hosts that should work and are Down, in Alert or Disconnected; 0 for a single one.",
    labels=("zone", "cluster"),
    problem=above(CLUSTER_HOSTS_LOST_RATIO),
)
SHOWN = 5


def judge(group: ZoneGroup, _members: Mapping[Any, Any], cloud: Cloud) -> Samples:
    """Yield how many hosts each cluster has lost, and whether that is a share of it; one pass over the zone's hosts.

    A host counts from the same refresh on that says so of it alone, so that people are told of the cluster first. A
    restart of a management server disconnects everybody for a minute: the alert waits for the next refresh.
    """
    clusters: defaultdict[str, list[Host]] = defaultdict(list)
    for host, (_, cluster, _) in judged(cloud, group):
        clusters[cluster].append(host)
    for cluster, hosts in clusters.items():
        lost = [host for host in hosts if host.state in LOST]
        yield HOSTS_LOST.sample(group.zone, cluster, value=len(lost))
        yield HOSTS_LOST_RATIO.sample(
            group.zone,
            cluster,
            value=len(lost) / len(hosts) if len(lost) >= CLUSTER_HOSTS_LOST else 0,
            seen=f"{len(lost)} of {len(hosts)} hosts: {_words(lost)}",
            expected="all of them Up",
        )


def _words(lost: list[Host]) -> str:
    shown = ", ".join(f"{host.name} {host.state}" for host in lost[:SHOWN])
    return f"{shown} and {len(lost) - SHOWN} more" if len(lost) > SHOWN else shown


CHECK = Check(
    title="Hosts that a cluster has lost",
    metrics=(HOSTS_LOST, HOSTS_LOST_RATIO),
    remedies=(FIND_SHARED,),
    groups=(GroupJudge(ZoneGroup, judge),),
    reads=("listHosts", "listClusters", "listPods", "listZones"),
)
