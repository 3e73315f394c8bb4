"""DHCP offers that guests leave untaken: the sign of a second DHCP server.

Symptom: machines have addresses of a foreign range, or none at all, and the router looks healthy.
Detect:  the log of the router's DHCP server: offers to running instances and no acknowledgement after them.
Fix:     close the switch port of the other server; where nobody answers, the way from the router to the machines.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from exporter.cloud.cloud import Cloud
from exporter.cloud.objects import Instance, Nic
from exporter.cloud.second_look import confirmed
from exporter.cloud.targets import RouterTarget
from exporter.model import Answers, Check, Metric, Samples, above
from exporter.questions.routers.dhcp import ROUTER_DHCP
from exporter.questions.routers.neighbours import ROUTER_NEIGHBOURS
from exporter.thresholds import INSTANCE_SETTLES_SECONDS, VLAN_UNTAKEN_OFFERS

UNTAKEN = Metric(
    "cloudstack_network_vlan_trunking_untaken_dhcp_offers",
    "Running instances that left the DHCP offers of their router untaken, in networks with more than one such offer.",
    labels=("zone", "router"),
    problem=above(0),
)
SERVER = (
    "Look for another DHCP server: tcpdump -eni <VLAN bridge> udp port 67 on the host while a machine asks; "
    "DHCP snooping of the switches names its port and closes it."
)
WAY = "If nobody else answers, the offers do not arrive: look at this VLAN on the switch ports of the machine's host."
SHOWN = 5
"""Instances named in the finding; the number of all is its value."""


@dataclass(frozen=True, slots=True)
class _Guest:
    """A running instance, and how often it left its own address untaken."""

    instance: Instance
    nic: Nic
    offers: int


def judge(target: RouterTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield how many instances left offers untaken; a router that serves no DHCP now is not judged."""
    served = [
        network.id
        for network_id in dict.fromkeys(nic.network_id for nic in target.router.guest_nics)
        if (network := cloud.networks.get(network_id)) and network.served_by_router("Dhcp")
    ]
    if not served or target.router.redundant_state == "BACKUP":
        return
    found = [
        guest
        for network_id in served
        for guest in _suspects(network_id, answers, cloud)
        if confirmed(answers, cloud, guest.nic.mac, guest.nic.address, guest.instance.host_id, shown_by=(ROUTER_DHCP,))
    ]
    found.sort(key=lambda guest: (-guest.offers, guest.nic.mac))
    yield UNTAKEN.sample(
        target.zone,
        target.name,
        value=len(found),
        seen="; ".join(
            f"{guest.instance.name} ({guest.nic.mac}) was offered {guest.nic.address} {guest.offers} times in vain"
            for guest in found[:SHOWN]
        ),
        expected="offers that are taken, or taken the next time",
    )


def _suspects(network_id: str, answers: Answers, cloud: Cloud) -> list[_Guest]:
    """Return the guests of a network with untaken offers, or none while all of these are too few.

    A guest that hears two servers asks once, and which one it takes is a race: each start leaves at most one offer.
    So the offers of all guests are added up.
    """
    found = list(_guests(network_id, answers, cloud))
    return found if sum(guest.offers for guest in found) >= VLAN_UNTAKEN_OFFERS else []


def _guests(network_id: str, answers: Answers, cloud: Cloud) -> Iterator[_Guest]:
    """Yield running guests with untaken offers of the address that CloudStack gave them.

    One that was just made may still ask; one that the router hears at this address has it by other means.
    """
    offers = {(one.mac, one.address): one.offers for one in answers[ROUTER_DHCP].untaken}
    heard = {(one.mac, one.address) for one in answers.get(ROUTER_NEIGHBOURS) or () if one.state == "REACHABLE"}
    for instance in cloud.instances_by_network.get(network_id, ()):
        is_new = instance.created is not None and cloud.at - instance.created < INSTANCE_SETTLES_SECONDS
        for nic in instance.nics:
            key = (nic.mac.lower(), nic.address)
            if nic.network_id != network_id or key not in offers or key in heard:
                continue
            if instance.is_running and not is_new:
                yield _Guest(instance, nic, offers[key])


CHECK = Check(
    title="DHCP offers left untaken",
    metrics=(UNTAKEN,),
    remedies=(SERVER, WAY),
    judges={RouterTarget: judge},
    asks={RouterTarget: (ROUTER_DHCP,)},
    uses={RouterTarget: (ROUTER_NEIGHBOURS,)},
    reads=("listNetworks", "listVirtualMachines"),
    judges_cloud=True,
)
