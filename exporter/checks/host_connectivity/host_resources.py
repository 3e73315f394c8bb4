"""Hypervisor hosts that CloudStack could not bring where somebody wanted them.

Symptom: a host that should be empty is not, or one that should work is given no machines.
Detect:  listHosts: resourcestate ErrorInMaintenance, ErrorInPrepareForMaintenance, Error or Degraded; or
         PrepareForMaintenance at each refresh for hours.
Fix:     move what is left on it by hand, then cancel maintenance or begin it again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from exporter.checks.host_connectivity.hypervisors import PER_HOST, hypervisors
from exporter.checks.host_connectivity.state_sets import RESOURCE_STATES
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.cloud.objects import Host
from exporter.model import Answers, Check, GroupJudge, Metric, Samples, Unjudged, above
from exporter.thresholds import MAINTENANCE_PREPARED_SECONDS
from exporter.topology.hosts import is_in_service, names

FAULTS = frozenset({"ErrorInMaintenance", "ErrorInPrepareForMaintenance", "Error", "Degraded"})
PREPARING = "PrepareForMaintenance"
MOVE_BY_HAND = (
    "See which machines are left on the host and why they did not move (capacity, affinity, local disks); move or stop"
    " them, then cancelHostMaintenance or prepareHostForMaintenance again."
)
CANCEL_DEGRADED = (
    "Somebody declared the host degraded, so that its machines could start elsewhere: cancelHostAsDegraded when it is"
    " mended."
)
FAULT = Metric(
    "cloudstack_network_host_connectivity_host_resource_fault",
    "Whether listHosts gives the host a resource state that maintenance ended in or hangs in, or Error, or Degraded.",
    labels=PER_HOST,
    problem=above(0),
)


def judge(group: ZoneGroup, members: Mapping[Any, Answers], cloud: Cloud) -> Samples:
    """Yield of each host in service whether it is stuck; maintenance itself is no fault."""
    for target in hypervisors(cloud, group):
        state, hangs = target.host.resource_state, _hangs(target.host, members[group])
        if state in RESOURCE_STATES and is_in_service(target.host, cloud, cloud.at):
            yield FAULT.sample(
                *names(target, cloud),
                value=int(state in FAULTS or bool(hangs)),
                seen=f"resource state {state}{hangs}",
                expected="Enabled, Disabled or Maintenance",
                remedy=CANCEL_DEGRADED if state == "Degraded" else MOVE_BY_HAND,
            )


def _hangs(host: Host, memory: Answers) -> str:
    """Return for how long the host has been emptied, in words; nothing while that is not too long."""
    if host.resource_state != PREPARING:
        return ""
    seconds = memory.held(host.id, PREPARING).seconds
    return f" for {seconds / 3600:.0f} hours" if seconds > MAINTENANCE_PREPARED_SECONDS else ""


def unjudged(cloud: Cloud) -> Iterator[Unjudged]:
    """Yield the hosts in service of which CloudStack does not say whether somebody holds them back.

    Nothing of them is judged anywhere: they may be in maintenance.
    """
    for zone in cloud.zones.values():
        for target in hypervisors(cloud, ZoneGroup(zone.id, zone.name)):
            state = target.host.resource_state
            if state not in RESOURCE_STATES and is_in_service(target.host, cloud, cloud.at):
                words = f"resource state {state or 'not told'}"
                yield Unjudged(zone=zone.name, kind="host", name=target.name, detail=words)


CHECK = Check(
    title="Maintenance of hypervisor hosts",
    metrics=(FAULT,),
    remedies=(MOVE_BY_HAND, CANCEL_DEGRADED),
    groups=(GroupJudge(ZoneGroup, judge, remembers=True),),
    reads=("listHosts", "listClusters", "listPods", "listZones"),
    unjudged=unjudged,
)
