"""The connections of management servers with their database.

Symptom: a management server that runs and answers nothing, or stops itself after some minutes.
Detect:  ss on the management server: none to the database at two looks, while another one has some to that port and
         no heartbeat of this one shows that it uses another port.
Fix:     the way from the server to the database, and db.properties.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exporter.checks.host_connectivity.remedies import CHECK_DATABASE_WAY
from exporter.checks.host_connectivity.servers import PER_SERVER, is_fresh, is_up
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ManagementServers
from exporter.cloud.targets import DatabaseTarget, ManagementServerTarget
from exporter.model import Answers, Check, GroupJudge, Metric, Samples, above
from exporter.questions.database.state import DATABASE_SERVERS
from exporter.questions.management.service import MANAGEMENT_SERVICE
from exporter.questions.management.sockets import MANAGEMENT_SOCKETS
from exporter.thresholds import MANAGEMENT_SETTLES_SECONDS

CONNECTIONS = Metric(
    "cloudstack_network_host_connectivity_management_server_database_connections",
    "Connections of the management server to the port of the database that stand, counted by ss.",
    labels=PER_SERVER,
)
UNCONNECTED = Metric(
    "cloudstack_network_host_connectivity_management_server_database_unconnected",
    "Whether two looks found no connection with the database at a server that runs, while another one has some.",
    labels=PER_SERVER,
    problem=above(0),
    subject="management_server",
)

Members = Mapping[Any, Answers]


def judge(_group: ManagementServers, members: Members, cloud: Cloud) -> Samples:
    """Yield the connections of each visited server, and whether one that runs lacks them.

    The port may be another one on all of them: nothing is said of a server without connections while no server has
    any.
    """
    asked = {target: answers for target, answers in members.items() if answers.get(MANAGEMENT_SOCKETS) is not None}
    is_certain = any(answers[MANAGEMENT_SOCKETS].database for answers in asked.values())
    beating = _beating(members, cloud)
    for target, answers in asked.items():
        number, before = answers[MANAGEMENT_SOCKETS].database, answers.before(MANAGEMENT_SOCKETS)
        yield CONNECTIONS.sample(target.name, value=number)
        proven = bool(number) or target.server.id in beating
        if not is_up(cloud, target.server) or not _runs(answers) or not (proven or (is_certain and before)):
            continue
        yield UNCONNECTED.sample(
            target.name,
            value=int(not proven and before is not None and not before[0].database),
            seen=f"no connection to port {answers[MANAGEMENT_SOCKETS].database_port}",
            expected="connections to the database, as other management servers have them",
        )


def _beating(members: Members, cloud: Cloud) -> frozenset[str]:
    """Return the ids of the servers that write their heartbeat, so that they reach the database at whatever port."""
    rows = [row for target, answers in members.items() if isinstance(target, DatabaseTarget)
            for row in answers.get(DATABASE_SERVERS) or ()]  # fmt: skip
    return frozenset(row.id for row in rows if is_fresh(row, cloud))


def _runs(answers: Answers) -> bool:
    """Return whether the service is known to run, and for so long that it must have connections."""
    service = answers.get(MANAGEMENT_SERVICE)
    return (
        service is not None
        and service.state == "active"
        and service.running is not None
        and service.running >= MANAGEMENT_SETTLES_SECONDS
    )


CHECK = Check(
    title="Management servers and their database",
    metrics=(UNCONNECTED, CONNECTIONS),
    remedies=(CHECK_DATABASE_WAY,),
    groups=(
        GroupJudge(
            ManagementServers,
            judge,
            {
                ManagementServerTarget: (MANAGEMENT_SOCKETS, MANAGEMENT_SERVICE),
                DatabaseTarget: (DATABASE_SERVERS,),
            },
        ),
    ),
    judges_cloud=True,
)
