"""One refresh: everything the API tells, made into one immutable Cloud."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Protocol, TypeVar

from exporter.clock import Clock
from exporter.cloud.cloud import Cloud
from exporter.cloud.networks import DedicatedRange, TrafficType
from exporter.cloud.objects import Host, Instance, NvpDevice, Router, SystemVm, Zone
from exporter.cloud.placement import placed
from exporter.cloud.storage import Template
from exporter.inventory import copies, infrastructure, machines, range_rows, rows, storage_rows
from exporter.inventory.agent_losses import agent_losses
from exporter.inventory.reading import Reading, made, together, unhurried
from exporter.inventory.settings import read_settings
from exporter.inventory.uploads import with_uploads
from exporter.model import SourceError
from exporter.sources.cloudstack import CloudStack


class Identified(Protocol):
    """What has CloudStack's id."""

    @property
    def id(self) -> str:
        """Return the id."""


T = TypeVar("T", bound=Identified)
K = TypeVar("K")
V = TypeVar("V")


async def refresh(
    api: CloudStack, clock: Clock, generation: int, lifetime: float, former: Cloud | None = None
) -> Cloud:
    """Return the Cloud as CloudStack shows it now; it expires ``lifetime`` seconds after this call.

    Commands that this version or the role lacks are in its ``lacks``. From the ``former`` Cloud it takes over when
    agents were lost and what was uploaded, and nothing else. Raises SourceError when zones cannot be read or anything
    fails on the way, so that half a Cloud is never taken for a whole one.
    """
    asked, began = clock.boot(), clock.unix()
    reading = Reading(api)
    await reading.discover()
    zones = await read_zones(reading)
    async with together() as group:
        pods = group.create_task(reading.list("listPods", rows.PodRow))
        clusters = group.create_task(reading.list("listClusters", rows.ClusterRow))
        hosts = group.create_task(read_hosts(reading))
        physical = group.create_task(reading.list("listPhysicalNetworks", rows.PhysicalNetworkRow))
        traffic_types = group.create_task(read_traffic_types(reading, physical))
        dedicated = group.create_task(read_dedicated(reading, physical))
        providers = group.create_task(reading.list("listNetworkServiceProviders", rows.NetworkProviderRow))
        devices = group.create_task(read_nvp_devices(reading, providers))
        storage = group.create_task(reading.list("listStorageNetworkIpRange", range_rows.StorageRangeRow))
        offerings = group.create_task(reading.list("listNetworkOfferings", rows.NetworkOfferingRow))
        ranges = group.create_task(reading.list("listVlanIpRanges", range_rows.VlanRangeRow))
        gateways = group.create_task(reading.list("listPrivateGateways", range_rows.PrivateGatewayRow))
        networks = group.create_task(reading.list("listNetworks", rows.NetworkRow))
        instances = group.create_task(read_instances(reading))
        routers = group.create_task(read_routers(reading))
        system_vms = group.create_task(read_system_vms(reading, hosts))
        stores = group.create_task(reading.list("listImageStores", storage_rows.ImageStoreRow))
        templates = group.create_task(read_templates(reading))
        servers = group.create_task(reading.list("listManagementServers", rows.ManagementServerRow))
        settings = group.create_task(read_settings(reading, zones))
    values, zone_values = settings.result()
    known = by_id(await made(ranges.result(), infrastructure.vlan_range))
    known_pods = by_id(map(infrastructure.pod, pods.result()))
    return Cloud(
        asked=asked,
        expires=asked + lifetime,
        generation=generation,
        zones=zones,
        pods=known_pods,
        clusters=by_id(infrastructure.clusters_apart([*map(infrastructure.cluster, clusters.result())], known_pods)),
        hosts=by_id(hosts.result()),
        physical_networks=by_id(map(infrastructure.physical_network, physical.result())),
        traffic_types=by_id(traffic_types.result()),
        providers=by_id(map(infrastructure.provider, providers.result())),
        storage_ranges=by_id(map(infrastructure.storage_range, storage.result())),
        dedicated_ranges=by_id(dedicated.result()),
        private_gateways=by_id(map(infrastructure.private_gateway, gateways.result())),
        offerings=by_id(map(infrastructure.offering, offerings.result())),
        vlan_ranges=known,
        networks=by_id(await made(networks.result(), machines.network)),
        instances=by_id(instances.result()),
        routers=by_id(routers.result()),
        system_vms=by_id(system_vms.result()),
        image_stores=by_id(map(infrastructure.image_store, stores.result())),
        templates=with_uploads(templates.result(), former),
        management_servers=by_id(
            infrastructure.servers_apart([infrastructure.management_server(row) for row in servers.result()])
        ),
        nvp_devices=by_id(devices.result()),
        settings=MappingProxyType(dict(values)),
        zone_settings=fixed({zone_id: fixed(told) for zone_id, told in zone_values.items()}),
        lacks=fixed(reading.lacks),
        agent_losses=agent_losses(hosts.result(), former, asked, began),
        instances_by_network=await by_network(instances.result()),
        placed_by_host=placed(instances.result(), routers.result(), system_vms.result(), known.values()),
        finished=clock.boot(),
        at=clock.unix(),
    )


def fixed(mapping: Mapping[K, V]) -> Mapping[K, V]:
    """Return a view that cannot be changed."""
    return MappingProxyType(dict(mapping))


def by_id(objects: Iterable[T]) -> Mapping[str, T]:
    """Return the objects by CloudStack's id."""
    return MappingProxyType({thing.id: thing for thing in objects})


async def read_zones(reading: Reading) -> Mapping[str, Zone]:
    """Return the zones by id. Raises SourceError when they cannot be read."""
    zones = by_id(map(infrastructure.zone, await reading.list("listZones", rows.ZoneRow)))
    if "listZones" in reading.lacks:
        raise SourceError(reading.lacks["listZones"].reason, reading.lacks["listZones"].detail)
    return zones


async def read_hosts(reading: Reading) -> Sequence[Host]:
    """Return hosts of every type; ``details=min`` because the default computes each host's capacity."""
    told = await made(await reading.list("listHosts", rows.HostRow, details="min"), infrastructure.host)
    return infrastructure.told_apart(told)


async def read_traffic_types(
    reading: Reading, physical: asyncio.Task[Iterable[rows.PhysicalNetworkRow]]
) -> list[TrafficType]:
    """Return the traffic types; they are only listed per physical network."""
    ids = [network.id for network in await physical]
    answers = await reading.each(
        [reading.list("listTrafficTypes", rows.TrafficTypeRow, physicalnetworkid=network) for network in ids]
    )
    return [
        infrastructure.traffic_type(row, network) for network, told in zip(ids, answers, strict=True) for row in told
    ]


async def read_dedicated(
    reading: Reading, physical: asyncio.Task[Iterable[rows.PhysicalNetworkRow]]
) -> list[DedicatedRange]:
    """Return the guest VLANs that are kept for one account, asked per physical network."""
    command = "listDedicatedGuestVlanRanges"
    ids = [network.id for network in await physical]
    answers = await reading.each(
        [reading.list(command, range_rows.DedicatedRangeRow, physicalnetworkid=network) for network in ids]
    )
    pairs = zip(ids, answers, strict=True)
    return [infrastructure.dedicated_range(row, network) for network, told in pairs for row in told]


async def read_nvp_devices(
    reading: Reading, providers: asyncio.Task[Sequence[rows.NetworkProviderRow]]
) -> list[NvpDevice]:
    """Return the Nicira NVP controllers, asked per physical network that has them as a provider: few clouds do."""
    ids = [one.physicalnetworkid for one in await providers if one.name == "NiciraNvp"]
    answers = await reading.each(
        [reading.list("listNiciraNvpDevices", rows.NvpDeviceRow, physicalnetworkid=network) for network in ids]
    )
    return [infrastructure.nvp_device(row) for told in answers for row in told]


async def read_instances(reading: Reading) -> Sequence[Instance]:
    """Return the users' virtual machines with NICs, template and ISO, without statistics, which are slow.

    CloudStack leaves out templateid and passwordenabled without tmpl, and isoid without iso.
    """
    told = await reading.list("listVirtualMachines", rows.InstanceRow, details="min,nics,tmpl,iso")
    return await made(told, machines.instance)


async def read_routers(reading: Reading) -> Sequence[Router]:
    """Return the routers; with the stored results of their health checks since 4.14, never with fresh ones."""
    stored = {"fetchhealthcheckresults": "true"} if reading.takes("listRouters", "fetchhealthcheckresults") else {}
    return await made(await reading.list("listRouters", rows.RouterRow, **stored), machines.router)


async def read_system_vms(reading: Reading, hosts: asyncio.Task[Sequence[Host]]) -> list[SystemVm]:
    """Return the system VMs; old versions show the state of their agents only in listHosts."""
    told = await reading.list("listSystemVms", rows.SystemVmRow)
    agents = {host.name: host.state for host in await hosts if host.type in ("ConsoleProxy", "SecondaryStorageVM")}
    return [machines.system_vm(row, agents) for row in told]


async def read_templates(reading: Reading) -> Mapping[tuple[str, str], Template]:
    """Return the templates by id and zone."""
    told = await reading.list("listTemplates", storage_rows.TemplateRow, whole, templatefilter="all")
    return MappingProxyType(copies.templates(await made(told, machines.template)))


def whole(row: storage_rows.TemplateRow) -> storage_rows.TemplateRow:
    """Return the row itself: rows that differ in anything are different rows."""
    return row


async def by_network(instances: Iterable[Instance]) -> Mapping[str, tuple[Instance, ...]]:
    """Return the instances of each network, by network id."""
    found: defaultdict[str, list[Instance]] = defaultdict(list)
    async for instance in unhurried(instances):
        for network_id in dict.fromkeys(nic.network_id for nic in instance.nics):
            found[network_id].append(instance)
    return MappingProxyType({network_id: tuple(members) for network_id, members in found.items()})
