"""The connections of agents to management servers, as the hosts see them.

Symptom: a host is in Alert, Disconnected or Connecting; its machines run and nobody can change them.
Detect:  ss on the host: no connection to the port of agents stands at two looks, while the agent runs.
Fix:     the way from the host to 8250/tcp of every address in 'host' of agent.properties; then restart the agent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping

from exporter.checks.host_connectivity.servers import address_of
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, GroupJudge, Metric, Sample, Samples, above
from exporter.questions.hosts.agent import AGENT
from exporter.questions.hosts.agent_connection import HOST_AGENT_CONNECTION
from exporter.thresholds import ROWS_PER_TARGET
from exporter.topology.hosts import is_judged, names
from exporter.topology.system_vms import is_local

OPEN_WAY = (
    "Let the host reach the port of agents (8250/tcp) at every address of 'host' in its agent.properties: firewalls,"
    " routes, the load balancer. Then restart cloudstack-agent and read its log."
)
CORRECT_HOST = (
    "Set 'host' in agent.properties to addresses of management servers, as the setting 'host' has them; restart"
    " cloudstack-agent."
)

DISCONNECTED = Metric(
    "cloudstack_network_host_connectivity_agent_disconnected",
    "Whether two looks at the host found no connection of its running agent to the port of management servers, by ss.",
    labels=("zone", "cluster", "host"),
    problem=above(0),
    subject="host",
    follows=(
        "cloudstack_network_host_connectivity_management_servers_alive",
        "cloudstack_network_host_connectivity_management_server_lost",
        "cloudstack_network_host_connectivity_management_server_service_up",
        "cloudstack_network_host_connectivity_management_server_agent_port_closed",
        "cloudstack_network_host_connectivity_host_management_unreachable",
        "cloudstack_network_host_connectivity_cluster_hosts_lost_ratio",
    ),
)
CONNECTED = Metric(
    "cloudstack_network_host_connectivity_agents_connected",
    "Hosts of the zone whose agent is connected to this address, by ss; 0 for addresses that agents only know of.",
    labels=("zone", "address"),
)

Members = Mapping[HostTarget, Answers]


def judge(group: ZoneGroup, members: Members, cloud: Cloud) -> Samples:
    """Yield of each judged host whether its agent is connected, and how many are to each address."""
    told = {target: answers for target, answers in members.items() if _tells(target, answers, cloud)}
    connected = Counter(address for answers in told.values() for address in answers[HOST_AGENT_CONNECTION])
    for target, answers in told.items():
        yield from _disconnected(target, answers, connected, cloud)
    known = {address_of(one) for answers in told.values() for one in _known(answers)} - {""}
    numbers = {address: connected[address] for address in {*known, *connected}}
    for address, number in sorted(numbers.items(), key=lambda row: (-row[1], row[0]))[:ROWS_PER_TARGET]:
        yield CONNECTED.sample(group.zone, address, value=number)


def _tells(target: HostTarget, answers: Answers, cloud: Cloud) -> bool:
    """Return whether a host that counts has told of its connections."""
    return (
        target.host.hypervisor == "KVM"
        and answers.get(HOST_AGENT_CONNECTION) is not None
        and is_judged(target, cloud, answers.now)
    )


def _known(answers: Answers) -> tuple[str, ...]:
    agent = answers.get(AGENT)
    return agent.management_servers if agent else ()


def _disconnected(target: HostTarget, answers: Answers, connected: Collection[str], cloud: Cloud) -> Iterator[Sample]:
    """Yield the verdict on one host; none while its agent does not run, or after one look without a connection."""
    agent, before = answers.get(AGENT), answers.before(HOST_AGENT_CONNECTION)
    is_open = bool(answers[HOST_AGENT_CONNECTION])
    if (agent and agent.is_active is False) or (not is_open and before is None):
        return
    known = _known(answers)
    yield DISCONNECTED.sample(
        *names(target, cloud),
        value=int(not is_open and before is not None and not before[0]),
        seen="; ".join(["no connection", *_words(known, connected, cloud)]),
        expected="a connection to the port of agents of a management server",
        remedy=CORRECT_HOST if known and all(map(is_local, known)) else OPEN_WAY,
    )


def _words(known: Collection[str], connected: Collection[str], cloud: Cloud) -> Iterator[str]:
    """Yield what agent.properties says, which of it is Down, and which of it no agent of the zone is connected to."""
    if not known:
        return
    yield f"host = {', '.join(known)[:200]}"
    down = [server.name for server in cloud.management_servers.values() if server.state == "Down"
            and server.address in map(address_of, known)]  # fmt: skip
    if down:
        yield f"Down: {', '.join(sorted(down)[:3])}"
    silent = [address for address in known if address_of(address) and address_of(address) not in connected]
    if silent:
        yield f"likely unreachable, no agent of the zone is connected to {', '.join(silent[:3])}"


CHECK = Check(
    title="Connections of agents",
    metrics=(DISCONNECTED, CONNECTED),
    remedies=(OPEN_WAY, CORRECT_HOST),
    groups=(GroupJudge(ZoneGroup, judge, {HostTarget: (HOST_AGENT_CONNECTION, AGENT)}),),
)
