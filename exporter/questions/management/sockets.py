"""Whom a management server is connected with: agents, the other management servers, the database."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address

from exporter.cloud.targets import ManagementServerTarget
from exporter.model import Ports, Question, UnreadableError, Via

ANY = "*"
"""The address of a socket that listens on every address."""
LISTENS = re.compile(r"listens (\S{1,64}) (\d{1,5})", re.ASCII)
AGENTS = re.compile(r"agents (\d{1,5}) (\d{1,9})", re.ASCII)
DATABASE = re.compile(r"database (\d{1,5}) (\d{1,9})", re.ASCII)
PEER = re.compile(r"peer (\S{1,64})", re.ASCII)
ANYWHERE = ("*", "0.0.0.0", "::")  # noqa: S104 - compared, not bound


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagementSockets:
    """Sockets of a management server, counted there.

    Attributes:
        listening: address (ANY for all) and port of what listens, of every program.
        agent_port: the port that was asked about, 8250 unless it is configured otherwise.
        agents: established connections to it.
        peers: addresses with which a connection of the port of the cluster stands, either way; they are opened when
            there is something to say, so that none is no proof of anything.
        database_port: the port of the database that was asked about, 3306 unless it is configured otherwise.
        database: established connections to it; none where the database has another port.
    """

    listening: frozenset[tuple[str, int]]
    agent_port: int
    agents: int
    peers: frozenset[str] = frozenset()
    database_port: int = 3306
    database: int = 0

    def listens_on(self, port: int) -> bool:
        """Return whether anything takes connections to this port from other machines."""
        return any(found == port and not is_loopback(address) for address, found in self.listening)


def is_loopback(address: str) -> bool:
    """Return whether an address leads a machine to itself; names are none."""
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def read_sockets(text: str) -> ManagementSockets:
    """Return the sockets; raises UnreadableError for other lines, and without any listening socket.

    A machine that is asked over SSH listens at least for that.
    """
    listening: set[tuple[str, int]] = set()
    peers: set[str] = set()
    agents: tuple[int, int] | None = None
    database: tuple[int, int] | None = None
    for line in text.splitlines():
        if found := LISTENS.fullmatch(line):
            listening.add((_address(found[1]), int(found[2])))
        elif found := PEER.fullmatch(line):
            peers.add(_address(found[1]))
        elif found := AGENTS.fullmatch(line):
            agents = (int(found[1]), int(found[2]))
        elif found := DATABASE.fullmatch(line):
            database = (int(found[1]), int(found[2]))
        else:
            message = f"not a word about sockets: {line[:60]!r}"
            raise UnreadableError(message)
    if not listening or agents is None or database is None:
        message = "no listening socket at all" if agents and not listening else "no counts of connections"
        raise UnreadableError(message)
    return ManagementSockets(
        listening=frozenset(listening),
        agent_port=agents[0],
        agents=agents[1],
        peers=frozenset(peers),
        database_port=database[0],
        database=database[1],
    )


def _address(text: str) -> str:
    """Return the address in its usual form, ANY for all of them."""
    if text in ANYWHERE:
        return ANY
    try:
        return str(ip_address(text))
    except ValueError as error:
        message = f"not an address: {text[:60]!r}"
        raise UnreadableError(message) from error


def _ports(_target: ManagementServerTarget, ports: Ports) -> tuple[str, ...]:
    """Return the port of agents, that of the database, and that of the cluster."""
    return (str(ports.agent), str(ports.database), str(ports.cluster))


MANAGEMENT_SOCKETS: Question[ManagementSockets] = Question(
    "management_sockets",
    Via.MANAGEMENT_SERVER,
    # Thousands of agents are connected: they are counted here. ss and netstat have both addresses in the same places.
    r"""
if command -v ss >/dev/null 2>&1; then
    ss -tan || echo failed
elif command -v netstat >/dev/null 2>&1; then
    netstat -tan || echo failed
else
    echo missing
fi | awk -v agent="$1" -v database="$2" -v cluster="$3" '
    function port(place) { sub(/^.*:/, "", place); return place }
    function address(place) {
        sub(/:[^:]*$/, "", place)
        sub(/%.*$/, "", place)
        gsub(/[][]/, "", place)
        sub(/^::ffff:/, "", place)
        return place
    }
    $1 == "failed" { code = 1; exit }
    $1 == "missing" { print "neither ss nor netstat"; code = 127; exit }
    { state = $1 ~ /^tcp/ ? $6 : $1 }
    state ~ /^LISTEN/ {
        place = address($4) " " port($4)
        if (!(place in seen) && listening++ < 300) print "listens", place
        seen[place] = 1
    }
    state ~ /^ESTAB/ {
        if (port($4) == agent) agents++
        else if (port($4) == cluster || port($5) == cluster) {
            if (!(address($5) in known) && peers++ < 100) print "peer", address($5)
            known[address($5)] = 1
        }
        else if (port($5) == database) connected++
    }
    END {
        if (code) exit code
        print "agents", agent, agents + 0
        print "database", database, connected + 0
    }'
""",
    read_sockets,
    privilege="any account: programs are not asked for",
    why="Whether agents can connect, how many have, and which of the servers talk to each other and to the database.",
    seconds=4.0,
    size=32768,
    parameters=_ports,
)
