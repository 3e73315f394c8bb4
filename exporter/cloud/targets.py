"""Targets: the things a visit goes to. Plain data; ``targeting`` makes them from the Cloud."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from exporter.cloud.consoles import ConsoleAddress
from exporter.cloud.objects import Host, ManagementServer, Router, SystemVm
from exporter.cloud.storage import Place


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
    """A KVM host that is visited itself.

    ``neighbours`` are the addresses of the next hosts of its cluster, ``stores`` the image stores that it mounts.
    """

    kind: ClassVar[str] = "host"
    subject: ClassVar[str] = "host"  # the label that names the object for people
    host: Host
    zone: str
    via: Machine | None
    neighbours: tuple[str, ...] = ()
    stores: tuple[Place, ...] = ()

    @property
    def name(self) -> str:
        """Return the host's name."""
        return self.host.name

    @property
    def home(self) -> str:
        """Return the unit of sharding: the cluster."""
        return self.host.cluster_id


@dataclass(frozen=True, slots=True)
class XenHostTarget:
    """A host of XenServer or XCP-ng, which CloudStack calls XenServer too; its dom0 is visited."""

    kind: ClassVar[str] = "xen_host"
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
    """A running console proxy, visited inside, through the machine that has a way to it.

    ``hosts`` are addresses of hosts of its zone that run machines, whose screens it must reach, and ``left_out`` how
    many more there are; ``looks_up`` is a name of its zone that its name servers are asked for, or empty.
    """

    kind: ClassVar[str] = "console_proxy"
    subject: ClassVar[str] = "console_proxy"  # the label that names the object for people
    vm: SystemVm
    zone: str
    via: Machine | None
    hosts: tuple[str, ...] = ()
    looks_up: str = ""
    left_out: int = 0

    @property
    def name(self) -> str:
        """Return the system VM's name, v-<n>-VM."""
        return self.vm.name

    @property
    def address(self) -> str:
        """Return its control address; on VMware and Hyper-V the private one."""
        return _inner_address(self.vm, self.via)

    @property
    def home(self) -> str:
        """Return the unit of sharding: the zone."""
        return self.vm.zone_id


@dataclass(frozen=True, slots=True)
class SecondaryStorageVmTarget:
    """A running secondary storage VM, visited inside, through the machine that has a way to it.

    ``stores`` are the image stores of its zone, ``sites`` where templates that are not ready come from, ``internal``
    the networks of secstorage.allowed.internal.sites, which it must reach by its private NIC; ``looks_up`` as above.
    """

    kind: ClassVar[str] = "secondary_storage_vm"
    subject: ClassVar[str] = "secondary_storage_vm"  # the label that names the object for people
    vm: SystemVm
    zone: str
    via: Machine | None
    stores: tuple[Place, ...] = ()
    sites: tuple[Place, ...] = ()
    internal: tuple[str, ...] = ()
    looks_up: str = ""

    @property
    def name(self) -> str:
        """Return the system VM's name, s-<n>-VM."""
        return self.vm.name

    @property
    def address(self) -> str:
        """Return its control address; on VMware and Hyper-V the private one."""
        return _inner_address(self.vm, self.via)

    @property
    def home(self) -> str:
        """Return the unit of sharding: the zone."""
        return self.vm.zone_id


@dataclass(frozen=True, slots=True)
class HostEndpoint:
    """The ports of a hypervisor host that the management side dials, from the exporter's vantage."""

    kind: ClassVar[str] = "host_endpoint"
    subject: ClassVar[str] = "host"  # the label that names the object for people
    host: Host
    zone: str

    @property
    def name(self) -> str:
        """Return the host's name."""
        return self.host.name

    @property
    def home(self) -> str:
        """Return the unit of sharding: the cluster."""
        return self.host.cluster_id

    @property
    def via(self) -> None:
        """Return None: the exporter dials by itself."""


@dataclass(frozen=True, slots=True)
class TemplateDirectoryTarget:
    """The directory of template images that the configuration names."""

    kind: ClassVar[str] = "template_directory"
    subject: ClassVar[str] = "template_directory"  # the label that names the object for people
    zone: ClassVar[str] = ""  # of no zone
    name: ClassVar[str] = "images"
    home: ClassVar[str] = "template_directory"
    via: ClassVar[None] = None


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
    """A management server that is visited itself.

    ``peers`` are the addresses of others that are Up, which it must reach.
    """

    kind: ClassVar[str] = "management_server"
    subject: ClassVar[str] = "management_server"  # the label that names the object for people
    zone: ClassVar[str] = ""  # it serves all of them
    server: ManagementServer
    via: Machine | None
    peers: tuple[str, ...] = ()

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


Target = (
    HostTarget
    | XenHostTarget
    | HostEndpoint
    | RouterTarget
    | ConsoleProxyTarget
    | ConsoleEndpoint
    | SecondaryStorageVmTarget
    | ManagementServerTarget
    | DatabaseTarget
    | TemplateDirectoryTarget
)
TARGET_TYPES: tuple[type[Target], ...] = (
    HostTarget, XenHostTarget, HostEndpoint, RouterTarget, ConsoleProxyTarget, ConsoleEndpoint,
    SecondaryStorageVmTarget, ManagementServerTarget, DatabaseTarget, TemplateDirectoryTarget,
)  # fmt: skip


def _inner_address(vm: SystemVm, via: Machine | None) -> str:
    """Return where a system VM is reached through a machine."""
    return vm.control_address if via is None or via.role == "host" else vm.private_address


def key(target: Target) -> tuple[str, str]:
    """Return what identifies a target while it lives: its kind, and its zone and name; never shown to people.

    CloudStack names system VMs itself; hosts bring their own names, and two may bring the same.
    """
    own = ""
    if isinstance(target, HostTarget | XenHostTarget | HostEndpoint):
        own = f"/{target.host.id}"
    elif isinstance(target, ManagementServerTarget):
        own = f"/{target.server.id}"
    return (target.kind, f"{target.zone}/{target.name}{own}")
