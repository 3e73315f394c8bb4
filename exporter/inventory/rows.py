"""Rows of the API as CloudStack writes them, only the fields that we use; absent ones have a default.

They hold tuples and are no business of the garbage collector (``gc=False``): a refresh of a large cloud makes 100,000
of them, which it would stop the event loop to look at. Source: org.apache.cloudstack.api.response.
"""

from __future__ import annotations

from msgspec import Struct, field


class ZoneRow(Struct, frozen=True, gc=False):
    """Source: listZones."""

    id: str
    name: str
    networktype: str = ""
    securitygroupsenabled: bool = False
    allocationstate: str = ""
    type: str = ""


class PodRow(Struct, frozen=True, gc=False):
    """Source: listPods."""

    id: str
    name: str
    zoneid: str = ""
    gateway: str = ""
    netmask: str = ""
    allocationstate: str = ""
    vlanid: tuple[str, ...] | str = ""  # one text in old versions


class ClusterRow(Struct, frozen=True, gc=False):
    """Source: listClusters."""

    id: str
    name: str
    zoneid: str = ""
    podid: str = ""
    hypervisortype: str = ""
    allocationstate: str = ""
    managedstate: str = ""


class HostRow(Struct, frozen=True, gc=False):
    """Source: listHosts, every type."""

    id: str
    name: str
    type: str = ""
    state: str = ""
    resourcestate: str = ""
    ipaddress: str = ""
    zoneid: str = ""
    podid: str = ""
    clusterid: str = ""
    hypervisor: str = ""
    version: str = ""
    managementserverid: str = ""
    created: str = ""
    disconnected: str = ""


class PhysicalNetworkRow(Struct, frozen=True, gc=False):
    """Source: listPhysicalNetworks."""

    id: str
    name: str
    zoneid: str = ""
    state: str = ""
    isolationmethods: str = ""
    vlan: str = ""
    tags: str = ""


class TrafficTypeRow(Struct, frozen=True, gc=False):
    """Source: listTrafficTypes."""

    id: str
    traffictype: str
    physicalnetworkid: str = ""
    kvmnetworklabel: str = ""
    xennetworklabel: str = ""
    vmwarenetworklabel: str = ""
    hypervnetworklabel: str = ""
    ovm3networklabel: str = ""


class NetworkProviderRow(Struct, frozen=True, gc=False):
    """Source: listNetworkServiceProviders."""

    id: str
    name: str = ""
    physicalnetworkid: str = ""
    state: str = ""


class ProviderRow(Struct, frozen=True, gc=False):
    """A provider of a service."""

    name: str = ""


class ServiceRow(Struct, frozen=True, gc=False):
    """A service of a network."""

    name: str = ""
    provider: tuple[ProviderRow, ...] = ()


class NetworkOfferingRow(Struct, frozen=True, gc=False):
    """Source: listNetworkOfferings."""

    id: str
    name: str = ""
    state: str = ""
    traffictype: str = "Guest"
    guestiptype: str = ""
    tags: str = ""
    specifyvlan: bool = False
    service: tuple[ServiceRow, ...] = ()
    zoneid: str = ""  # of several zones, with commas between


class NetworkRow(Struct, frozen=True, gc=False):
    """Source: listNetworks."""

    id: str
    name: str = ""
    zoneid: str = ""
    type: str = ""
    state: str = ""
    traffictype: str = "Guest"
    vpcid: str = ""
    vlan: str = ""
    gateway: str = ""
    cidr: str = ""
    networkdomain: str = ""
    physicalnetworkid: str = ""
    networkofferingid: str = ""
    specifyvlan: bool = False
    related: str = ""  # its own id, but for a network that is migrated
    service: tuple[ServiceRow, ...] = ()


class SecondaryRow(Struct, frozen=True, gc=False):
    """A further address of a NIC."""

    ipaddress: str = ""


class NicRow(Struct, frozen=True, gc=False):
    """Source: nic[] of listVirtualMachines and listRouters."""

    networkid: str = ""
    traffictype: str = ""
    ipaddress: str = ""
    ip6address: str = ""
    macaddress: str = ""
    gateway: str = ""
    netmask: str = ""
    broadcasturi: str = ""
    isdefault: bool = False
    id: str = ""
    deviceid: str = ""
    secondaryip: tuple[SecondaryRow, ...] = ()


class InstanceRow(Struct, frozen=True, gc=False):
    """Source: listVirtualMachines."""

    id: str
    name: str = ""
    state: str = ""
    zoneid: str = ""
    hostid: str = ""
    instancename: str = ""
    templateid: str = ""
    isoid: str = ""
    osdisplayname: str = ""
    hypervisor: str = ""
    passwordenabled: bool = False
    created: str = ""
    nic: tuple[NicRow, ...] = ()


class HealthRow(Struct, frozen=True, gc=False):
    """Source: healthcheckresults[] of listRouters."""

    checkname: str = ""
    checktype: str = ""
    success: bool | None = None
    status: str = ""
    details: str = ""
    lastupdated: str = ""


class RouterRow(Struct, frozen=True, gc=False):
    """Source: listRouters."""

    id: str
    name: str
    state: str = ""
    zoneid: str = ""
    role: str = "VIRTUAL_ROUTER"
    hostid: str = ""
    hostname: str = ""
    hypervisor: str = ""
    linklocalip: str = ""
    vpcid: str = ""
    guestnetworkid: str = ""
    isredundantrouter: bool = False
    redundantstate: str = ""
    requiresupgrade: bool = False
    version: str = ""
    scriptsversion: str = ""
    templatename: str = ""
    healthchecksfailed: bool | None = None
    healthcheckresults: tuple[HealthRow, ...] = ()
    created: str = ""
    nic: tuple[NicRow, ...] = ()


class SystemVmRow(Struct, frozen=True, gc=False):
    """Source: listSystemVms."""

    id: str
    name: str
    systemvmtype: str = ""
    state: str = ""
    agentstate: str = ""
    zoneid: str = ""
    hostid: str = ""
    hostname: str = ""
    hypervisor: str = ""
    publicip: str = ""
    privateip: str = ""
    linklocalip: str = ""
    publicmacaddress: str = ""
    privatemacaddress: str = ""
    linklocalmacaddress: str = ""
    version: str = ""
    templatename: str = ""
    activeviewersessions: int | None = None
    created: str = ""
    disconnected: str = ""


class ManagementServerRow(Struct, frozen=True, gc=False):
    """Source: listManagementServers."""

    id: str
    name: str = ""
    state: str = ""
    ipaddress: str = ""
    serviceip: str = ""
    version: str = ""


class SettingRow(Struct, frozen=True, gc=False):
    """Source: listConfigurations; it has no id, the name is one."""

    id: str = field(name="name")
    value: str = ""
    scope: str = ""


class NvpDeviceRow(Struct, frozen=True, gc=False):
    """Source: listNiciraNvpDevices."""

    id: str = field(name="nvpdeviceid")
    niciradevicename: str = ""
    hostname: str = ""
    physicalnetworkid: str = ""
