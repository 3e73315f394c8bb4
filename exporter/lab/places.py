"""The places and owners of the lab's cloud: ports, zones, hosts, guest networks, NICs, instances."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Literal

from exporter.lab.hypervisor import Hypervisor

Era = Literal["A", "B", "C"]
NAMESPACE = uuid.UUID("6f1b7c1e-5a57-4c2e-9d55-1ab0c1ab0c1a")


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
    model: str = ""  # name of the machine that answers for it, when it has no tree of its own
    hypervisor: Hypervisor = field(default_factory=Hypervisor)  # empty on a host that another one answers for

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
