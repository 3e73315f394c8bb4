"""Groups: what judgments that compare, or that need only the Cloud, are made about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from exporter.cloud.cloud import Cloud
from exporter.cloud.objects import Cluster, Router
from exporter.cloud.routers import guest_networks
from exporter.cloud.targets import (
    DatabaseTarget,
    HostEndpoint,
    HostTarget,
    ManagementServerTarget,
    RouterTarget,
    Target,
    XenHostTarget,
)

GONE = frozenset({"Destroyed", "Expunging"})
"""States of a router that is no more; it may still be listed for a while."""


@dataclass(frozen=True, slots=True)
class ZoneGroup:
    """A zone; its members are all targets in it, and those that serve every zone: management servers, the database."""

    kind: ClassVar[str] = "zone"
    id: str
    zone: str

    @property
    def name(self) -> str:
        """Return the zone's name."""
        return self.zone

    @property
    def home(self) -> str:
        """Return the unit of sharding."""
        return self.id


@dataclass(frozen=True, slots=True)
class ClusterGroup:
    """A cluster of hypervisor hosts that are visited or dialled; its members are those hosts, and their ports."""

    kind: ClassVar[str] = "cluster"
    zone: str
    cluster: Cluster

    @property
    def name(self) -> str:
        """Return the cluster's name."""
        return self.cluster.name

    @property
    def home(self) -> str:
        """Return the unit of sharding: itself."""
        return self.cluster.id


@dataclass(frozen=True, slots=True)
class RouterPair:
    """The redundant routers of one network or VPC, in any state but those of a router that is no more."""

    kind: ClassVar[str] = "router_pair"
    home: str  # network or VPC id
    zone: str
    routers: tuple[Router, ...]

    @property
    def name(self) -> str:
        """Return the routers' names, which identify the pair for people."""
        return "+".join(router.name for router in self.routers)


@dataclass(frozen=True, slots=True)
class KnownRouter:
    """A router in any state, as CloudStack knows it; no target is a member.

    Attributes:
        peers: the other routers of its networks: of a pair, or of the pods of a shared network.
    """

    kind: ClassVar[str] = "known_router"
    zone: str
    router: Router
    peers: tuple[Router, ...] = ()

    @property
    def name(self) -> str:
        """Return the router's name."""
        return self.router.name

    @property
    def home(self) -> str:
        """Return the unit of sharding: its VPC or network."""
        return self.router.vpc_id or self.router.network_id


@dataclass(frozen=True, slots=True)
class ManagementServers:
    """All management servers of the cloud; its members are those that are visited, and the database they share."""

    kind: ClassVar[str] = "management_servers"
    zone: ClassVar[str] = ""  # they serve all of them
    name: ClassVar[str] = "management servers"
    home: ClassVar[str] = ManagementServerTarget.kind


Group = ZoneGroup | ClusterGroup | RouterPair | KnownRouter | ManagementServers


class Membership:
    """Which groups a target belongs to, found without trying them all."""

    def __init__(self, found: Iterable[Group]) -> None:
        self._zones: dict[str, ZoneGroup] = {}
        self._clusters: dict[str, ClusterGroup] = {}
        self._pairs: dict[tuple[str, str], RouterPair] = {}
        self._servers: tuple[ManagementServers, ...] = ()
        for group in found:
            if isinstance(group, ZoneGroup):
                self._zones[group.zone] = group
            elif isinstance(group, ClusterGroup):
                self._clusters[group.cluster.id] = group
            elif isinstance(group, RouterPair):
                self._pairs.update({(group.zone, router.name): group for router in group.routers})
            elif isinstance(group, ManagementServers):
                self._servers = (group,)

    def of(self, target: Target) -> Iterator[Group]:
        """Yield the groups that ``target`` is a member of."""
        if target.zone in self._zones:
            yield self._zones[target.zone]
        if isinstance(target, DatabaseTarget | ManagementServerTarget):
            yield from self._zones.values()
        if isinstance(target, HostTarget | XenHostTarget | HostEndpoint) and target.host.cluster_id in self._clusters:
            yield self._clusters[target.host.cluster_id]
        if isinstance(target, RouterTarget) and (target.zone, target.name) in self._pairs:
            yield self._pairs[target.zone, target.name]
        if isinstance(target, ManagementServerTarget | DatabaseTarget):
            yield from self._servers


def groups(cloud: Cloud) -> Iterator[Group]:
    """Yield every group of the Cloud."""
    for zone in cloud.zones.values():
        yield ZoneGroup(zone.id, zone.name)
    for cluster in cloud.clusters.values():
        yield ClusterGroup(cloud.zone_name(cluster.zone_id), cluster)
    pairs: defaultdict[str, list[Router]] = defaultdict(list)
    for router in cloud.routers.values():
        if router.is_redundant and router.state not in GONE and (router.vpc_id or router.network_id):
            pairs[router.vpc_id or router.network_id].append(router)
    for home, routers in pairs.items():
        ordered = tuple(sorted(routers, key=lambda router: router.name))
        yield RouterPair(home, cloud.zone_name(ordered[0].zone_id), ordered)
    yield from _known_routers(cloud)
    if cloud.management_servers:
        yield ManagementServers()


def _known_routers(cloud: Cloud) -> Iterator[KnownRouter]:
    by_network: defaultdict[str, list[Router]] = defaultdict(list)
    for router in cloud.routers.values():
        for network_id in guest_networks(router):
            by_network[network_id].append(router)
    for router in cloud.routers.values():
        peers = {peer.id: peer for network_id in guest_networks(router) for peer in by_network[network_id]}
        peers.pop(router.id, None)
        yield KnownRouter(cloud.zone_name(router.zone_id), router, tuple(peers.values()))


def key(group: Group) -> tuple[str, str]:
    """Return what identifies a group while it lives."""
    return (group.kind, f"{group.zone}/{group.name}")
