"""What CloudStack says of networks: one frozen class per kind of object, with the fields we judge.

Ids are CloudStack's uuids. An absent value is an empty string or None, as the comment says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, ip_address


@dataclass(frozen=True, slots=True)
class PhysicalNetwork:
    """Source: listPhysicalNetworks."""

    id: str
    name: str
    zone_id: str
    enabled: bool
    isolation_methods: tuple[str, ...] = ()
    vlan_ranges: tuple[tuple[int, int], ...] = ()
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TrafficType:
    """Source: listTrafficTypes per physical network. ``labels`` maps kvm|xen|vmware|hyperv|ovm3 to the label."""

    id: str
    physical_network_id: str
    name: str  # Public | Guest | Storage | Management | Control
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ServiceProvider:
    """Source: listNetworkServiceProviders."""

    id: str
    name: str  # VirtualRouter, VpcVirtualRouter, SecurityGroupProvider, ...
    physical_network_id: str
    state: str  # Enabled | Disabled | Shutdown


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkOffering:
    """Source: listNetworkOfferings. Without ``zone_ids`` it is for all zones."""

    id: str
    name: str
    state: str  # Enabled | Disabled | Inactive
    traffic_type: str = "Guest"
    guest_type: str = ""  # Isolated | Shared | L2
    tags: tuple[str, ...] = ()
    specifies_vlan: bool = False
    services: frozenset[str] = frozenset()
    zone_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PrivateGateway:
    """A gateway of a VPC into a network that listNetworks does not show. Source: listPrivateGateways."""

    id: str
    zone_id: str
    vpc_id: str
    vlan: str  # vlan://3000, or 3000
    physical_network_id: str


@dataclass(frozen=True, slots=True)
class StorageRange:
    """An address range of storage traffic. Source: listStorageNetworkIpRange."""

    id: str
    zone_id: str
    network_id: str
    vlan: int | None  # None: untagged


@dataclass(frozen=True, slots=True)
class DedicatedRange:
    """Guest VLANs that only one account may use. Source: listDedicatedGuestVlanRanges per physical network."""

    id: str
    physical_network_id: str
    vlan_ranges: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VlanRange:
    """An address range on a VLAN. Source: listVlanIpRanges."""

    id: str
    zone_id: str
    vlan: str  # as stored: vlan://100, vlan://untagged, ...
    is_public: bool
    start: str = ""
    end: str = ""
    network_id: str = ""
    physical_network_id: str = ""
    gateway: str = ""
    netmask: str = ""
    for_system_vms: bool = False

    @property
    def addresses(self) -> range:
        """Return the IPv4 addresses of the range as integers; empty when it has none or is not readable."""
        try:
            start, end = ip_address(self.start), ip_address(self.end or self.start)
        except ValueError:
            return range(0)
        if not (isinstance(start, IPv4Address) and isinstance(end, IPv4Address)):
            return range(0)
        return range(int(start), int(end) + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A guest network. ``services`` maps a service name to its providers. Source: listNetworks."""

    id: str
    name: str
    zone_id: str
    type: str  # Isolated | Shared | L2
    state: str
    traffic_type: str = "Guest"
    vpc_id: str = ""
    vlan: str = ""
    gateway: str = ""
    cidr: str = ""
    domain: str = ""  # network domain of its VMs
    physical_network_id: str = ""
    offering_id: str = ""
    specifies_vlan: bool = False  # the VLAN was chosen by hand; shared and L2 networks mostly
    related: str = ""  # while it is migrated: id of its copy; of the copy: the original's
    services: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def served_by_router(self, service: str) -> bool:
        """Return whether a virtual router provides ``service`` (Dhcp, Dns, UserData, ...)."""
        return bool(self.services.get(service, frozenset()) & {"VirtualRouter", "VpcVirtualRouter"})
