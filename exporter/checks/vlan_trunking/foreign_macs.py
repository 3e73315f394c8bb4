"""Addresses that answer with another MAC than CloudStack gave them.

Symptom: a machine is reachable now and then; somebody set its address by hand on another machine.
Detect:  the router's ARP table: entries that were just confirmed, against the NICs of running instances and their
         secondary addresses. IPv6 neighbours are not asked for.
Fix:     find the owner of the MAC, and take the address off it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from exporter.cloud.cloud import Cloud
from exporter.cloud.objects import Nic
from exporter.cloud.second_look import confirmed
from exporter.cloud.targets import RouterTarget
from exporter.model import Answers, Check, Metric, Samples, above
from exporter.questions.routers.neighbours import ROUTER_NEIGHBOURS
from exporter.thresholds import ROWS_PER_TARGET

FOREIGN = Metric(
    "cloudstack_network_vlan_trunking_foreign_macs",
    "Addresses of running instances that answer the router with another MAC than the one of the instance.",
    labels=("zone", "router"),
    problem=above(0),
)
ROW = Metric(
    "cloudstack_network_vlan_trunking_address_foreign_mac",
    "Whether an address answers with a foreign MAC; only while it does.",
    labels=("zone", "router", "address"),
)
FIND = "Find the NIC with that MAC (list virtual machines, virsh domiflist on the hosts) and take the address off it."
CONFIRMED = "REACHABLE"
"""Older entries may be of a machine that had the address before."""
VIRTUAL = "00:00:5e:00:01:"
"""MACs of VRRP. Two machines may share a secondary address, which CloudStack gives to one of them."""


def judge(target: RouterTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield how many addresses of instances another machine answers for."""
    nics = list(_nics(target, cloud))
    owners = {nic.address: nic.mac for nic in nics if nic.address}
    shared = _secondary(nics, owners)
    machines = {nic.mac for nic in nics}
    owners |= shared
    foreign = {
        one.address: one.mac
        for one in answers[ROUTER_NEIGHBOURS]
        if one.state == CONFIRMED and one.mac and one.mac != owners.get(one.address, one.mac)
        if one.address not in shared or not (one.mac in machines or one.mac.startswith(VIRTUAL))
    }
    found = [
        address
        for address, mac in sorted(foreign.items())
        if confirmed(
            answers, cloud, address, mac, owners[address], target.router.host_id, shown_by=(ROUTER_NEIGHBOURS,)
        )
    ]
    yield FOREIGN.sample(
        target.zone,
        target.name,
        value=len(found),
        seen="; ".join(f"{one} at {foreign[one]}" for one in found[:3]),
        expected="; ".join(f"{one} at {owners[one]}" for one in found[:3]),
    )
    for address in found[:ROWS_PER_TARGET]:
        yield ROW.sample(target.zone, target.name, address, value=1)


def _nics(target: RouterTarget, cloud: Cloud) -> Iterator[Nic]:
    """Yield the NICs of running instances in the networks of a router."""
    for network_id in {nic.network_id for nic in target.router.guest_nics}:
        for instance in cloud.instances_by_network.get(network_id, ()):
            yield from (
                nic for nic in instance.nics if instance.is_running and nic.network_id == network_id and nic.mac
            )


def _secondary(nics: list[Nic], owners: Mapping[str, str]) -> dict[str, str]:
    """Return the MACs of secondary addresses; not of those that several have, for anybody of these may answer."""
    held = [(address, nic.mac) for nic in nics for address in nic.secondary]
    times = Counter(address for address, _ in held)
    return {address: mac for address, mac in held if times[address] == 1 and address not in owners}


CHECK = Check(
    title="Addresses with a foreign MAC",
    metrics=(FOREIGN, ROW),
    remedies=(FIND,),
    judges={RouterTarget: judge},
    asks={RouterTarget: (ROUTER_NEIGHBOURS,)},
    reads=("listVirtualMachines",),
    judges_cloud=True,
)
