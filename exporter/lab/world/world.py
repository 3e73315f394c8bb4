"""What the lab's cloud is made of: plain mutable records, built anew for every set of faults.

A fault changes these records and nothing else; the API rows, the file trees of the machines and the
daemons are all made from them, so that every wire tells the same story.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from exporter.lab.database.record import Database
from exporter.lab.images import Image
from exporter.lab.world.condition import Condition
from exporter.lab.world.management import ManagementServer
from exporter.lab.world.places import (
    Era,
    Host,
    Instance,
    Network,
    Nic,
    NvpController,
    Offering,
    PhysicalNetwork,
    Ports,
    XenHost,
    Zone,
    identity,
)
from exporter.lab.world.system_vms import Console, SystemVm
from exporter.lab.world.templates import LabTemplate

__all__ = [
    "Condition",
    "Console",
    "Era",
    "Health",
    "Host",
    "Instance",
    "Live",
    "ManagementServer",
    "MetadataEntry",
    "MetadataService",
    "Network",
    "Nic",
    "NvpController",
    "Offering",
    "PasswordService",
    "PhysicalNetwork",
    "Ports",
    "Router",
    "SystemVm",
    "World",
    "XenHost",
    "Zone",
    "identity",
]


@dataclass(slots=True, eq=False)
class PasswordService:
    """The password service at one guest address of a router.

    ``state``: up | dead (its unit or loop is gone) | silent (process there, accepts, never answers) |
    taken (another program has the port) | failed (restart limit of the unit reached) | status_line (the script
    of the 4.5/4.6 line that refuses every request).
    """

    listen: str
    state: str = "up"
    pending: dict[str, int] = field(default_factory=dict)  # instance address -> seconds since it was saved
    firewall: bool = True


@dataclass(slots=True, eq=False)
class MetadataEntry:
    """What a router keeps for one address; ``vm_id`` empty when the file is missing."""

    address: str
    vm_id: str
    hostname: str
    user_data: bool = False
    public_key: bool = False
    htaccess: bool = True


@dataclass(slots=True, eq=False)
class MetadataService:
    """The web server of a router.

    ``state``: up | down | silent | broken (500 below /latest/).
    ``rules``: up | missing | empty, the rewrite rules in latest/.htaccess.
    """

    state: str = "up"
    rules: str = "up"
    hidden_vhosts: set[str] = field(default_factory=set)  # addresses whose vhost file is gone
    unfilled_vhosts: set[str] = field(default_factory=set)  # addresses whose placeholders were never replaced
    entries: dict[str, MetadataEntry] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Health:
    """One stored health check result of a router."""

    name: str
    kind: str = "basic"
    ok: bool = True
    details: str = "service is running"
    age: float = 120.0  # seconds since it was updated


@dataclass(slots=True, eq=False)
class Router:
    """A virtual router, as CloudStack sees it and as it is inside.

    ``ssh``: up | unreachable (no answer on its control address) | refused | hangs | garbage.
    ``answers_as`` is the name it has inside, when that is another one.
    """

    number: int
    zone: Zone
    host: Host
    era: Era
    control: str
    nics: list[Nic]
    networks: list[Network]
    vpc: str = ""
    project: str = ""
    redundant: bool = False
    redundant_state: str = "UNKNOWN"
    inside_state: str = ""  # what checkrouter.sh says, when it differs
    state: str = "Running"
    requires_upgrade: bool = False
    health: list[Health] = field(default_factory=list)
    health_summary: bool | None = None  # healthchecksfailed, when it does not follow from the results
    enum_health: bool = False  # results as 4.22 gives them
    routed: bool = False  # nft instead of iptables
    created: float = 0.0
    uptime: int = 40 * 86400
    ssh: str = "up"
    answers_as: str = ""
    passwords: list[PasswordService] = field(default_factory=list)
    stale: dict[str, int] = field(default_factory=dict)  # passwords that a backup router holds: address -> age
    web: MetadataService = field(default_factory=MetadataService)
    names: list[tuple[str, str]] = field(default_factory=list)  # /etc/hosts: address and names
    dns: str = "up"  # up | down
    silent: set[str] = field(default_factory=set)  # addresses that do not answer to its ARP requests
    heard: dict[str, str] = field(default_factory=dict)  # address -> MAC that answers for it, when another one
    unheard: set[str] = field(default_factory=set)  # addresses whose guests never asked it, and are not heard
    unread: set[str] = field(default_factory=set)  # addresses whose guests never asked its web server
    forgotten: set[str] = field(default_factory=set)  # addresses that its DHCP server does not know
    untaken: dict[str, int] = field(default_factory=dict)  # address -> DHCP offers that its guest did not take
    condition: Condition = field(default_factory=Condition)
    model: str = ""  # name of the machine whose answers it gives, when it has no tree of its own

    @property
    def id(self) -> str:
        """Return the router's uuid."""
        return identity("router", self.number)

    @property
    def name(self) -> str:
        """Return the router's name."""
        return f"r-{self.number}-VM"

    @property
    def answers(self) -> str:
        """Return the name of the machine that answers for it: its own, or its model's."""
        return self.model or self.name

    @property
    def kind(self) -> str:
        """Return the type in its boot arguments."""
        return "vpcrouter" if self.vpc else "router"

    @property
    def role(self) -> str:
        """Return what checkrouter.sh prints."""
        return self.inside_state or self.redundant_state

    @property
    def guest_nics(self) -> list[Nic]:
        """Return its NICs towards guests."""
        return [nic for nic in self.nics if nic.kind == "Guest"]


def _offerings() -> list[Offering]:
    """Return one offering for each kind of network, and one that wants a tag."""
    return [
        Offering("isolated"),
        Offering("isolated-tagged", tags="guests"),
        Offering("shared", "Shared", services=("Dhcp", "Dns", "UserData", "SecurityGroup")),
        Offering("l2", "L2", services=()),
    ]


@dataclass(slots=True, eq=False)
class World:
    """The whole lab cloud at one moment.

    ``start`` is unix time when the lab began, which dates everything; ``now`` moves on.
    ``api`` holds the faults of the API server by name (see api.py); ``api_is_down``: nobody listens there.
    ``console_names`` overrides the browsers' name server: name -> address, empty for no such name.
    """

    ports: Ports
    start: float
    now: float
    zones: list[Zone] = field(default_factory=list)
    hosts: list[Host] = field(default_factory=list)
    xen_hosts: list[XenHost] = field(default_factory=list)
    networks: list[Network] = field(default_factory=list)
    private_gateways: list[Network] = field(default_factory=list)  # of VPCs; listNetworks does not show them
    offerings: list[Offering] = field(default_factory=_offerings)
    instances: list[Instance] = field(default_factory=list)
    routers: list[Router] = field(default_factory=list)
    models: list[Router] = field(default_factory=list)
    host_models: list[World] = field(default_factory=list)  # each a hidden host and what is on it
    system_vms: list[SystemVm] = field(default_factory=list)
    nvp: list[NvpController] = field(default_factory=list)
    management_servers: list[ManagementServer] = field(default_factory=list)
    database: Database = field(default_factory=Database)
    templates: dict[str, LabTemplate] = field(default_factory=dict)  # by name
    members: dict[str, list[Instance]] = field(default_factory=dict)  # network id -> its instances
    settings: dict[str, str] = field(default_factory=dict)
    zone_settings: dict[str, dict[str, str]] = field(default_factory=dict)
    images: dict[str, Image] = field(default_factory=dict)  # file name -> what is in it
    console_names: dict[str, str] = field(default_factory=dict)
    resolver: str = "up"  # up | silent
    api: dict[str, object] = field(default_factory=dict)
    api_is_down: bool = False

    def router(self, number: int) -> Router:
        """Return the router with this number."""
        return next(router for router in self.routers if router.number == number)

    def system_vm(self, number: int) -> SystemVm:
        """Return the system VM with this number."""
        return next(vm for vm in self.system_vms if vm.number == number)

    def management_server(self, number: int) -> ManagementServer:
        """Return the management server with this number."""
        return next(server for server in self.management_servers if server.number == number)

    def serves_tls(self, vm: SystemVm) -> bool:
        """Return whether the web server of a console proxy has TLS: as the settings of its zone say, or its own."""
        if vm.console.tls is not None:
            return vm.console.tls
        settings = self.zone_settings[vm.zone.id]
        return settings["consoleproxy.sslEnabled"] == "true" and bool(settings["consoleproxy.url.domain"])

    def on_host(self, host: Host) -> list[Router]:
        """Return the running routers on a host that have a tree of their own."""
        return [one for one in self.routers if one.host is host and one.state == "Running" and not one.model]

    def served(self, router: Router) -> list[Instance]:
        """Return the instances in the networks of a router."""
        return [instance for network in router.networks for instance in self.members.get(network.id, [])]


class Live:
    """The world of this moment, for servers that outlive a change of faults."""

    def __init__(self, world: World) -> None:
        self.show(world)

    def show(self, world: World) -> None:
        """Take another world."""
        self.world = world
        self._routers = {router.answers: router for router in (*world.routers, *world.models)}

    def router(self, name: str) -> Router:
        """Return the router that answers as the machine ``name``."""
        return self._routers[name]
