"""Management servers: the records, and who is connected to whom.

System VMs and hosts look for one address, that of a load balancer (the setting ``host``); behind it are the servers,
with addresses of their own in the management network.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from exporter.lab.world.places import identity

if TYPE_CHECKING:
    from exporter.lab.world.world import World

VERSION = "4.20.1.0"
AGENTS, API, INTEGRATION, DATABASE = 8250, 8080, 8096, 3306
"""Ports: of agents, of the API, of the API without passwords, of the database. That of the cluster is the lab's own."""
DATABASE_SERVER = "127.3.0.110"
OTHERS = frozenset({API, AGENTS})


@dataclass(frozen=True, slots=True)
class Complaint:
    """A message that a management server writes to its log again and again; ``logger`` as the log abbreviates it."""

    level: str
    logger: str
    text: str
    below: tuple[str, ...] = ()  # what is printed below it: an exception and its places
    times: int = 1  # each time that the log is written


@dataclass(slots=True, eq=False)
class ManagementServer:
    """A management server, as CloudStack sees it and as it is inside.

    Attributes:
        state: as CloudStack has it: Up | Down | Maintenance | ...
        heartbeat: seconds by which its last heartbeat (mshost.last_update) is old; while its service runs, as many by
            which its clock is behind.
        uptime: seconds since its service was started; the machine is older.
        ssh, wrapper: as of a host.
        service: systemd's word for cloudstack-management: active | inactive | failed | activating.
        ports: it listens on while its service is active.
        clock: seconds by which its clock is ahead.
        told: the address by which CloudStack knows it, when that is another one.
        refused: a tool that the account may not run there.
        agents: how many of the agents that CloudStack counts as its own are connected; None: all.
        cluster: what becomes of connections of the others to it: up | refused (nobody listens) | dropped (a firewall).
        talks: connections with other management servers stand, where they can be made.
        database: connections with the database.
        writes: its heartbeats reach the database while its service runs.
        log: written | unreadable (for the account) | missing.
        quiet: seconds since anything was written to its log; 0: it is being written.
        complaints: what it writes again and again, beside what every healthy one does.
    """

    number: int
    address: str
    state: str = "Up"
    version: str = VERSION
    heartbeat: float = 1.5
    uptime: int = 20 * 86400
    ssh: str = "up"
    wrapper: str = "current"
    service: str = "active"
    ports: set[int] = field(default_factory=lambda: set(OTHERS))
    clock: int = 0
    told: str = ""
    refused: str = ""
    agents: int | None = None
    cluster: str = "up"
    talks: bool = True
    database: int = 5
    writes: bool = True
    log: str = "written"
    quiet: float = 0.0
    complaints: list[Complaint] = field(default_factory=list)

    @property
    def id(self) -> str:
        """Return the server's uuid."""
        return identity("management", self.number)

    @property
    def msid(self) -> int:
        """Return the number by which the database knows it, made of its MAC."""
        return 0x0E0000000000 + self.number

    @property
    def name(self) -> str:
        """Return the server's name."""
        return f"mgmt-{self.number}"

    @property
    def runs(self) -> bool:
        """Return whether its service is there to be connected to."""
        return self.service == "active"

    @property
    def beats(self) -> bool:
        """Return whether it writes heartbeats."""
        return self.runs and self.writes


def healthy() -> list[ManagementServer]:
    """Return the lab's management servers."""
    return [ManagementServer(number, f"127.3.0.{100 + number}") for number in (1, 2)]


def owner(servers: Sequence[ManagementServer], number: int) -> ManagementServer | None:
    """Return the management server of the agent with this number; None when there is none for it."""
    usable = [server for server in servers if server.state == "Up"]
    return usable[number % len(usable)] if usable else None


def connected(world: World, server: ManagementServer) -> list[str]:
    """Return the addresses of the agents that are connected to a management server."""
    found = [host.address for host in world.hosts if host.state == "Up" and _is_own(world, server, host.number)]
    found += [
        vm.private
        for vm in world.system_vms
        if vm.state == "Running" and vm.agent and vm.session and _is_own(world, server, vm.number)
    ]
    return found[: server.agents]


def _is_own(world: World, server: ManagementServer, number: int) -> bool:
    return owner(world.management_servers, number) is server


def others(world: World, server: ManagementServer) -> Iterator[ManagementServer]:
    """Yield the management servers which talk with one, so that those connections stand that can be made."""
    for other in world.management_servers:
        if other is not server and other.talks and server.talks and other.runs and server.runs:
            yield other
