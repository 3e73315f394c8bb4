"""Management servers that are down although agents still need them, and how many agents each owns.

Symptom: after an hour or a reboot hosts are in state Alert; half of all API calls fail behind a load balancer.
Detect:  listManagementServers: state Down, while 'host' names its address or hosts still belong to it. A server that
         was taken out of service is listed as Down for ever, so Down alone means nothing.
Fix:     start it; or take its address out of the setting 'host' and remove its row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from exporter.checks.host_connectivity.remedies import CHECK_DATABASE_WAY, REMOVE_SERVER, START_SERVICE
from exporter.checks.host_connectivity.servers import AGENT_TYPES, PER_SERVER, STATES, ordered
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ManagementServers
from exporter.cloud.objects import ManagementServer
from exporter.model import Check, GroupJudge, Metric, Samples, above
from exporter.topology.system_vms import entries

STATE = Metric(
    "cloudstack_network_host_connectivity_management_server_state",
    "Whether listManagementServers says this state of the management server; one of them is 1.",
    labels=("management_server", "state"),
)
INFO = Metric(
    "cloudstack_network_host_connectivity_management_server_info",
    "Version and address of the management server by listManagementServers; always 1.",
    labels=("management_server", "version", "address"),
)
DOWN = Metric(
    "cloudstack_network_host_connectivity_management_server_down",
    "Whether the management server is Down while the setting 'host' names it or hosts still belong to it.",
    labels=PER_SERVER,
    problem=above(0),
    subject="management_server",
)
AGENTS = Metric(
    "cloudstack_network_host_connectivity_management_server_agents",
    "Hosts and system VMs that are Up and belong to the management server, from listHosts.",
    labels=PER_SERVER,
)


def judge(_group: ManagementServers, _members: Mapping[Any, Any], cloud: Cloud) -> Samples:
    """Yield state, version and agents of each server, and whether one is missed."""
    living = (host for host in cloud.hosts.values() if host.state == "Up" and host.type in AGENT_TYPES)
    agents = Counter(host.management_server for host in living if host.management_server)
    for server in ordered(cloud):
        for state in dict.fromkeys((*STATES, server.state)):
            yield STATE.sample(server.name, state, value=int(state == server.state))
        yield INFO.sample(server.name, server.version, server.address, value=1)
        if agents:
            yield AGENTS.sample(server.name, value=agents[server.id])
        needs = _needs(cloud, server, agents[server.id])
        yield DOWN.sample(
            server.name,
            value=int(server.state == "Down" and bool(needs)),
            seen=f"Down, and {needs}",
            expected="Up, or needed by nobody",
        )


def _needs(cloud: Cloud, server: ManagementServer, agents: int) -> str:
    """Return who still needs a server, in words; empty when nobody does."""
    if agents:
        return f"{agents} hosts and system VMs that are Up belong to it"
    told = cloud.setting("host")
    if told is not None and server.address and server.address in entries(told):
        return f"the setting 'host' sends agents to {server.address}"
    return ""


CHECK = Check(
    title="State of management servers",
    metrics=(STATE, INFO, DOWN, AGENTS),
    remedies=(START_SERVICE, CHECK_DATABASE_WAY, REMOVE_SERVER),
    groups=(GroupJudge(ManagementServers, judge),),
    reads=("listManagementServers", "listHosts"),
)
