"""The port of management servers to which agents connect.

Symptom: hosts and system VMs stay in Alert or Connecting although the management server answers its users.
Detect:  ss on the management server: whether anything listens on 8250, and how many are connected.
Fix:     see management-server.log of its start; restart the service; certificates of the agents' authority.
"""

from __future__ import annotations

from exporter.checks.host_connectivity.remedies import START_SERVICE
from exporter.checks.host_connectivity.servers import PER_SERVER, is_up
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import ManagementServerTarget
from exporter.model import Answers, Check, Metric, Samples, above
from exporter.questions.management.service import MANAGEMENT_SERVICE, ManagementService
from exporter.questions.management.sockets import MANAGEMENT_SOCKETS, ManagementSockets
from exporter.thresholds import MANAGEMENT_SETTLES_SECONDS

RESTART = "Restart cloudstack-management and read its log up to 'Listening on', then see which agents come back."

CLOSED = Metric(
    "cloudstack_network_host_connectivity_management_server_agent_port_closed",
    "Whether two visits found nobody listening for agents on a management server that CloudStack calls Up.",
    labels=PER_SERVER,
    problem=above(0),
    subject="management_server",
    follows=(
        "cloudstack_network_host_connectivity_management_server_lost",
        "cloudstack_network_host_connectivity_management_server_service_up",
    ),
)
CONNECTED = Metric(
    "cloudstack_network_host_connectivity_management_server_agent_connections",
    "Connections of agents that stand at the management server, counted by ss.",
    labels=PER_SERVER,
)


def judge(target: ManagementServerTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield whether agents can connect, and what is connected."""
    sockets = answers[MANAGEMENT_SOCKETS]
    yield CONNECTED.sample(target.name, value=sockets.agents)
    if not is_up(cloud, target.server) or _is_settling(answers.get(MANAGEMENT_SERVICE)):
        return
    before = answers.before(MANAGEMENT_SOCKETS)
    closed = _is_closed(sockets)
    if closed and before is None:
        return
    yield CLOSED.sample(
        target.name,
        value=int(closed and before is not None and _is_closed(before[0])),
        seen=f"nobody listens on {sockets.agent_port}, {sockets.agents} agents are connected",
        expected=f"a socket that listens on {sockets.agent_port}",
        remedy=RESTART,
    )


def _is_closed(sockets: ManagementSockets) -> bool:
    return not sockets.listens_on(sockets.agent_port)


def _is_settling(service: ManagementService | None) -> bool:
    """Return whether the server has just been started, or does not run, which is another finding."""
    if service is None:
        return False
    return service.state not in ("", "active") or (
        service.running is not None and service.running < MANAGEMENT_SETTLES_SECONDS
    )


CHECK = Check(
    title="Port of agents",
    metrics=(CLOSED, CONNECTED),
    remedies=(RESTART, START_SERVICE),
    judges={ManagementServerTarget: judge},
    asks={ManagementServerTarget: (MANAGEMENT_SOCKETS,)},
    uses={ManagementServerTarget: (MANAGEMENT_SERVICE,)},
    judges_cloud=True,
)
