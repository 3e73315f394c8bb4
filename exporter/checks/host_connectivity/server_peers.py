"""Management servers that hold each other for dead.

Symptom: agents are taken from a server that works, again and again; jobs wait for ever for their answer.
Detect:  mshost_peer: Down for the present run of a server that writes its heartbeats; a connection of the two that
         stands speaks against it. Connections are opened when needed, so none of them proves nothing.
Fix:     open 9090/tcp both ways between all management servers; the address in mshost is the one that the others dial.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from exporter.checks.host_connectivity.servers import PER_SERVER, is_fresh, names, ordered
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ManagementServers
from exporter.cloud.targets import DatabaseTarget, ManagementServerTarget
from exporter.model import Answers, Check, GroupJudge, Metric, Samples, above
from exporter.questions.database.state import DATABASE_SERVERS
from exporter.questions.management.peers import MANAGEMENT_PEERS
from exporter.questions.management.sockets import MANAGEMENT_SOCKETS

OPEN_CLUSTER_PORT = (
    "Let every management server reach 9090/tcp of every other one at its address in mshost; 'cluster.node.IP' in"
    " db.properties must not be 127.0.0.1."
)

DOWN = Metric(
    "cloudstack_network_host_connectivity_management_server_peers_down",
    "Other living management servers that this one has held for dead at two looks, from mshost_peer.",
    labels=PER_SERVER,
    problem=above(0),
    subject="management_server",
)
CONNECTED = Metric(
    "cloudstack_network_host_connectivity_management_server_peers_connected",
    "Other management servers with which this one has a connection that stands; they are opened when needed.",
    labels=PER_SERVER,
)

Members = Mapping[Any, Answers]


def judge(_group: ManagementServers, members: Members, cloud: Cloud) -> Samples:
    """Yield with how many others each visited server is connected, and how many each living one holds for dead."""
    connected = dict(_connected(members, cloud))
    for name, others in connected.items():
        yield CONNECTED.sample(name, value=len(others))
    for target, answers in members.items():
        known = isinstance(target, DatabaseTarget) and answers.get(MANAGEMENT_PEERS) is not None
        if known and answers.get(DATABASE_SERVERS) is not None:
            yield from _held_for_dead(answers, cloud, connected)


def _connected(members: Members, cloud: Cloud) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield each visited server with the names of those with which it is connected."""
    places = {server.address: server.name for server in ordered(cloud) if server.address}
    for target, answers in members.items():
        sockets = answers.get(MANAGEMENT_SOCKETS) if isinstance(target, ManagementServerTarget) else None
        if sockets is not None:
            yield target.name, frozenset(places[one] for one in sockets.peers if one in places) - {target.name}


def _held_for_dead(answers: Answers, cloud: Cloud, connected: Mapping[str, frozenset[str]]) -> Samples:
    """Yield the verdict on each living server from the rows that both looks show."""
    found, before = answers[MANAGEMENT_PEERS], answers.before(MANAGEMENT_PEERS)
    confirmed = set(found) & set(before[0] if before else ())
    rows = answers[DATABASE_SERVERS]
    shown = names(rows, cloud)
    pairs = {(shown.get(row.name, row.name), shown.get(row.seen, row.seen)) for row in confirmed}
    for row in rows:
        if row.state == "Up" and is_fresh(row, cloud):
            owner = shown[row.id]
            lost = sorted(peer for one, peer in pairs if one == owner and not _meet(owner, peer, connected))
            yield DOWN.sample(
                owner,
                value=len(lost),
                seen=f"holds for dead: {', '.join(lost[:3])}",
                expected="every server that writes its heartbeat is a peer that is Up",
            )


def _meet(one: str, other: str, connected: Mapping[str, frozenset[str]]) -> bool:
    """Return whether a connection between two servers stands, as either of them sees it."""
    return other in connected.get(one, ()) or one in connected.get(other, ())


CHECK = Check(
    title="Management servers among themselves",
    metrics=(DOWN, CONNECTED),
    remedies=(OPEN_CLUSTER_PORT,),
    groups=(
        GroupJudge(
            ManagementServers,
            judge,
            {
                DatabaseTarget: (DATABASE_SERVERS, MANAGEMENT_PEERS),
                ManagementServerTarget: (MANAGEMENT_SOCKETS,),
            },
        ),
    ),
)
