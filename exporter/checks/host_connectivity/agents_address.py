"""The setting 'host', which tells agents where their management servers are.

Symptom: system VMs that are made anew, and hosts that are added, never get an agent that is Up.
Detect:  listConfigurations: 'host' is empty or names loopback, while there are agents on other machines.
Fix:     the addresses of the management servers or of their load balancer; restart; destroy the system VMs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exporter.checks.host_connectivity.remedies import SET_HOST
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ManagementServers
from exporter.model import Check, GroupJudge, Metric, Samples, above
from exporter.thresholds import ROWS_PER_TARGET
from exporter.topology.system_vms import entries, is_local

UNUSABLE = Metric(
    "cloudstack_network_host_connectivity_agents_address_unusable",
    "Whether an address of the setting 'host' leads agents on other machines to themselves: empty or loopback.",
    labels=("setting", "address"),
    problem=above(0),
    subject="address",
)


def judge(_group: ManagementServers, _members: Mapping[Any, Any], cloud: Cloud) -> Samples:
    """Yield a verdict per address; those of no management server may be a load balancer's."""
    told = cloud.setting("host")
    if told is None:
        return
    elsewhere = _agents_elsewhere(cloud)
    for address in entries(told)[:ROWS_PER_TARGET]:
        yield UNUSABLE.sample(
            "host",
            address or "(empty)",
            value=int(elsewhere and is_local(address)),
            seen=f"host = {told[:100]!r}",
            expected="addresses that agents on other machines reach",
        )


def _agents_elsewhere(cloud: Cloud) -> bool:
    """Return whether there are agents that do not run on a management server itself; system VMs never do."""
    own = {server.address for server in cloud.management_servers.values()}
    hosts = (host for host in cloud.hosts.values() if host.type == "Routing" and host.hypervisor in ("KVM", "LXC"))
    return any(host.address not in own for host in hosts) or any(vm.is_running for vm in cloud.system_vms.values())


CHECK = Check(
    title="Where agents look for management servers",
    metrics=(UNUSABLE,),
    remedies=(SET_HOST,),
    groups=(GroupJudge(ManagementServers, judge),),
    reads=("listConfigurations", "listHosts", "listSystemVms"),
)
