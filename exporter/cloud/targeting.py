"""Which targets a Cloud has, and what each of them is told to look at. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Network

from exporter.cloud.cloud import Cloud
from exporter.cloud.consoles import ConsoleAddress, console_address, possible_hostnames
from exporter.cloud.objects import Host, ManagementServer, SystemVm
from exporter.cloud.storage import ImageStore, Place, is_dialled
from exporter.cloud.targets import (
    ConsoleEndpoint,
    ConsoleProxyTarget,
    DatabaseTarget,
    HostEndpoint,
    HostTarget,
    Machine,
    ManagementServerTarget,
    RouterTarget,
    SecondaryStorageVmTarget,
    Target,
    TemplateDirectoryTarget,
    XenHostTarget,
)
from exporter.cloud.wanted import missed, wanted_templates

HOST_WAYS = {"KVM": "host", "XenServer": "host", "VMware": "management", "Hyperv": "management"}
"""Hypervisor -> which machine holds the way to a system VM: its host, or a management server."""

VISITED = ("Running", "Migrating")
"""States in which a router or system VM is visited; one that migrates keeps its memory and its last verdicts."""


DIALLED = ("KVM", "XenServer", "VMware")
"""Hypervisors of which the management side dials hosts."""
NEIGHBOURS = 2
"""Hosts of its cluster that each host dials: the next ones by id, in a ring, so that the whole costs O(hosts)."""
PEERS = 8
"""Management servers that each of them dials."""
MOST_HOSTS = 256
"""Hosts whose screens one console proxy dials, all at once and by two processes; 5 KiB of words, 16 of answers."""
MOUNTED = "nfs"
"""Protocol of the image stores that hosts mount themselves; others are the secondary storage VM's affair."""
MOST_PLACES = 8
"""Image stores, and places of downloads, that one machine dials."""


def way_to(cloud: Cloud, host_id: str, hypervisor: str) -> Machine | None:
    """Return the machine through which a system VM on ``host_id`` is reached, or None when there is none."""
    if HOST_WAYS.get(hypervisor) == "management":
        for server in sorted(cloud.management_servers.values(), key=lambda server: server.name):
            if server.state == "Up" and server.address:
                return Machine(server.name, server.address, "management")
        return None
    host = cloud.hosts.get(host_id)
    return Machine(host.name, host.address) if host and host.address else None


def targets(cloud: Cloud) -> Iterator[Target]:
    """Yield every target of the Cloud; machines that are not running have none."""
    yield from _hosts(cloud)
    for router in cloud.routers.values():
        if router.state in VISITED:
            way = way_to(cloud, router.host_id, router.hypervisor)
            yield RouterTarget(router, cloud.zone_name(router.zone_id), way)
    busy = _busy_hosts(cloud)
    for vm in cloud.system_vms.values():
        if vm.state in VISITED:
            yield from _system_vm(cloud, vm, busy.get(vm.zone_id, ()))
    yield from _management_servers(cloud)
    yield DatabaseTarget()
    yield TemplateDirectoryTarget()


def _management_servers(cloud: Cloud) -> Iterator[ManagementServerTarget]:
    """Yield the management servers; one that was taken out of service is listed as Down for ever."""
    for server in cloud.management_servers.values():
        if server.state != "Down":
            machine = Machine(server.name, server.address, "management") if server.address else None
            yield ManagementServerTarget(server, machine, tuple(one.address for one in peers_of(cloud, server)))


def peers_of(cloud: Cloud, server: ManagementServer) -> Sequence[ManagementServer]:
    """Return the management servers that are Up and which another one dials: the next ones by id, in a ring."""
    others = [one for one in cloud.management_servers.values() if one.id != server.id and one.state == "Up"]
    others.sort(key=lambda one: (one.id < server.id, one.id))
    return others[:PEERS]


def _hosts(cloud: Cloud) -> Iterator[HostTarget | XenHostTarget | HostEndpoint]:
    """Yield the hypervisor hosts that can be asked, and their ports."""
    around = _neighbours(cloud)
    stores = {zone_id: _stores(cloud, zone_id, MOUNTED) for zone_id in cloud.zones}
    for host in cloud.hosts.values():
        if host.type != "Routing" or host.state == "Removed" or _is_put_aside(host):
            continue
        zone = cloud.zone_name(host.zone_id)
        machine = Machine(host.name, host.address)
        if host.hypervisor == "KVM":
            yield HostTarget(host, zone, machine, around.get(host.id, ()), stores.get(host.zone_id, ()))
        elif host.hypervisor == "XenServer":
            yield XenHostTarget(host, zone, machine)
        if host.address and host.hypervisor in DIALLED:
            yield HostEndpoint(host, zone)


def _neighbours(cloud: Cloud) -> Mapping[str, tuple[str, ...]]:
    """Return by host id the addresses of the next hosts of its cluster that are Up and enabled."""
    clusters: defaultdict[str, list[Host]] = defaultdict(list)
    for host in cloud.hosts.values():
        if host.type == "Routing" and host.hypervisor == "KVM" and host.address and _is_up(host):
            clusters[host.cluster_id].append(host)
    found: dict[str, tuple[str, ...]] = {}
    for hosts in clusters.values():
        hosts.sort(key=lambda host: host.id)
        for number, host in enumerate(hosts):
            ring = (*hosts[number + 1 :], *hosts[:number])[:NEIGHBOURS]
            found[host.id] = tuple(one.address for one in ring)
    return found


def _is_put_aside(host: Host) -> bool:
    """Return whether a host is held back on purpose and may be switched off: that nobody answers there is no blindness.

    It is still the way to what runs there by CloudStack's word.
    """
    return host.resource_state != "Enabled" and host.state != "Up"


def _is_up(host: Host) -> bool:
    return host.state == "Up" and host.resource_state == "Enabled"


def _stores(cloud: Cloud, zone_id: str, *protocols: str) -> tuple[Place, ...]:
    """Return where the image stores of a zone are dialled; of these protocols alone, if any are given."""
    return _all_stores(cloud, zone_id, *protocols)[:MOST_PLACES]


def _all_stores(cloud: Cloud, zone_id: str, *protocols: str) -> tuple[Place, ...]:
    chosen = (store.place for store in image_stores(cloud, zone_id, *protocols))
    return tuple(sorted({place for place in chosen if place}, key=lambda place: place.word))


def image_stores(cloud: Cloud, zone_id: str, *protocols: str) -> tuple[ImageStore, ...]:
    """Return the image stores of a zone and those of the region; of these protocols alone, if any are given."""
    stores = (store for store in cloud.image_stores.values() if store.zone_id in ("", zone_id))
    return tuple(store for store in stores if not protocols or store.protocol.lower() in protocols)


def not_dialled(cloud: Cloud, zone_id: str, *protocols: str) -> tuple[ImageStore, ...]:
    """Return the image stores that are not dialled: their URL names no host that a machine can be told, or too many."""
    dialled = _stores(cloud, zone_id, *protocols)
    return tuple(store for store in image_stores(cloud, zone_id, *protocols) if store.place not in dialled)


def _busy_hosts(cloud: Cloud) -> Mapping[str, Sequence[str]]:
    """Return by zone id the addresses of hosts on which instances run, in the order of their ids.

    Ids are random, so the first ones are of all clusters, and stay the first while hosts come and go.

    Of KVM alone: screens of XenServer are fetched from its API by https, and its firewall rejects the others' port.
    """
    busy = {instance.host_id for instance in cloud.instances.values() if instance.is_running}
    found: defaultdict[str, list[str]] = defaultdict(list)
    for host_id in sorted(busy & cloud.hosts.keys()):
        host = cloud.hosts[host_id]
        if host.address and host.hypervisor == "KVM" and _is_up(host):
            found[host.zone_id].append(host.address)
    return found


def _system_vm(cloud: Cloud, vm: SystemVm, busy: Sequence[str]) -> Iterator[Target]:
    """Yield what is visited of a running system VM."""
    zone, way = cloud.zone_name(vm.zone_id), way_to(cloud, vm.host_id, vm.hypervisor)
    if vm.kind == "consoleproxy":
        console = console_address(cloud, vm)
        hosts, name = tuple(busy[:MOST_HOSTS]), _name_needed(cloud, vm.zone_id, console)
        yield ConsoleProxyTarget(vm, zone, way, hosts, name, len(busy) - len(hosts))
        yield ConsoleEndpoint(vm, zone, console, possible_hostnames(cloud, vm))
    elif vm.kind == "secondarystoragevm":
        consoles = [console_address(cloud, one) for one in cloud.console_proxies(vm.zone_id) if one.state in VISITED]
        stores, sites = _stores(cloud, vm.zone_id), _sites(cloud, vm.zone_id)
        name = _name_needed(cloud, vm.zone_id, *consoles)
        yield SecondaryStorageVmTarget(vm, zone, way, stores, sites, _internal(cloud, vm.zone_id), name)


def _name_needed(cloud: Cloud, zone_id: str, *consoles: ConsoleAddress) -> str:
    """Return a name that people or machines of a zone need: of an image store, else of its consoles, else nothing.

    Stores first: their names are in the operator's own domain, which the zone's internal name servers answer for.
    """
    names = [place.host for place in _all_stores(cloud, zone_id) if not re.fullmatch(r"[\d.]+", place.host)]
    names += [one.hostname for one in consoles if one.rule != "address" and is_dialled(one.hostname)]
    return next(iter(names), "")


def _sites(cloud: Cloud, zone_id: str) -> tuple[Place, ...]:
    """Return where the templates of a zone that are not ready are downloaded from; what is never, is left out.

    First what others than an owner miss, then the newest: dead private templates stay for years, and would take every
    place.
    """
    waiting = [one for one in wanted_templates(cloud, zone_id) if one.place and not one.is_ready]
    common = missed(cloud, waiting)
    waiting.sort(key=lambda one: (one.id not in common, -(one.created or 0.0), one.url))
    return tuple(dict.fromkeys(one.place for one in waiting if one.place))[:MOST_PLACES]


def _internal(cloud: Cloud, zone_id: str) -> tuple[str, ...]:
    """Return the first address of each network that the secondary storage VM must reach by its private NIC."""
    found = []
    for word in (cloud.setting("secstorage.allowed.internal.sites", zone_id) or "").split(","):
        try:
            network = IPv4Network(word.strip(), strict=False)
        except ValueError:
            continue  # what is no network is told by another check
        found.append(str(next(iter(network.hosts()), network.network_address)))
    return tuple(found[:MOST_PLACES])
