"""How the default NIC of each running guest stands: what its routers prove, never what they merely lack.

Symptom: a machine runs, and nobody reaches it: its NIC is eth1 or p192p1 where the template says eth0.
Detect:  the router's DHCP log, its list of hosts and its ARP table, joined with CloudStack's NICs.

Leases prove nothing. Static guests never ask, and answer ARP; with a gateway that is not the router they never talk to
it, so that only an address at which the router found nobody proves silence. A log that was lost with its router proves
nothing about guests that started before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from math import inf
from operator import attrgetter

from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.cloud.networks import Network
from exporter.cloud.objects import Instance, Nic
from exporter.cloud.targets import HostTarget
from exporter.model import Held
from exporter.questions.routers.neighbours import RouterNeighbour
from exporter.thresholds import INSTANCE_SETTLES_SECONDS, SYSTEM_VM_SETTLES_SECONDS, WINDOWS_SETTLES_SECONDS
from exporter.topology.guest_evidence import Behind, Evidence, Members, behind
from exporter.topology.hosts import is_judged

RUNNING = ("Running", "Migrating")
"""States of an instance whose guest runs; a live migration does not begin its time anew."""
APPLIANCES = frozenset({"VNF", "SYSTEM", "ROUTING"})
"""Types of templates whose machines are configured by hand."""
ELSEWHERE = frozenset({"baremetal", "external"})
"""Hypervisors, folded, whose machines are no guests: they have NICs and DHCP of their own."""


class State(StrEnum):
    """What is known of a guest. A closed list: it is a label value."""

    FINE = "fine"  # it was acknowledged, or answers at its address
    SILENT = "silent"  # it never asked and does not answer, and what would show it is complete
    NO_ANSWER = "no_answer"  # it asked and was never acknowledged, or no DHCP server listens
    OFFER_UNTAKEN = "offer_untaken"  # it asked, was offered its address and did not take it
    MISSING_HOST_ENTRY = "missing_host_entry"  # the DHCP server does not know it
    DUPLICATE = "duplicate"  # another MAC answers at its address
    UNKNOWN = "unknown"  # too young, or something that would show it is missing


@dataclass(slots=True, eq=False)
class Guest:
    """A running instance by its default NIC.

    Attributes:
        longest: for how many seconds it may have been running at most.
        has_data: whether its network has user data and passwords of a router.
        router: the one that serves it; None when none told.
        router_name: its name, or nothing.
    """

    instance: Instance
    nic: Nic
    network: Network
    state: State
    longest: float
    has_data: bool = False
    router: Evidence | None = None
    router_name: str = ""


def guests(group: ZoneGroup, members: Members, cloud: Cloud) -> Iterator[Guest]:
    """Yield the running guests of a zone whose addresses a virtual router gives out."""
    up = {
        host.id
        for host in cloud.hosts.values()
        if host.state == "Up" and is_judged(HostTarget(host, group.zone, None), cloud, cloud.at)
    }
    for network_id, found in behind(group, members, cloud).items():
        network = cloud.networks.get(network_id)
        if network is not None and is_served(network):
            has_data = network.served_by_router("UserData")
            for instance in cloud.instances_by_network.get(network_id, ()):
                nic = _default_nic(instance, network_id)
                if nic is not None and instance.state in RUNNING:
                    guest = Guest(instance, nic, network, State.UNKNOWN, inf, has_data)
                    if found.routers:
                        _look(guest, found, is_host_up=instance.host_id in up)
                    if _is_of_template(instance, cloud):
                        yield guest


def was_never_heard(instance: Instance, nic: Nic, network: Network, found: Behind, cloud: Cloud) -> bool:
    """Return whether a guest has been silent ever since it was made, whatever became of it since.

    That nobody hears it is named for each of its routers, with its host: it counts from when it was seen to be so. Call
    it exactly while the routers know nothing of its default NIC, which has an address.
    """
    if not found.routers or not is_served(network) or not _is_of_template(instance, cloud):
        return False
    quiet = max(one.answers.held("quiet", instance.id, instance.host_id).seconds for one in found.routers)
    host = cloud.hosts.get(instance.host_id)
    is_settled = host is not None and host.state == "Up" and not instance.iso_id and quiet >= _settles(instance)
    now, talks = found.routers[0].answers.now, (nic.gateway or network.gateway) in found.addresses
    longest = _longest(instance, Held(quiet, at_least=True, first_asked=0.0), now)
    return state_of(nic, found, longest, is_settled=is_settled, talks=talks) is State.SILENT


def is_served(network: Network) -> bool:
    """Return whether guests get their addresses from a virtual router.

    A guest with a ConfigDrive takes its address from there; who gives none out has no DHCP of ours.
    """
    return network.served_by_router("Dhcp") and "ConfigDrive" not in network.services.get("UserData", frozenset())


def _default_nic(instance: Instance, network_id: str) -> Nic | None:
    """Return the default NIC when it is in the network and has an IPv4 address; many guests bring up no other."""
    for nic in instance.nics:
        if nic.is_default:
            return nic if nic.network_id == network_id and nic.address and nic.mac else None
    return None


def _is_of_template(instance: Instance, cloud: Cloud) -> bool:
    """Return whether a machine should come up as its template does.

    What was installed from an ISO has its id in place of a template's, and no ISO is among the templates; of a template
    that is gone nothing is known either.
    """
    template = cloud.templates_of(instance.zone_id).get(instance.template_id)
    if template is None or template.type.upper() in APPLIANCES:
        return False
    return instance.hypervisor.lower() not in ELSEWHERE


def _look(guest: Guest, found: Behind, *, is_host_up: bool) -> None:
    """Note what the routers of its network prove of a guest.

    That it runs is named for each guest and router, whatever the state, so that it tells since when it runs, also when
    one of the routers goes. With an ISO in its drive it may be at an installer or a rescue system: not settled.
    """
    instance, nic = guest.instance, guest.nic
    held = max((one.answers.held("runs", instance.id) for one in found.routers), key=_seconds)
    guest.longest = _longest(instance, held, found.routers[0].answers.now)
    is_settled = is_host_up and not instance.iso_id and held.seconds >= _settles(instance)
    gateway = nic.gateway or guest.network.gateway
    guest.state = state_of(nic, found, guest.longest, is_settled=is_settled, talks=gateway in found.addresses)
    guest.router = found.router_of(nic.mac.lower())
    guest.router_name = guest.router.target.name if guest.router else ""


_seconds = attrgetter("seconds")


def _settles(instance: Instance) -> int:
    return WINDOWS_SETTLES_SECONDS if "windows" in instance.os_name.lower() else INSTANCE_SETTLES_SECONDS


def _longest(instance: Instance, held: Held, now: float) -> float:
    """Return for how many seconds it can have been running at most: CloudStack tells no time of a start.

    It was made before it started, and the first machine of a network before its router; and where it was seen to come
    up, it did so since the look before.
    """
    made = inf if instance.created is None else max(now - instance.created - SYSTEM_VM_SETTLES_SECONDS, 0.0)
    return made if held.at_least else min(made, held.seconds + INSTANCE_SETTLES_SECONDS)


def state_of(nic: Nic, found: Behind, longest: float, *, is_settled: bool, talks: bool) -> State:
    """Return how a NIC stands.

    ``longest`` is for how many seconds its machine may have been running; ``talks`` whether a router is its gateway, so
    that it would be heard also with a static address.
    """
    mac = nic.mac.lower()
    known, entries = found.known(mac), found.entries(nic.address)
    if any(entry.state == "REACHABLE" and entry.mac not in ("", mac) for entry in entries):
        return State.DUPLICATE
    if any(guest.acknowledged or guest.has_id for guest in known) or any(_is_heard(one, mac) for one in entries):
        return State.FINE
    if not is_settled or not found.is_complete:
        return State.UNKNOWN
    if found.knows_hosts and not any(guest.has_host for guest in known):
        return State.MISSING_HOST_ENTRY
    if any(guest.asked for guest in known):
        return State.OFFER_UNTAKEN if any(mac in one.untaken for one in found.routers) else State.NO_ANSWER
    return _silence(nic, found, longest, talks=talks)


def _silence(nic: Nic, found: Behind, longest: float, *, talks: bool) -> State:
    """Return SILENT for a guest that nobody heard, where its start is in the logs and the routers could hear it."""
    hears_nobody = all(_hears_nobody(one, nic) for one in found.serving) if talks else _is_nobody_there(nic, found)
    if found.covers < longest or not hears_nobody:
        return State.UNKNOWN
    listens = [one.listens for one in found.serving]
    if None in listens:
        return State.UNKNOWN
    return State.SILENT if all(listens) else State.NO_ANSWER


def _is_heard(entry: RouterNeighbour, mac: str) -> bool:
    """Return whether the guest was heard; one that is asked again just now was heard before."""
    return entry.mac == mac and (entry.has_answered or entry.state == "PROBE")


def _hears_nobody(router: Evidence, nic: Nic) -> bool:
    """Return whether the ARP table says that nobody is at the address.

    No entry says so in a small table only: from a large one the kernel drops those that were not used lately. What is
    left of a former owner of the address says so too.
    """
    if router.table is None:
        return False
    entry = router.table.get(nic.address)
    if entry is None:
        return not router.forgets
    return entry.is_silent or (entry.has_answered and entry.mac != nic.mac.lower())


def _is_nobody_there(nic: Nic, found: Behind) -> bool:
    """Return whether a router has asked for the address and nobody answered, and none knows anybody there."""
    entries = found.entries(nic.address)
    return bool(entries) and all(entry.is_silent for entry in entries)
