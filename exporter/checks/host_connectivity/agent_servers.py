"""Hosts whose agent looks for management servers where there are none.

Symptom: the agent works today, and after the next restart, or the loss of one server, finds nobody.
Detect:  'host' of agent.properties: loopback, or an address that is no management server's, not in the setting 'host',
         and not the one the agent is connected to (a load balancer's).
Fix:     write the addresses that the setting 'host' has.
"""

from __future__ import annotations

from collections.abc import Collection

from exporter.checks.host_connectivity.agent_connections import CORRECT_HOST
from exporter.checks.host_connectivity.hypervisors import PER_HOST
from exporter.checks.host_connectivity.servers import address_of
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, Metric, Samples, above
from exporter.questions.hosts.agent import AGENT
from exporter.questions.hosts.agent_connection import HOST_AGENT_CONNECTION
from exporter.topology.hosts import is_judged, names
from exporter.topology.system_vms import entries, is_local

UNUSABLE = Metric(
    "cloudstack_network_host_connectivity_agent_servers_unusable",
    "Entries of 'host' in the host's agent.properties that lead to no management server: loopback, nobody's address.",
    labels=PER_HOST,
    problem=above(0),
)


def judge(target: HostTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield how many entries lead nowhere; names are left out, they cannot be compared."""
    setting = cloud.setting("host", target.host.zone_id)
    if setting is None or not is_judged(target, cloud, answers.now):
        return
    told = answers[AGENT].management_servers or ("",)  # an agent without the key looks on its own machine
    known = _known(setting, cloud)
    usable = known and known | set(answers.get(HOST_AGENT_CONNECTION) or ())
    on_server = target.host.address in {server.address for server in cloud.management_servers.values()}
    bad = [entry for entry in told if _is_bad(entry, usable, on_server=on_server)]
    yield UNUSABLE.sample(
        *names(target, cloud),
        value=len(bad),
        seen=f"host = {', '.join(told)[:100]}; of no management server: {', '.join(bad)[:100] or '(empty)'}",
        expected=f"some of {', '.join(sorted(known))[:100] or 'the management servers'}",
    )


def _known(setting: str, cloud: Cloud) -> frozenset[str]:
    """Return the addresses at which agents may look; empty when a server's is not known, so that nobody can say."""
    servers = [address_of(server.address) for server in cloud.management_servers.values()]
    wanted = [entry for entry in entries(setting) if not is_local(entry)]
    if not all(servers):
        return frozenset()
    return frozenset(filter(None, (*servers, *map(address_of, wanted))))


def _is_bad(entry: str, usable: Collection[str], *, on_server: bool) -> bool:
    """Return whether an entry leads an agent nowhere; where nothing is known to be usable, loopback alone does."""
    if is_local(entry):
        return not on_server
    address = address_of(entry)
    return bool(address and usable) and address not in usable


CHECK = Check(
    title="Where the agents of hosts look for management servers",
    metrics=(UNUSABLE,),
    remedies=(CORRECT_HOST,),
    judges={HostTarget: judge},
    asks={HostTarget: (AGENT,)},
    uses={HostTarget: (HOST_AGENT_CONNECTION,)},
    reads=("listManagementServers", "listConfigurations"),
    judges_cloud=True,
)
