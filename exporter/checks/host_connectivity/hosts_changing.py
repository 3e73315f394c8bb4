"""Hypervisor hosts whose agent connects and never arrives.

Symptom: the host can be used for nothing, and CloudStack does not call it lost.
Detect:  listHosts: state Connecting, Rebalancing or Unknown at each refresh for a quarter of an hour.
Fix:     the end of management-server.log about this host; then reconnectHost.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exporter.checks.host_connectivity.hypervisors import PER_HOST, judged
from exporter.checks.host_connectivity.state_sets import CHANGING, HOST_STATES
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.model import Answers, Check, GroupJudge, Metric, Samples, above
from exporter.thresholds import HOST_CHANGING_SECONDS

PREFIX = "cloudstack_network_host_connectivity_"
RECONNECT = (
    "Read what management-server.log says of this host's last StartupRoutingCommand (versions, pools that cannot be"
    " mounted, a bridge that is missing), mend that, then reconnectHost."
)
SECONDS = Metric(
    f"{PREFIX}host_changing_seconds",
    "For how long at least listHosts has said Connecting, Rebalancing or Unknown of a host that should work; else 0.",
    labels=PER_HOST,
    problem=above(HOST_CHANGING_SECONDS),
    follows=(f"{PREFIX}cluster_hosts_lost_ratio", f"{PREFIX}management_servers_alive"),
)


def judge(group: ZoneGroup, members: Mapping[Any, Answers], cloud: Cloud) -> Samples:
    """Yield for how long each host has been in the state that it should leave by itself."""
    memory = members[group]
    for host, labels in judged(cloud, group):
        if host.state not in HOST_STATES:
            continue
        seconds = memory.held(host.id, host.state).seconds if host.state in CHANGING else 0.0
        words = f"{host.state} for {seconds / 60:.0f} minutes"
        yield SECONDS.sample(*labels, value=seconds, seen=words, expected="Up within some minutes")


CHECK = Check(
    title="Hypervisor hosts that connect for too long",
    metrics=(SECONDS,),
    remedies=(RECONNECT,),
    groups=(GroupJudge(ZoneGroup, judge, remembers=True),),
    reads=("listHosts", "listClusters", "listPods", "listZones"),
)
