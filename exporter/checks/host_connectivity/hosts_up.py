"""Hypervisor hosts that CloudStack has lost.

Symptom: machines of the host are dead, or run and nobody can change them.
Detect:  listHosts: state Down, Alert or Disconnected of a host that is enabled, in a managed cluster, not just added.
         Of a host without a state, and of one that CloudStack calls Unknown, neither is said.
Fix:     the host itself when it is Down; its agent and the way to the management servers when it is in Alert.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from exporter.checks.host_connectivity.hypervisors import LOOK_AT_AGENT, LOOK_AT_HOST, PER_HOST, judged
from exporter.checks.host_connectivity.state_sets import LOST, TOLD
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.model import Check, GroupJudge, Metric, Samples, Unjudged, above, equals

PREFIX = "cloudstack_network_host_connectivity_"
DOWN = Metric(
    f"{PREFIX}host_down",
    "Whether listHosts says Down of a host that should work: CloudStack has proof that it is dead.",
    labels=PER_HOST,
    problem=above(0),
    follows=(f"{PREFIX}cluster_hosts_lost_ratio",),
)
UP = Metric(
    f"{PREFIX}host_up",
    "Whether listHosts says Up of a host that should work; 0 for Down, Alert and Disconnected, not said of others.",
    labels=PER_HOST,
    problem=equals(0),
    follows=(
        f"{PREFIX}host_down",
        f"{PREFIX}cluster_hosts_lost_ratio",
        f"{PREFIX}agent_service_up",
        f"{PREFIX}agent_disconnected",
    ),
)


def judge(group: ZoneGroup, _members: Mapping[Any, Any], cloud: Cloud) -> Samples:
    """Yield the verdict on each host that should work; one that connects is neither up nor lost."""
    for host, labels in judged(cloud, group):
        if host.state not in TOLD:
            continue
        seen = f"state {host.state}"
        yield DOWN.sample(*labels, value=int(host.state == "Down"), seen=seen, expected="Up", remedy=LOOK_AT_HOST)
        if host.state == "Up" or host.state in LOST:
            remedy = LOOK_AT_HOST if host.state == "Down" else LOOK_AT_AGENT
            yield UP.sample(*labels, value=int(host.state == "Up"), seen=seen, expected="Up", remedy=remedy)


def unjudged(cloud: Cloud) -> Iterator[Unjudged]:
    """Yield the hosts that should work and of which CloudStack does not say whether they do."""
    for zone in cloud.zones.values():
        for host, _ in judged(cloud, ZoneGroup(zone.id, zone.name)):
            if host.state not in TOLD:
                yield Unjudged(zone=zone.name, kind="host", name=host.name, detail=f"state {host.state or 'not told'}")


CHECK = Check(
    title="Hypervisor hosts that are up",
    metrics=(DOWN, UP),
    remedies=(LOOK_AT_HOST, LOOK_AT_AGENT),
    groups=(GroupJudge(ZoneGroup, judge),),
    reads=("listHosts", "listClusters", "listPods", "listZones"),
    unjudged=unjudged,
)
