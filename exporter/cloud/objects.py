"""What CloudStack says of zones, hosts and machines: one frozen class per kind of object, with the fields we judge.

Ids are CloudStack's uuids. An absent value is an empty string or None, as the comment says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Zone:
    """Source: listZones."""

    id: str
    name: str
    network_type: str  # Basic | Advanced
    security_groups: bool
    enabled: bool
    type: str = ""  # Core | Edge, empty before 4.18


@dataclass(frozen=True, slots=True)
class Pod:
    """Source: listPods."""

    id: str
    name: str
    zone_id: str
    gateway: str = ""
    netmask: str = ""
    vlan_ids: tuple[str, ...] = ()
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Cluster:
    """Source: listClusters."""

    id: str
    name: str
    zone_id: str
    pod_id: str
    hypervisor: str  # as shown: KVM, XenServer, VMware, Hyperv, ...
    enabled: bool
    managed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """Source: listHosts, every type."""

    id: str
    name: str
    type: str  # Routing, ConsoleProxy, SecondaryStorageVM, SecondaryStorage, ...
    state: str
    resource_state: str
    address: str
    zone_id: str
    pod_id: str = ""
    cluster_id: str = ""
    hypervisor: str = ""
    version: str = ""
    management_server: str = ""
    created: float | None = None  # unix time
    disconnected: float | None = None  # unix time when its agent was last lost; stays after it has come back

    @property
    def in_maintenance(self) -> bool:
        """Return whether the host is in, entering or stuck before maintenance."""
        return "maintenance" in self.resource_state.lower()


@dataclass(frozen=True, slots=True)
class AgentLoss:
    """One time that CloudStack lost the agent of a host. Source: ``disconnected`` of listHosts, as it changes."""

    date: float  # unix time, by CloudStack's clock
    moment: float  # boot-clock time, by ours


@dataclass(frozen=True, slots=True, kw_only=True)
class Nic:
    """A NIC of a VM, router or system VM. Source: nic[] of listVirtualMachines and listRouters."""

    network_id: str
    traffic_type: str  # Guest | Public | Control | Management | Storage
    address: str = ""  # IPv4, empty when none
    mac: str = ""
    gateway: str = ""  # on a router of a VPC tier or redundant pair: the shared virtual gateway
    netmask: str = ""
    broadcast_uri: str = ""
    is_default: bool = False
    id: str = ""
    device_id: str = ""
    secondary: tuple[str, ...] = ()  # further IPv4 addresses that the machine may use
    addresses6: tuple[str, ...] = ()  # all IPv6 addresses that CloudStack gave to it, in their shortest spelling


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """A user's virtual machine. Source: listVirtualMachines, also of projects."""

    id: str
    name: str
    state: str
    zone_id: str
    host_id: str = ""
    instance_name: str = ""
    template_id: str = ""  # of an ISO, where it was installed from one
    iso_id: str = ""  # of the ISO in its drive
    os_name: str = ""
    hypervisor: str = ""
    password_enabled: bool = False
    created: float | None = None
    nics: tuple[Nic, ...] = ()

    @property
    def is_running(self) -> bool:
        """Return whether CloudStack says Running."""
        return self.state == "Running"


@dataclass(frozen=True, slots=True)
class HealthResult:
    """One stored router health check. ``ok`` is None when CloudStack does not say."""

    name: str
    kind: str  # basic | advanced
    ok: bool | None
    status: str  # SUCCESS | FAILED | WARNING | UNKNOWN, empty before 4.22
    details: str
    updated: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Router:
    """A virtual router of a network or VPC. Source: listRouters with stored health results."""

    id: str
    name: str
    state: str
    zone_id: str
    role: str = "VIRTUAL_ROUTER"
    host_id: str = ""
    host_name: str = ""
    hypervisor: str = ""
    control_address: str = ""  # link-local on KVM and Xen, private on VMware and Hyper-V
    vpc_id: str = ""
    network_id: str = ""
    is_redundant: bool = False
    redundant_state: str = ""  # PRIMARY (older: MASTER, given here as PRIMARY) | BACKUP | FAULT | UNKNOWN
    requires_upgrade: bool = False
    version: str = ""
    scripts_version: str = ""
    template_name: str = ""
    health_failed: bool | None = None  # CloudStack's own summary; wrong in 4.22
    health: tuple[HealthResult, ...] = ()
    created: float | None = None
    nics: tuple[Nic, ...] = ()

    @property
    def is_running(self) -> bool:
        """Return whether CloudStack says Running."""
        return self.state == "Running"

    @property
    def guest_nics(self) -> tuple[Nic, ...]:
        """Return the NICs towards guests; a VPC router has one per tier."""
        return tuple(nic for nic in self.nics if nic.traffic_type == "Guest" and nic.address)


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemVm:
    """A console proxy or secondary storage VM. Source: listSystemVms."""

    id: str
    name: str
    kind: str  # consoleproxy | secondarystoragevm
    state: str
    agent_state: str  # empty: never registered, or a version without the field
    zone_id: str
    host_id: str = ""
    host_name: str = ""
    hypervisor: str = ""
    public_address: str = ""
    private_address: str = ""
    control_address: str = ""
    macs: Mapping[str, str] = field(default_factory=dict, hash=False)  # Public, Management, Control -> MAC
    version: str = ""
    template_name: str = ""
    sessions: int | None = None  # console proxies only
    created: float | None = None
    disconnected: float | None = None

    @property
    def is_running(self) -> bool:
        """Return whether CloudStack says Running."""
        return self.state == "Running"

    @property
    def is_usable(self) -> bool:
        """Return whether it runs and its agent is Up."""
        return self.is_running and self.agent_state == "Up"


@dataclass(frozen=True, slots=True)
class ManagementServer:
    """Source: listManagementServers."""

    id: str
    name: str
    state: str
    address: str
    version: str = ""


@dataclass(frozen=True, slots=True)
class NvpDevice:
    """A Nicira NVP (NSX) controller. Source: listNiciraNvpDevices; its state is that of a host of type L2Networking."""

    id: str
    name: str
    physical_network_id: str
    address: str
