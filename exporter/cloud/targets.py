"""Targets: the things a visit goes to. Plain data, made from the Cloud."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from exporter.cloud.cloud import Cloud
from exporter.cloud.consoles import ConsoleAddress, console_address, possible_hostnames
from exporter.cloud.objects import Host, ManagementServer, Router, SystemVm

HOST_WAYS = {"KVM": "host", "XenServer": "host", "VMware": "management", "Hyperv": "management"}
"""Hypervisor -> which machine holds the way to a system VM: its host, or a management server."""

VISITED = ("Running", "Migrating")
"""States in which a router or system VM is visited; one that migrates keeps its memory and its last verdicts."""


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine that is reached by SSH; connections belong to machines, visits to targets.

    ``role`` is ``host`` (KVM host or dom0) or ``management``; it selects where system VM keys lie.
    """

    name: str
    address: str
    role: str = "host"


@dataclass(frozen=True, slots=True)
class HostTarget:
    """A hypervisor host that is visited itself."""

    kind: ClassVar[str] = "host"
    subject: ClassVar[str] = "host"  # the label that names the object for people
    host: Host
    zone: str
    via: Machine | None

    @property
    def name(self) -> str:
        """Return the host's name."""
        return self.host.name

    @property
    def home(self) -> str:
        """Return the unit of sharding: the cluster."""
        return self.host.cluster_id


@dataclass(frozen=True, slots=True)
class RouterTarget:
    """A running virtual router, visited through the machine that has a way to it."""

    kind: ClassVar[str] = "router"
    subject: ClassVar[str] = "router"  # the label that names the object for people
    router: Router
    zone: str
    via: Machine | None

    @property
    def name(self) -> str:
        """Return the router's name, r-<n>-VM."""
        return self.router.name

    @property
    def address(self) -> str:
        """Return its control address."""
        return self.router.control_address

    @property
    def home(self) -> str:
        """Return the unit of sharding: its VPC or network, so that the two of a pair stay together."""
        return self.router.vpc_id or self.router.network_id


@dataclass(frozen=True, slots=True)
class ConsoleProxyTarget:
    """A running console proxy, visited inside, through the machine that has a way to it."""

    kind: ClassVar[str] = "console_proxy"
    subject: ClassVar[str] = "console_proxy"  # the label that names the object for people
    vm: SystemVm
    zone: str
    via: Machine | None

    @property
    def name(self) -> str:
        """Return the system VM's name, v-<n>-VM."""
        return self.vm.name

    @property
    def address(self) -> str:
        """Return its control address; on VMware and Hyper-V the private one."""
        return self.vm.control_address if self.via is None or self.via.role == "host" else self.vm.private_address

    @property
    def home(self) -> str:
        """Return the unit of sharding: the zone."""
        return self.vm.zone_id


@dataclass(frozen=True, slots=True)
class ConsoleEndpoint:
    """What a browser dials to reach a running console proxy, from the exporter's vantage.

    ``next_names`` are some of the names that its successor may have.
    """

    kind: ClassVar[str] = "console_endpoint"
    subject: ClassVar[str] = "console_proxy"  # the label that names the object for people
    vm: SystemVm
    zone: str
    console: ConsoleAddress
    next_names: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Return the system VM's name, v-<n>-VM."""
        return self.vm.name

    @property
    def home(self) -> str:
        """Return the unit of sharding: the zone."""
        return self.vm.zone_id

    @property
    def via(self) -> None:
        """Return None: the exporter dials by itself."""


@dataclass(frozen=True, slots=True)
class ManagementServerTarget:
    """A management server that is visited itself."""

    kind: ClassVar[str] = "management_server"
    subject: ClassVar[str] = "management_server"  # the label that names the object for people
    zone: ClassVar[str] = ""  # it serves all of them
    server: ManagementServer
    via: Machine | None

    @property
    def name(self) -> str:
        """Return the server's name."""
        return self.server.name

    @property
    def home(self) -> str:
        """Return the unit of sharding: all management servers together, as they are compared."""
        return self.kind


@dataclass(frozen=True, slots=True)
class DatabaseTarget:
    """CloudStack's database; which of its servers is asked is the source's affair."""

    kind: ClassVar[str] = "database"
    subject: ClassVar[str] = "database"  # the label that names the object for people
    zone: ClassVar[str] = ""  # it holds all of them
    name: ClassVar[str] = "cloud"
    home: ClassVar[str] = "database"
    via: ClassVar[None] = None


Target = HostTarget | RouterTarget | ConsoleProxyTarget | ConsoleEndpoint | ManagementServerTarget | DatabaseTarget
TARGET_TYPES: tuple[type[Target], ...] = (
    HostTarget, RouterTarget, ConsoleProxyTarget, ConsoleEndpoint, ManagementServerTarget, DatabaseTarget,
)  # fmt: skip


def way_to(cloud: Cloud, host_id: str, hypervisor: str) -> Machine | None:
    """Return the machine through which a system VM on ``host_id`` is reached, or None when there is none."""
    if HOST_WAYS.get(hypervisor) == "management":
        for server in sorted(cloud.management_servers.values(), key=lambda server: server.name):
            if server.state == "Up" and server.address:
                return Machine(server.name, server.address, "management")
        return None
    host = cloud.hosts.get(host_id)
    return Machine(host.name, host.address) if host and host.address else None


def targets(cloud: Cloud) -> Iterator[Target]:
    """Yield every target of the Cloud; machines that are not running have none."""
    for host in cloud.hosts.values():
        if host.type == "Routing" and HOST_WAYS.get(host.hypervisor) == "host" and host.state != "Removed":
            yield HostTarget(host, cloud.zone_name(host.zone_id), Machine(host.name, host.address))
    for router in cloud.routers.values():
        if router.state in VISITED:
            yield RouterTarget(
                router, cloud.zone_name(router.zone_id), way_to(cloud, router.host_id, router.hypervisor)
            )
    for vm in cloud.system_vms.values():
        if vm.kind == "consoleproxy" and vm.state in VISITED:
            zone = cloud.zone_name(vm.zone_id)
            yield ConsoleProxyTarget(vm, zone, way_to(cloud, vm.host_id, vm.hypervisor))
            yield ConsoleEndpoint(vm, zone, console_address(cloud, vm), possible_hostnames(cloud, vm))
    yield from _management_servers(cloud)
    yield DatabaseTarget()


def _management_servers(cloud: Cloud) -> Iterator[ManagementServerTarget]:
    """Yield those that are not Down: a server that was taken out of service is listed so for ever."""
    for server in cloud.management_servers.values():
        if server.state != "Down":
            machine = Machine(server.name, server.address, "management") if server.address else None
            yield ManagementServerTarget(server, machine)


def key(target: Target) -> tuple[str, str]:
    """Return what identifies a target while it lives: its kind, and its zone and name; never shown to people.

    CloudStack names system VMs itself; hosts bring their own names, and two may bring the same.
    """
    own = ""
    if isinstance(target, HostTarget):
        own = f"/{target.host.id}"
    elif isinstance(target, ManagementServerTarget):
        own = f"/{target.server.id}"
    return (target.kind, f"{target.zone}/{target.name}{own}")
