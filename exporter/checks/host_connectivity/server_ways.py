"""Management servers that do not reach the port of others.

Symptom: jobs and commands for agents of another server fail or wait for ever, while CloudStack calls both Up: it holds
         a server for dead only when its heartbeat in the database is old as well.
Detect:  a connection from inside each server to 9090/tcp of each other one that is Up and alive, where none stands, at
         two looks.
Fix:     open 9090/tcp both ways; the address in mshost is the one that the others dial.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from exporter.checks.host_connectivity.server_peers import OPEN_CLUSTER_PORT
from exporter.checks.host_connectivity.servers import PER_SERVER, is_fresh, is_up
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ManagementServers
from exporter.cloud.objects import ManagementServer
from exporter.cloud.second_look import confirmed
from exporter.cloud.targeting import peers_of
from exporter.cloud.targets import DatabaseTarget, ManagementServerTarget
from exporter.model import Answers, Check, GroupJudge, Metric, Samples, above
from exporter.questions.database.state import DATABASE_SERVERS
from exporter.questions.dialling import Reach
from exporter.questions.management.service import MANAGEMENT_SERVICE
from exporter.questions.management.ways import MANAGEMENT_WAYS

UNREACHABLE = Metric(
    "cloudstack_network_host_connectivity_management_server_peers_unreachable",
    "Other living management servers whose port of the cluster (9090) this one has not reached at two looks.",
    labels=PER_SERVER,
    problem=above(0),
    subject="management_server",
)

GOOD = (Reach.ESTABLISHED, Reach.OPEN)
Members = Mapping[Any, Answers]


def judge(_group: ManagementServers, members: Members, cloud: Cloud) -> Samples:
    """Yield how many others each server that is Up does not reach.

    Nothing after one look at one that is not reached, nor while one was not asked about yet: unless another one is cut
    off for certain.
    """
    dead = frozenset(_dead(members, cloud))
    for target, answers in members.items():
        is_asked = isinstance(target, ManagementServerTarget) and answers.get(MANAGEMENT_WAYS) is not None
        if not is_asked or not is_up(cloud, target.server) or target.server.id in dead:
            continue
        reached = {place.host: reach for place, reach in answers[MANAGEMENT_WAYS].items()}
        others = [one for one in peers_of(cloud, target.server) if one.id not in dead]
        bad = {one: reached.get(one.address) for one in others if reached.get(one.address) not in GOOD}
        lost = {one.name: reach for one, reach in bad.items() if reach and _is_confirmed(target, one, answers, cloud)}
        if lost or not bad:
            yield UNREACHABLE.sample(
                target.name,
                value=len(lost),
                seen="; ".join(f"{name}: {reach}" for name, reach in sorted(lost.items())[:4]),
                expected=f"all {len(others)} others reached",
            )


def _dead(members: Members, cloud: Cloud) -> Iterator[str]:
    """Yield the ids of servers of which their service or their heartbeat says that they do not work."""
    for target, answers in members.items():
        if isinstance(target, DatabaseTarget):
            yield from (row.id for row in answers.get(DATABASE_SERVERS) or () if not is_fresh(row, cloud))
        elif isinstance(target, ManagementServerTarget):
            service = answers.get(MANAGEMENT_SERVICE)
            if service is not None and service.is_active is False:
                yield target.server.id


def _is_confirmed(target: ManagementServerTarget, other: ManagementServer, answers: Answers, cloud: Cloud) -> bool:
    """Return whether another one was not merely being restarted."""
    return confirmed(answers, cloud, "way", target.server.id, other.id, shown_by=(MANAGEMENT_WAYS,))


CHECK = Check(
    title="Management servers that reach each other",
    metrics=(UNREACHABLE,),
    remedies=(OPEN_CLUSTER_PORT,),
    groups=(
        GroupJudge(
            ManagementServers,
            judge,
            {ManagementServerTarget: (MANAGEMENT_WAYS, MANAGEMENT_SERVICE), DatabaseTarget: (DATABASE_SERVERS,)},
        ),
    ),
    judges_cloud=True,
)
