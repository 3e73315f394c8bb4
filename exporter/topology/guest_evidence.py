"""What routers can prove about the guests behind them, made ready to be looked up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.cloud.objects import Router
from exporter.cloud.routers import serving
from exporter.cloud.targeting import VISITED
from exporter.cloud.targets import RouterTarget
from exporter.model import Answers, Question, Reason
from exporter.questions.routers.dhcp import ROUTER_DHCP, DhcpGuest, DhcpLog
from exporter.questions.routers.neighbours import ROUTER_NEIGHBOURS, RouterNeighbour
from exporter.questions.routers.sockets import ROUTER_SOCKETS
from exporter.questions.routers.state import ROUTER_IDENTITY, ROUTER_REDUNDANCY
from exporter.thresholds import NEIGHBOURS_KEPT

ASKED: tuple[Question[Any], ...] = (ROUTER_DHCP, ROUTER_NEIGHBOURS, ROUTER_IDENTITY, ROUTER_REDUNDANCY, ROUTER_SOCKETS)
"""The questions whose answers are the evidence."""
DHCP_PORT = 67

Members = Mapping[RouterTarget, Answers]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one router told of its guests.

    Attributes:
        serves: whether it is alone or the primary of its pair, so that its ARP table is of the present.
        lifetime: for how many seconds the router has been there and up; 0 when that is not known.
        covers: for how many seconds nothing that a guest asked can be missing: so long is its log, too.
        listens: whether its DHCP server listens; None when that was not told.
        table: its ARP table by address; None when it was not told.
        forgets: whether the table is so large that entries are dropped from it.
        untaken: MACs that left offers untaken.
    """

    target: RouterTarget
    answers: Answers
    log: DhcpLog
    serves: bool
    lifetime: float
    covers: float
    listens: bool | None
    table: Mapping[str, RouterNeighbour] | None
    forgets: bool
    untaken: frozenset[str]


def evidence(target: RouterTarget, answers: Answers) -> Evidence | None:
    """Return what a router told; None when its DHCP log or its role is not known."""
    role = answers.get(ROUTER_REDUNDANCY)
    if role is None:
        return None
    log = answers.get(ROUTER_DHCP)
    never_served = log is None and not role.is_serving and _is_missing(answers)
    if log is None and not never_served:
        return None
    sockets, table = answers.get(ROUTER_SOCKETS), answers.get(ROUTER_NEIGHBOURS)
    listens = None if sockets is None else any(one.protocol == "udp" and one.port == DHCP_PORT for one in sockets)
    told, lifetime = log or DhcpLog(), _lifetime(target.router, answers)
    return Evidence(
        target=target,
        answers=answers,
        log=told,
        serves=role.is_serving,
        lifetime=lifetime,
        covers=lifetime if never_served else min(lifetime, told.seconds or 0.0),
        listens=listens,
        table=None if table is None else {one.address: one for one in table},
        forgets=table is not None and len(table) >= NEIGHBOURS_KEPT,
        untaken=frozenset(one.mac for one in told.untaken),
    )


def _is_missing(answers: Answers) -> bool:
    """Return whether there is no log: dnsmasq has never run on a backup that was never the primary."""
    failure = answers.failures.get(ROUTER_DHCP)
    return failure is not None and failure.reason is Reason.MISSING


def _lifetime(router: Router, answers: Answers) -> float:
    identity = answers.get(ROUTER_IDENTITY)
    if identity is None:
        return 0.0
    return identity.uptime if router.created is None else max(min(identity.uptime, answers.now - router.created), 0.0)


@dataclass(frozen=True, slots=True)
class Behind:
    """What all routers of one network together tell of its guests.

    The pods of a shared network have a router each, and after a failover the log of the other router of a pair holds
    what guests asked before: a guest is silent when none of them has heard it.

    Attributes:
        serving: those of the routers that serve now.
        is_complete: whether all routers told, and some serve.
        covers: for how many seconds nothing that a guest asked can be missing in all the logs.
        knows_hosts: whether it is known for which guests the DHCP servers have an entry.
        addresses: at which guests reach the routers: their own, or the virtual one of a pair.
    """

    routers: tuple[Evidence, ...]
    serving: tuple[Evidence, ...]
    is_complete: bool
    covers: float
    knows_hosts: bool
    addresses: frozenset[str]

    def known(self, mac: str) -> list[DhcpGuest]:
        """Return what the logs know of a MAC."""
        return [guest for one in self.routers if (guest := one.log.guests.get(mac))]

    def entries(self, address: str) -> list[RouterNeighbour]:
        """Return the ARP entries of an address on the routers that serve."""
        return [entry for one in self.serving if one.table and (entry := one.table.get(address))]

    def router_of(self, mac: str) -> Evidence | None:
        """Return the router that serves a guest: the one that has an entry for it, else the first that serves."""
        if len(self.serving) > 1:
            for one in self.serving:
                if (guest := one.log.guests.get(mac)) and guest.has_host:
                    return one
        return self.serving[0] if self.serving else None


def behind(group: ZoneGroup, members: Members, cloud: Cloud) -> dict[str, Behind]:
    """Return by network id what its routers told, for each network of the zone that has a running one."""
    told = {target.router.id: evidence(target, answers) for target, answers in members.items()}
    routers: defaultdict[str, list[str]] = defaultdict(list)
    addresses: defaultdict[str, set[str]] = defaultdict(set)
    for router in cloud.routers.values():
        if router.zone_id == group.id and router.state in VISITED and router.role == "VIRTUAL_ROUTER":
            for network_id in _networks(router):
                routers[network_id].append(router.id)
            for one in serving(router, cloud):
                addresses[one.network_id].add(one.address)
    return {
        network_id: _joined([told.get(router_id) for router_id in ids], frozenset(addresses[network_id] - {""}))
        for network_id, ids in routers.items()
    }


def _networks(router: Router) -> Iterable[str]:
    return {nic.network_id for nic in router.nics if nic.traffic_type == "Guest"}


def _joined(found: list[Evidence | None], addresses: frozenset[str]) -> Behind:
    known = tuple(one for one in found if one is not None)
    serve = tuple(one for one in known if one.serves)
    return Behind(
        routers=known,
        serving=serve,
        is_complete=len(known) == len(found) and bool(serve),
        covers=min((one.covers for one in known), default=0.0),
        knows_hosts=bool(serve) and all(one.log.knows_hosts for one in serve),
        addresses=addresses,
    )
