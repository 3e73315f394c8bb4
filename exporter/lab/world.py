"""What the lab's cloud is made of: plain mutable records, built anew for every set of faults.

A fault changes these records and nothing else; the API rows, the file trees of the machines and the
daemons are all made from them, so that every wire tells the same story.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Literal

Era = Literal["A", "B", "C"]
NAMESPACE = uuid.UUID("6f1b7c1e-5a57-4c2e-9d55-1ab0c1ab0c1a")


def identity(*words: object) -> str:
    """Return the uuid that the lab always gives to the object named by ``words``."""
    return str(uuid.uuid5(NAMESPACE, "/".join(str(word) for word in words)))


@dataclass(slots=True, eq=False)
class Ports:
    """Every port the lab listens on, or that its machines name; none needs a privilege."""

    api: int
    control: int
    resolver: int
    ssh: int
    system_vm_ssh: int
    agent: int
    console_http: int
    console_https: int
    console_vnc: int
    console_vnc_tls: int
    password: int
    metadata: int
    dns: int

    @classmethod
    def block(cls, base: int) -> Ports:
        """Return the ports that start at ``base``."""
        return cls(*range(base, base + len(cls.__slots__)))


@dataclass(slots=True, eq=False)
class Zone:
    """A zone with its console proxy settings as CloudStack stores them."""

    name: str
    public_prefix: str  # of the addresses that console proxies get, "127.2.0."
    console_domain: str = ""
    console_tls: bool = True

    @property
    def id(self) -> str:
        """Return the zone's uuid."""
        return identity("zone", self.name)


@dataclass(slots=True, eq=False)
class Host:
    """A KVM host; ``ssh`` says how its SSH server behaves."""

    name: str
    zone: Zone
    cluster: str
    address: str
    state: str = "Up"
    resource_state: str = "Enabled"
    ssh: str = "up"  # up | refused | silent | new_key | floods | disconnects | garbage
    wrapper: str = "current"  # current | missing | old

    @property
    def id(self) -> str:
        """Return the host's uuid."""
        return identity("host", self.name)


@dataclass(slots=True, eq=False)
class Network:
    """A guest network, or a tier of a VPC."""

    number: int
    name: str
    zone: Zone
    prefix: str  # "127.16.1."
    vpc: str = ""
    project: str = ""
    provider: str = "VirtualRouter"
    userdata: str = ""  # provider of UserData, if another one
    redundant: bool = False

    @property
    def id(self) -> str:
        """Return the network's uuid."""
        return identity("network", self.number)

    @property
    def gateway(self) -> str:
        """Return the gateway address."""
        return f"{self.prefix}1"

    @property
    def domain(self) -> str:
        """Return the network domain."""
        return f"net{self.number}.lab.internal"


@dataclass(slots=True, eq=False)
class Nic:
    """A NIC of a router or instance."""

    kind: str  # Guest | Public | Control
    address: str
    mac: str
    gateway: str = ""
    network: Network | None = None
    device: str = "eth0"
    netmask: str = "255.255.255.0"
    default: bool = True


@dataclass(slots=True, eq=False)
class Instance:
    """A virtual machine of a user."""

    number: int
    name: str
    host: Host
    network: Network
    nic: Nic
    template: str
    state: str = "Running"
    created: float = 0.0

    @property
    def id(self) -> str:
        """Return the instance's uuid."""
        return identity("instance", self.number)


@dataclass(slots=True, eq=False)
class PasswordService:
    """The password service at one guest address of a router.

    ``state``: up | dead (its unit or loop is gone) | silent (process there, accepts, never answers) |
    taken (another program has the port) | failed (restart limit of the unit reached) | stray (answers
    as something else).
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


@dataclass(slots=True, eq=False)
class Console:
    """What a console proxy serves to browsers.

    ``certificate``: names a certificate of the lab (see certificates.py).
    ``page``: HTTP status of the noVNC page, or ``silent``.
    """

    certificate: str = "wildcard"
    page: str = "200"
    web: bool = True  # the HTTP(S) port is open
    vnc: bool = True  # the websocket port is open
    vnc_tls: bool = True  # fixed when it was created


@dataclass(slots=True, eq=False)
class SystemVm:
    """A console proxy or secondary storage VM."""

    number: int
    zone: Zone
    host: Host
    kind: str  # consoleproxy | secondarystoragevm
    public: str
    private: str
    control: str
    state: str = "Running"
    agent_state: str = "Up"
    sessions: int = 3
    created: float = 0.0
    uptime: int = 30 * 86400
    session: bool = True  # its agent holds a connection to the management server
    agent: bool = True  # its Java process runs
    ssh: str = "up"
    answers_as: str = ""
    console: Console = field(default_factory=Console)

    @property
    def id(self) -> str:
        """Return the system VM's uuid."""
        return identity("systemvm", self.number)

    @property
    def name(self) -> str:
        """Return the system VM's name."""
        return f"{'v' if self.kind == 'consoleproxy' else 's'}-{self.number}-VM"


@dataclass(slots=True, eq=False)
class World:
    """The whole lab cloud at one moment.

    ``start`` is unix time when the lab began, which dates everything; ``now`` moves on.
    ``api``: up | hangs | refuses | html | truncated | down | drips | throttles | boots | forbidden.
    ``dns``: overrides of the browsers' name server, name -> address, empty address for no such name.
    """

    ports: Ports
    start: float
    now: float
    zones: list[Zone] = field(default_factory=list)
    hosts: list[Host] = field(default_factory=list)
    networks: list[Network] = field(default_factory=list)
    instances: list[Instance] = field(default_factory=list)
    routers: list[Router] = field(default_factory=list)
    models: list[Router] = field(default_factory=list)
    system_vms: list[SystemVm] = field(default_factory=list)
    templates: dict[str, bool] = field(default_factory=dict)  # name -> password-enabled
    members: dict[str, list[Instance]] = field(default_factory=dict)  # network id -> its instances
    settings: dict[str, str] = field(default_factory=dict)
    zone_settings: dict[str, dict[str, str]] = field(default_factory=dict)
    console_names: dict[str, str] = field(default_factory=dict)
    resolver: str = "up"  # up | silent
    api: str = "up"

    def router(self, number: int) -> Router:
        """Return the router with this number."""
        return next(router for router in self.routers if router.number == number)

    def system_vm(self, number: int) -> SystemVm:
        """Return the system VM with this number."""
        return next(vm for vm in self.system_vms if vm.number == number)

    def served(self, router: Router) -> list[Instance]:
        """Return the instances in the networks of a router."""
        return [instance for network in router.networks for instance in self.members.get(network.id, [])]
