"""What CloudStack says of each hypervisor host.

Detect:  listHosts: state, resourcestate, and when its agent was last lost. Its lastpinged is no use: it is in 1970, and
         is written when a state changes, not with each ping.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exporter.checks.host_connectivity.hypervisors import PER_HOST, hypervisors
from exporter.checks.host_connectivity.state_sets import HOST_STATES, RESOURCE_STATES, state_set
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.model import Check, GroupJudge, Metric, Samples
from exporter.topology.hosts import names

STATE = Metric(
    "cloudstack_network_host_connectivity_host_state",
    "State of the hypervisor host in listHosts, 1 for the state it is in.",
    labels=(*PER_HOST, "state"),
    subject="host",
)
RESOURCE_STATE = Metric(
    "cloudstack_network_host_connectivity_host_resource_state",
    "Resource state of the hypervisor host in listHosts, 1 for the state it is in: enabled, disabled, maintenance.",
    labels=(*PER_HOST, "state"),
    subject="host",
)
DISCONNECTED_AT = Metric(
    "cloudstack_network_host_connectivity_host_disconnected_timestamp_seconds",
    "Unix time at which CloudStack last lost the host's agent, by listHosts; it stays after the agent has come back.",
    labels=PER_HOST,
)
INFO = Metric(
    "cloudstack_network_host_connectivity_host_info",
    "Hypervisor, address and version of the host's agent by listHosts; always 1.",
    labels=(*PER_HOST, "hypervisor", "address", "version"),
    subject="host",
)


def judge(group: ZoneGroup, _members: Mapping[Any, Any], cloud: Cloud) -> Samples:
    """Yield the states of every hypervisor host of the zone, also of those that are held back on purpose."""
    for target in hypervisors(cloud, group):
        host, labels = target.host, names(target, cloud)
        yield from state_set(STATE, HOST_STATES, host.state, *labels)
        yield from state_set(RESOURCE_STATE, RESOURCE_STATES, host.resource_state, *labels)
        yield INFO.sample(*labels, host.hypervisor, host.address, host.version, value=1)
        if host.disconnected is not None:
            yield DISCONNECTED_AT.sample(*labels, value=host.disconnected)


CHECK = Check(
    title="States of hypervisor hosts",
    metrics=(STATE, RESOURCE_STATE, DISCONNECTED_AT, INFO),
    groups=(GroupJudge(ZoneGroup, judge),),
    reads=("listHosts", "listClusters"),
)
