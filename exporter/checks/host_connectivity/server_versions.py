"""Management servers of different versions.

Symptom: jobs fail or not, depending on the server that takes them; agents are updated and downgraded in turn.
Detect:  listManagementServers: versions of the servers that are Up. During a rolling upgrade they differ for a while.
Fix:     bring all of them to the newest version.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exporter.checks.host_connectivity.remedies import FINISH_UPGRADE
from exporter.checks.host_connectivity.servers import PER_SERVER, ordered
from exporter.checks.host_connectivity.versions import numbers
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ManagementServers
from exporter.model import Check, GroupJudge, Metric, Samples, above

DIFFERS = Metric(
    "cloudstack_network_host_connectivity_management_server_version_differs",
    "Whether the management server is Up and runs another version than the newest of those that are Up.",
    labels=PER_SERVER,
    problem=above(0),
    subject="management_server",
)


def judge(_group: ManagementServers, _members: Mapping[Any, Any], cloud: Cloud) -> Samples:
    """Yield of each server that is Up whether it runs another version than the newest."""
    living = [server for server in ordered(cloud) if server.state == "Up" and server.version]
    newest = max((server.version for server in living), key=lambda version: (numbers(version), version), default="")
    for server in living:
        yield DIFFERS.sample(
            server.name,
            value=int(server.version != newest),
            seen=f"version {server.version}",
            expected=f"{newest}, as another one that is Up",
        )


CHECK = Check(
    title="One version of all management servers",
    metrics=(DIFFERS,),
    remedies=(FINISH_UPGRADE,),
    groups=(GroupJudge(ManagementServers, judge),),
    reads=("listManagementServers",),
)
