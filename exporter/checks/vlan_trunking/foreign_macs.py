"""Addresses that answer with another MAC than CloudStack gave them.

Symptom: a machine is reachable now and then; somebody set its address by hand on another machine.
Detect:  the router's ARP table: entries that were just confirmed, against the NICs of running instances.
Fix:     find the owner of the MAC, and take the address off it.
"""

from __future__ import annotations

from exporter.cloud.cloud import Cloud
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


def judge(target: RouterTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield how many addresses of instances another machine answers for."""
    owners = {
        nic.address: nic.mac
        for network_id in {nic.network_id for nic in target.router.guest_nics}
        for instance in cloud.instances_by_network.get(network_id, ())
        for nic in instance.nics
        if instance.is_running and nic.network_id == network_id and nic.address and nic.mac
    }
    foreign = {
        one.address: one.mac
        for one in answers[ROUTER_NEIGHBOURS]
        if one.state == CONFIRMED and one.mac and one.mac != owners.get(one.address, one.mac)
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


CHECK = Check(
    title="Addresses with a foreign MAC",
    metrics=(FOREIGN, ROW),
    remedies=(FIND,),
    judges={RouterTarget: judge},
    asks={RouterTarget: (ROUTER_NEIGHBOURS,)},
    reads=("listVirtualMachines",),
    judges_cloud=True,
)
