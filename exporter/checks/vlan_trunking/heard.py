"""What the routers of a network hear of the machines on each host: their ARP tables, and who never asked them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.cloud.networks import Network
from exporter.cloud.objects import Instance, Nic, Router
from exporter.cloud.targets import RouterTarget
from exporter.model import Answers
from exporter.questions.routers.dhcp import ROUTER_DHCP
from exporter.questions.routers.neighbours import ROUTER_NEIGHBOURS, RouterNeighbour
from exporter.thresholds import INSTANCE_SETTLES_SECONDS
from exporter.topology.guest_evidence import Behind
from exporter.topology.guest_states import was_never_heard

Routers = Mapping[RouterTarget, Answers]


@dataclass(slots=True)
class Heard:
    """What the routers of one network heard of the machines on one host.

    Attributes:
        fresh: of those that answered, how many were heard just now.
        absent: those of which no table has an entry, and no log a line, with their NIC.
    """

    silent: list[str] = field(default_factory=list)
    answered: int = 0
    fresh: int = 0
    absent: list[tuple[Instance, Nic]] = field(default_factory=list)

    @property
    def is_told(self) -> bool:
        """Return whether anything was heard, or asked for in vain."""
        return bool(self.answered or self.silent)

    def is_silent(self, least: int) -> bool:
        """Return whether at least so many machines are silent, and all that were asked."""
        return not self.answered and len(self.silent) >= least


def unheard(group: ZoneGroup, members: Routers, cloud: Cloud) -> set[str]:
    """Return the ids of the hosts with machines in networks of which a router that should know has not told."""
    told = {router.router.id for router, answers in members.items() if ROUTER_NEIGHBOURS in answers.values}
    networks = {
        nic.network_id
        for router in cloud.routers.values()
        if router.id not in told and _should_know(router, group)
        for nic in router.guest_nics
    }
    return {machine.host_id for one in networks for machine in cloud.instances_by_network.get(one, ())}


def _should_know(router: Router, group: ZoneGroup) -> bool:
    """Return whether a router talks to machines: the backup of a pair only waits."""
    return router.zone_id == group.id and router.is_running and router.redundant_state != "BACKUP"


def routers_by_network(members: Routers) -> Mapping[str, list[RouterTarget]]:
    """Return the routers that told their table, by network; a pair and the pods of a shared network are several."""
    found: defaultdict[str, list[RouterTarget]] = defaultdict(list)
    for router, answers in members.items():
        if ROUTER_NEIGHBOURS in answers.values:
            for network_id in {nic.network_id for nic in router.router.guest_nics}:
                found[network_id].append(router)
    return found


def heard(network: Network, routers: list[RouterTarget], members: Routers, cloud: Cloud) -> Mapping[str, Heard]:
    """Return by host id what was heard of the running machines; those nobody talked to lately are absent."""
    tables: defaultdict[str, list[RouterNeighbour]] = defaultdict(list)
    for router in routers:
        for one in members[router][ROUTER_NEIGHBOURS]:
            tables[one.address].append(one)
    hosts: defaultdict[str, Heard] = defaultdict(Heard)
    for machine, nic in _machines(network, cloud):
        entries = tables.get(nic.address, [])
        if any(one.has_answered for one in entries):
            hosts[machine.host_id].answered += 1
            hosts[machine.host_id].fresh += any(one.state == "REACHABLE" for one in entries)
        elif any(one.is_silent for one in entries):
            hosts[machine.host_id].silent.append(machine.name)
        elif not entries and not any(_has_asked(nic, members[router]) for router in routers):
            hosts[machine.host_id].absent.append((machine, nic))
    return hosts


def _has_asked(nic: Nic, answers: Answers) -> bool:
    """Return whether the log of a router shows that a machine once asked for its address."""
    log = answers.get(ROUTER_DHCP)
    guest = log.guests.get(nic.mac.lower()) if log else None
    return guest is not None and bool(guest.asked or guest.acknowledged or guest.has_id)


def never_heard(
    network: Network,
    by_host: Mapping[str, Heard],
    own: set[str],
    told: Callable[[], Mapping[str, Behind]],
    cloud: Cloud,
) -> Mapping[str, Heard]:
    """Return the same with those for silent who were never heard since they were made, on hosts of which nobody is.

    Not on ``own`` hosts, those of the routers: there no switch is between them. ``told`` is what routers prove, by
    network; it is asked for only where somebody may be one of those, which is nearly nowhere.
    """
    made: dict[str, Heard] = {}
    for host, one in by_host.items():
        is_asked = bool(one.absent) and not one.is_told and host not in own
        found = told().get(network.id) if is_asked else None
        silent = [vm.name for vm, nic in one.absent if found and was_never_heard(vm, nic, network, found, cloud)]
        made[host] = Heard(silent, one.answered, one.fresh)
    return made


def _machines(network: Network, cloud: Cloud) -> Iterator[tuple[Instance, Nic]]:
    """Yield running machines with their default NIC, if it has an address; others are often not configured inside."""
    for machine in cloud.instances_by_network.get(network.id, ()):
        is_new = machine.created is not None and cloud.at - machine.created < INSTANCE_SETTLES_SECONDS
        if machine.is_running and machine.host_id and not is_new:
            for nic in machine.nics:
                if nic.network_id == network.id and nic.address and nic.is_default:
                    yield machine, nic
