"""Which services run in a virtual router, and which sockets they listen on."""

from __future__ import annotations

import re
from dataclasses import dataclass

from exporter.model import Question, UnreadableError, Via
from exporter.questions.routers.state import PRIVILEGE, checked_address

ANY = "*"
"""The address of a socket that listens on every address."""


@dataclass(frozen=True, slots=True)
class Process:
    """One process of a service.

    Attributes:
        name: the program, without directory; for scripts the script's name (passwd_server_ip.py).
        addresses: the IPv4 addresses in its arguments; only looked for in password services.
    """

    pid: int
    parent: int
    name: str
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Socket:
    """A listening socket. ``address`` is ANY for all addresses; ``programs`` are names without pid."""

    protocol: str  # tcp | udp
    address: str
    port: int
    programs: tuple[str, ...] = ()

    def listens_at(self, address: str, port: int) -> bool:
        """Return whether it takes connections to ``address`` and ``port``."""
        return self.port == port and self.address in (address, ANY)


def read_processes(text: str) -> tuple[Process, ...]:
    """Return the service processes from lines of ``pid ppid name addresses|-``; none is an answer."""
    return tuple(_process(line) for line in text.splitlines())


def _process(line: str) -> Process:
    """Return one process."""
    found = re.fullmatch(r"(\d{1,9}) (\d{1,9}) (\S{1,64}) (-|[\d.]+(?:,[\d.]+)*)", line, re.ASCII)
    if not found:
        message = f"not a process: {line[:60]!r}"
        raise UnreadableError(message)
    addresses = () if found[4] == "-" else tuple(checked_address(word) for word in found[4].split(","))
    return Process(int(found[1]), int(found[2]), found[3], addresses)


def read_sockets(text: str) -> tuple[Socket, ...]:
    """Return the listening sockets from ``ss -ltnp; ss -lunp`` or ``netstat -lntup``, any version.

    A text without any socket is unreadable: the router's own sshd listens whenever we are answered.
    """
    found = tuple(_socket(line.split()) for line in text.splitlines() if not _is_heading(line))
    if not found:
        message = "no listening socket at all"
        raise UnreadableError(message)
    return found


def _is_heading(line: str) -> bool:
    """Return whether a line is empty or one of the headings of ss and netstat."""
    return not line.strip() or line.startswith(("State", "Active Internet", "Proto"))


def _socket(words: list[str]) -> Socket:
    """Return the socket of one line: ss begins with the state, netstat with the protocol."""
    match words:
        case ["LISTEN" | "UNCONN" as state, _, _, local, _, *rest]:
            programs = re.findall(r'\("([^"]*)",(?:pid=)?\d+', " ".join(rest))
            return _made("tcp" if state == "LISTEN" else "udp", local, programs)
        case ["tcp" | "tcp6" | "udp" | "udp6" as protocol, _, _, local, _, *rest]:
            programs = [word.partition("/")[2] for word in rest if re.match(r"\d+/", word)]
            return _made(protocol[:3], local, programs)
        case _:
            message = f"not a socket: {' '.join(words)[:60]!r}"
            raise UnreadableError(message)


def _made(protocol: str, local: str, programs: list[str]) -> Socket:
    """Return the socket that listens at ``local``: address:port, also *, [::], with %interface."""
    address, _, port = local.rpartition(":")
    address = address.partition("%")[0].strip("[]")
    if not re.fullmatch(r"\d{1,5}", port, re.ASCII) or not address:
        message = f"not an address and port: {local[:60]!r}"
        raise UnreadableError(message)
    anywhere = address in ("*", "0.0.0.0", "::")  # noqa: S104 - compared, not bound
    return Socket(protocol, ANY if anywhere else address, int(port), tuple(dict.fromkeys(programs)))


ROUTER_PROCESSES = Question(
    name="router_processes",
    via=Via.SYSTEM_VM,
    # Arguments of other processes may hold passwords (savepassword.sh, curl): only names of known services
    # leave the router, and of the password services their addresses.
    text=r"""
list=$(ps -eo pid,ppid,args) || exit
printf '%s\n' "$list" | awk '
    function base(path) { sub(/^.*\//, "", path); sub(/:$/, "", path); return path }
    NR > 1 {
        name = base($3); where = ""; script = base($4)
        if (name ~ /^(sh|dash|bash|python[0-9.]*)$/ && script ~ /^(vpc_)?passwd_server(_ip)?(\.py)?$/) {
            name = script; where = $5
        } else if (name ~ /^(vpc_)?passwd_server(_ip)?(\.py)?$/) {
            where = $4
        } else if (name == "socat") {
            if ($0 !~ /LISTEN:8080/) next
            if (match($0, /bind=[0-9.]+/)) where = substr($0, RSTART + 5, RLENGTH - 5)
        } else if (name !~ /^(apache2|dnsmasq|haproxy|keepalived|conntrackd|sshd|rsyslogd)$/) next
        if (where !~ /^[0-9.]+(,[0-9.]+)*$/) where = "-"
        print $1, $2, name, where
    }'
""",
    read=read_processes,
    privilege=PRIVILEGE,
    why="Which services run in the router: the evidence behind a password or metadata service that is down.",
)

ROUTER_SOCKETS = Question(
    name="router_sockets",
    via=Via.SYSTEM_VM,
    # Old versions of ss have no -H: the reader skips headings.
    text=r"""
if command -v ss >/dev/null 2>&1; then
    ss -ltnp && ss -lunp
else
    netstat -lntup
fi
""",
    read=read_sockets,
    privilege=PRIVILEGE,
    why="Which program listens on the guest addresses: password, metadata, DHCP and DNS service.",
)
