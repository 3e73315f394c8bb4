"""The Cloud: one immutable picture of what should exist, swapped whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeVar

from exporter.cloud.networks import (
    DedicatedRange,
    Network,
    NetworkOffering,
    PhysicalNetwork,
    PrivateGateway,
    ServiceProvider,
    StorageRange,
    TrafficType,
    VlanRange,
)
from exporter.cloud.objects import (
    AgentLoss,
    Cluster,
    Host,
    Instance,
    ManagementServer,
    NvpDevice,
    Pod,
    Router,
    SystemVm,
    Zone,
)
from exporter.cloud.placement import Placed
from exporter.cloud.storage import ImageStore, Template, joined
from exporter.model import Failure

V = TypeVar("V")
EMPTY: Mapping[str, str] = MappingProxyType({})
NO_TEMPLATES: Mapping[str, Template] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloud:
    """Everything the API told in one complete refresh; maps are keyed by CloudStack id.

    Attributes:
        asked: boot-clock time when this refresh began.
        finished: boot-clock time when it was complete.
        at: unix time when it was complete.
        expires: boot-clock time after which it says nothing about the present any more.
        generation: counts complete refreshes, from 1.
        lacks: API commands that could not be read, with the reason; what they list is empty here.
        settings: global configuration values by name; per zone in ``zone_settings[zone id]``.
        agent_losses: host id -> when its agent was lost within the last hour, as far as the Clouds before this one have
            seen it, oldest first; hosts that lost none are left out.
        physical_by_network: network id -> the one physical network that its address ranges lie on; networks whose
            ranges lie on several are left out.
        hosts_by_zone: zone id -> its hosts of every type, by name.
        hosts_by_address: (zone id, address) -> the hypervisor host there.
        templates: by template id and zone id; the zone id is empty where the copy is in a store of the whole region.
    """

    asked: float = 0.0
    finished: float = 0.0
    at: float = 0.0
    expires: float = 0.0
    generation: int = 0
    zones: Mapping[str, Zone] = field(default_factory=dict)
    pods: Mapping[str, Pod] = field(default_factory=dict)
    clusters: Mapping[str, Cluster] = field(default_factory=dict)
    hosts: Mapping[str, Host] = field(default_factory=dict)
    physical_networks: Mapping[str, PhysicalNetwork] = field(default_factory=dict)
    traffic_types: Mapping[str, TrafficType] = field(default_factory=dict)
    providers: Mapping[str, ServiceProvider] = field(default_factory=dict)
    vlan_ranges: Mapping[str, VlanRange] = field(default_factory=dict)
    storage_ranges: Mapping[str, StorageRange] = field(default_factory=dict)
    dedicated_ranges: Mapping[str, DedicatedRange] = field(default_factory=dict)
    private_gateways: Mapping[str, PrivateGateway] = field(default_factory=dict)
    offerings: Mapping[str, NetworkOffering] = field(default_factory=dict)
    networks: Mapping[str, Network] = field(default_factory=dict)
    instances: Mapping[str, Instance] = field(default_factory=dict)
    routers: Mapping[str, Router] = field(default_factory=dict)
    system_vms: Mapping[str, SystemVm] = field(default_factory=dict)
    image_stores: Mapping[str, ImageStore] = field(default_factory=dict)
    templates: Mapping[tuple[str, str], Template] = field(default_factory=dict)
    management_servers: Mapping[str, ManagementServer] = field(default_factory=dict)
    nvp_devices: Mapping[str, NvpDevice] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    zone_settings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    lacks: Mapping[str, Failure] = field(default_factory=dict)
    agent_losses: Mapping[str, tuple[AgentLoss, ...]] = field(default_factory=dict)  # host id
    instances_by_network: Mapping[str, tuple[Instance, ...]] = field(default_factory=dict)  # network id
    placed_by_host: Mapping[str, tuple[Placed, ...]] = field(default_factory=dict)  # host id
    physical_by_network: Mapping[str, str] = field(init=False, repr=False, compare=False)
    hosts_by_zone: Mapping[str, tuple[Host, ...]] = field(init=False, repr=False, compare=False)
    hosts_by_address: Mapping[tuple[str, str], Host] = field(init=False, repr=False, compare=False)
    _templates: Mapping[str, Mapping[str, Template]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Derive once what judges would look for again and again."""
        found: dict[str, set[str]] = {}
        for one in self.vlan_ranges.values():
            if one.network_id and one.physical_network_id:
                found.setdefault(one.network_id, set()).add(one.physical_network_id)
        certain = {network: next(iter(ids)) for network, ids in found.items() if len(ids) == 1}
        object.__setattr__(self, "physical_by_network", MappingProxyType(certain))
        object.__setattr__(self, "hosts_by_zone", MappingProxyType(_by_zone(self.hosts.values())))
        addresses = {(one.zone_id, one.address): one for one in self.hosts.values() if one.type == "Routing"}
        object.__setattr__(self, "hosts_by_address", MappingProxyType(addresses))
        object.__setattr__(self, "_templates", _templates_by_zone(self.templates.values(), self.zones))

    def setting(self, name: str, zone_id: str = "") -> str | None:
        """Return the value that holds in the zone, else the global one, else None when neither was told."""
        zone = self.zone_settings.get(zone_id, EMPTY)
        return zone[name] if name in zone else self.settings.get(name)

    def templates_of(self, zone_id: str) -> Mapping[str, Template]:
        """Return the templates of a zone by id, in the order of their names; what is in the whole region is in each.

        Of one that has copies in both, the ready one counts.
        """
        return self._templates.get(zone_id) or self._templates.get("", NO_TEMPLATES)

    def zone_name(self, zone_id: str) -> str:
        """Return the zone's name, or its id when the zone is not known."""
        zone = self.zones.get(zone_id)
        return zone.name if zone else zone_id

    def console_proxies(self, zone_id: str) -> tuple[SystemVm, ...]:
        """Return the console proxies of a zone in any state."""
        return tuple(vm for vm in self.system_vms.values() if vm.kind == "consoleproxy" and vm.zone_id == zone_id)


def _by_zone(hosts: Iterable[Host]) -> Mapping[str, tuple[Host, ...]]:
    """Return the hosts of each zone by name, so that a judge of a zone does not go through those of all."""
    found: dict[str, list[Host]] = {}
    for host in sorted(hosts, key=lambda host: (host.name, host.id)):
        found.setdefault(host.zone_id, []).append(host)
    return {zone_id: tuple(ordered) for zone_id, ordered in found.items()}


def _templates_by_zone(templates: Iterable[Template], zones: Iterable[str]) -> Mapping[str, Mapping[str, Template]]:
    """Return by zone id the templates there, by id; those of the whole region in each zone, and under no zone too."""
    ordered = sorted(templates, key=lambda one: (one.name, one.id))
    found: dict[str, dict[str, Template]] = {zone_id: {} for zone_id in ("", *zones)}
    found |= {one.zone_id: {} for one in ordered}
    for one in ordered:
        for there in [found[one.zone_id]] if one.zone_id else found.values():
            there[one.id] = joined(there[one.id], one) if one.id in there else one
    return MappingProxyType({zone_id: MappingProxyType(there) for zone_id, there in found.items()})
