"""Hypervisor hosts that CloudStack could not bring where somebody wanted them.

Symptom: a host that should be empty is not, or one that should work is given no machines.
Detect:  listHosts: resourcestate ErrorInMaintenance, ErrorInPrepareForMaintenance, Error or Degraded.
Fix:     move what is left on it by hand, then cancel maintenance or begin it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exporter.checks.host_connectivity.hypervisors import PER_HOST, hypervisors
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.model import Check, GroupJudge, Metric, Samples, above
from exporter.topology.hosts import is_in_service, names

FAULTS = frozenset({"ErrorInMaintenance", "ErrorInPrepareForMaintenance", "Error", "Degraded"})
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
    "Whether listHosts gives the host a resource state that maintenance ended in by mistake, or Error, or Degraded.",
    labels=PER_HOST,
    problem=above(0),
)


def judge(group: ZoneGroup, _members: Mapping[Any, Any], cloud: Cloud) -> Samples:
    """Yield of each host in service whether it is stuck; maintenance itself is no fault."""
    for target in hypervisors(cloud, group):
        state = target.host.resource_state
        if is_in_service(target.host, cloud, cloud.at):
            yield FAULT.sample(
                *names(target, cloud),
                value=int(state in FAULTS),
                seen=f"resource state {state}",
                expected="Enabled, Disabled or Maintenance",
                remedy=CANCEL_DEGRADED if state == "Degraded" else MOVE_BY_HAND,
            )


CHECK = Check(
    title="Maintenance of hypervisor hosts",
    metrics=(FAULT,),
    remedies=(MOVE_BY_HAND, CANCEL_DEGRADED),
    groups=(GroupJudge(ZoneGroup, judge),),
    reads=("listHosts", "listClusters", "listPods", "listZones"),
)
