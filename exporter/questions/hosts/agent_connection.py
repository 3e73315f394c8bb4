"""With which management servers the agent of a KVM host is connected, as the host itself sees it."""

from __future__ import annotations

import re
from ipaddress import IPv6Address, ip_address

from exporter.cloud.targets import HostTarget
from exporter.model import Ports, Question, UnreadableError, Via

HEADINGS = ("Recv-Q", "Active Internet", "Proto")
PORT = re.compile(r"port=(\d{1,5})", re.ASCII)
NUMBER = re.compile(r"\d{1,10}", re.ASCII)


def read_connections(text: str) -> frozenset[str]:
    """Return the addresses to whose port of agents connections stand; raises UnreadableError for anything else.

    ``ss`` was asked for just these, ``netstat`` prints all connections. Both begin with a heading, so that an answer
    without one is none.

    Source: ``ss -tn state established`` with a filter (no column of states), or ``netstat -tn``.
    """
    first, *lines = text.splitlines() or [""]
    port = PORT.fullmatch(first)
    if port is None or not any(line.startswith(HEADINGS) for line in lines):
        message = f"not a list of connections: {text[:60]!r}"
        raise UnreadableError(message)
    rows = (line.split() for line in lines if line.strip() and not line.startswith(HEADINGS))
    return frozenset(address for row in rows for address in _peer(row, port[1]))


def _peer(row: list[str], port: str) -> tuple[str, ...]:
    """Return the address of the other end, none when it is another port or state."""
    match row:
        case ["tcp" | "tcp6", _, _, _, place, state]:
            wanted = state == "ESTABLISHED" and place.endswith(f":{port}")
            return (_address(place, port),) if wanted else ()
        case [received, sent, _, place, *_] if NUMBER.fullmatch(received) and NUMBER.fullmatch(sent):
            return (_address(place, port),)
        case _:
            message = f"not a connection: {' '.join(row)[:60]!r}"
            raise UnreadableError(message)


def _address(place: str, port: str) -> str:
    """Return the address of ``address:port``, also in brackets, with an interface, or of IPv4 as IPv6."""
    address, _, found = place.rpartition(":")
    try:
        parsed = ip_address(address.partition("%")[0].strip("[]")) if found == port else None
    except ValueError:
        parsed = None
    if parsed is None:
        message = f"not an address and the port of agents: {place[:60]!r}"
        raise UnreadableError(message)
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return str(mapped or parsed)


def _agent_port(_target: HostTarget, ports: Ports) -> tuple[str, ...]:
    """Return the port of agents as the one parameter."""
    return (str(ports.agent),)


HOST_AGENT_CONNECTION: Question[frozenset[str]] = Question(
    "host_agent_connection",
    Via.HOST,
    # Old versions of ss have no -H: the reader skips the heading.
    r"""
printf 'port=%s\n' "$1"
if command -v ss >/dev/null 2>&1; then
    exec ss -tn state established "( dport = :$1 )"
elif command -v netstat >/dev/null 2>&1; then
    exec netstat -tn
fi
echo 'neither ss nor netstat'
exit 127
""",
    read_connections,
    privilege="any account: programs are not asked for",
    why="Whether the agent of a host has reached a management server, and which one; nothing is dialled.",
    seconds=1.0,
    size=262_144,
    processes=1,
    parameters=_agent_port,
)
