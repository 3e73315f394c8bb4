"""The places and owners of the lab's cloud: ports, zones, hosts, guest networks, NICs, instances."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from functools import lru_cache
from typing import ClassVar, Literal

from exporter.lab.world.hypervisor import Hypervisor
from exporter.lab.world.xen import Dom0

Era = Literal["A", "B", "C"]
NAMESPACE = uuid.UUID("6f1b7c1e-5a57-4c2e-9d55-1ab0c1ab0c1a")
PUBLIC_VLAN, STORAGE_VLAN = 90, 60
"""VLANs of the routers' public range, and of storage traffic; both below the range of guests."""
FIRST_VLAN, LAST_VLAN = 100, 3999
"""The range of guest VLANs of every physical network."""


@lru_cache(20_000)
def identity(*words: object) -> str:
    """Return the uuid that the lab always gives to the object named by ``words``."""
    return str(uuid.uuid5(NAMESPACE, "/".join(str(word) for word in words)))


@dataclass(slots=True, eq=False)
class Ports:
    """Every port the lab listens on, or that its machines name; none needs a privilege."""

    claim: int  # bound and never listened on, so that two labs take different blocks
    api: int
    control: int
    resolver: int
    ssh: int
    cluster: int
    console_http: int
    console_https: int
    console_vnc: int
    console_vnc_tls: int
    password: int
    metadata: int
    dns: int
    database: int
    libvirt: int
    libvirt_tls: int
    migration: int
    hypervisor_https: int
    vnc: int
    nfs: int

    @classmethod
    def block(cls, base: int) -> Ports:
        """Return the ports that start at ``base``."""
        return cls(*range(base, base + len(cls.__slots__)))


def _labels() -> dict[str, str]:
    return {"Management": "cloudbr0", "Public": "cloudbr0", "Guest": "cloudbr1"}


def _providers() -> dict[str, str]:
    return dict.fromkeys(("VirtualRouter", "VpcVirtualRouter", "ConfigDrive"), "Enabled")


@dataclass(slots=True, eq=False)
class PhysicalNetwork:
    """A physical network as CloudStack has it: its traffic types with KVM labels (empty: not set), its providers.

    ``dedicated`` are ranges of its VLANs that only one account may use.
    """

    name: str
    traffic: list[tuple[str, str]]
    vlan: str = f"{FIRST_VLAN}-{LAST_VLAN}"
    tags: str = "guests"
    state: str = "Enabled"
    isolation: str = "VLAN"
    providers: dict[str, str] = field(default_factory=_providers)
    dedicated: list[str] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Offering:
    """A network offering; ``services`` without those that only the lab's networks have."""

    name: str
    kind: str = "Isolated"
    tags: str = ""
    state: str = "Enabled"
    services: tuple[str, ...] = ("Dhcp", "Dns", "UserData", "SourceNat", "Firewall")


@dataclass(slots=True, eq=False)
class Zone:
    """A zone with its console proxy settings as CloudStack stores them.

    ``labels``: traffic type -> the bridge that its hosts have for it; ``management_vlan``: of the pod's range,
    None for untagged; ``backend``: native | openvswitch, of its hosts; ``physical``: what CloudStack has, first
    the one that the lab's networks are in; ``public_vlan``: of the range of routers; ``store_answers``: up | refused |
    silent | dropped, the port of its image store.
    """

    name: str
    public_prefix: str  # of the addresses that console proxies get, "127.2.0."
    console_domain: str = ""
    console_tls: bool = True
    labels: dict[str, str] = field(default_factory=_labels)
    management_vlan: int | None = None
    security_groups: bool = False
    backend: str = "native"
    public_vlan: int = PUBLIC_VLAN
    store: str = "127.4.0.60"  # address of its image store
    store_answers: str = "up"
    physical: list[PhysicalNetwork] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Make the physical network, named after the zone."""
        self.physical.append(PhysicalNetwork(self.name, list(self.labels.items())))
        if self.security_groups:
            self.physical[0].providers["SecurityGroupProvider"] = "Enabled"

    @property
    def id(self) -> str:
        """Return the zone's uuid."""
        return identity("zone", self.name)


@dataclass(slots=True, eq=False)
class Host:
    """A KVM host; ``ssh`` says how its SSH server behaves."""

    kind: ClassVar[str] = "KVM"
    name: str
    zone: Zone
    cluster: str
    address: str
    state: str = "Up"
    resource_state: str = "Enabled"
    version: str = ""  # of its agent, when not that of the management servers
    disconnected: float = 40 * 86400.0  # seconds before the start at which its agent was last lost
    loses_agent: bool = False  # and gets it back, between any two answers of listHosts
    ssh: str = "up"  # up | refused | silent | new_key | floods | disconnects | garbage
    wrapper: str = "current"  # current | missing | old
    model: str = ""  # name of the machine that answers for it, when it has no tree of its own
    hypervisor: Hypervisor = field(default_factory=Hypervisor)  # empty on a host that another one answers for

    @property
    def id(self) -> str:
        """Return the host's uuid."""
        return identity("host", self.name)

    @property
    def number(self) -> int:
        """Return the number in its name, of which its MACs are made."""
        return int(self.name.rpartition("-")[2])


@dataclass(slots=True, eq=False)
class XenHost:
    """A XenServer host; a management server speaks for it, so it has no agent that could be lost or old."""

    kind: ClassVar[str] = "XenServer"
    name: str
    zone: Zone
    cluster: str
    address: str
    state: str = "Up"
    resource_state: str = "Enabled"
    ssh: str = "up"  # up | refused | silent
    wrapper: str = "current"  # current | missing | old
    dom0: Dom0 = field(default_factory=Dom0)

    @property
    def id(self) -> str:
        """Return the host's uuid."""
        return identity("host", self.name)

    @property
    def number(self) -> int:
        """Return the number in its name, which decides which management server speaks for it."""
        return int(self.name.rpartition("-")[2])


@dataclass(slots=True, eq=False)
class NvpController:
    """A Nicira NVP controller of a zone's first physical network; ``is_asked``: listHosts has its row."""

    zone: Zone
    address: str
    state: str = "Up"
    is_asked: bool = True


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
    kind: str = "Isolated"  # Isolated | Shared | L2, which has no services
    security_groups: bool = False
    vlan: int = 0
    is_untagged: bool = False
    is_released: bool = False  # CloudStack has put it down, as if its last machine had stopped

    def __post_init__(self) -> None:
        """Choose the VLAN by the number, unless one was given."""
        self.vlan = self.vlan or FIRST_VLAN + self.number % (LAST_VLAN + 1 - FIRST_VLAN)

    @property
    def id(self) -> str:
        """Return the network's uuid."""
        return identity("network", self.number)

    @property
    def tag(self) -> str:
        """Return what CloudStack calls the VLAN."""
        return "untagged" if self.is_untagged else str(self.vlan)

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
    host: Host | XenHost
    network: Network
    nic: Nic
    template: str
    state: str = "Running"
    created: float = 0.0

    @property
    def id(self) -> str:
        """Return the instance's uuid."""
        return identity("instance", self.number)

    @property
    def kvm(self) -> Host:
        """Return its host where that is one of KVM.

        Raises:
            TypeError: it is none.
        """
        if isinstance(self.host, XenHost):
            raise TypeError(self.host.name)
        return self.host

    @property
    def domain(self) -> str:
        """Return its name on the hypervisor."""
        return f"i-2-{self.number}-VM"
