"""Which machines CloudStack says are on which host, whatever kind they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address
from types import MappingProxyType

from exporter.cloud.networks import VlanRange
from exporter.cloud.objects import Instance, Nic, Router, SystemVm

HERE = frozenset({"Running", "Migrating", "Stopping", "Starting"})
"""States in which a machine may have NICs on its host."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A machine on a host: an instance, a virtual router or a system VM.

    Attributes:
        name: its name on the hypervisor, i-<account>-<n>-VM, r-<n>-VM, s-<n>-VM or v-<n>-VM.
        kind: instance | router | system_vm.
        nics: of system VMs only MAC and traffic type are known, and of public ones the VLAN where a range tells it.
    """

    id: str
    name: str
    kind: str
    state: str
    nics: tuple[Nic, ...] = ()
    created: float | None = None

    @property
    def is_running(self) -> bool:
        """Return whether CloudStack says Running."""
        return self.state == "Running"


def placed(
    instances: Iterable[Instance],
    routers: Iterable[Router],
    system_vms: Iterable[SystemVm],
    ranges: Iterable[VlanRange] = (),
) -> Mapping[str, tuple[Placed, ...]]:
    """Return the machines of each host, by host id; ``ranges`` tell where the public addresses of system VMs lie."""
    found: defaultdict[str, list[Placed]] = defaultdict(list)
    public = [one for one in ranges if one.is_public and one.network_id]
    for host_id, machine in (*_instances(instances), *_routers(routers), *_system_vms(system_vms, public)):
        if host_id and machine.state in HERE:
            found[host_id].append(machine)
    return MappingProxyType({host_id: tuple(machines) for host_id, machines in found.items()})


def _instances(instances: Iterable[Instance]) -> Iterator[tuple[str, Placed]]:
    for one in instances:
        yield one.host_id, Placed(one.id, one.instance_name, "instance", one.state, one.nics, one.created)


def _routers(routers: Iterable[Router]) -> Iterator[tuple[str, Placed]]:
    for one in routers:
        yield one.host_id, Placed(one.id, one.name, "router", one.state, one.nics, one.created)


def _system_vms(system_vms: Iterable[SystemVm], public: list[VlanRange]) -> Iterator[tuple[str, Placed]]:
    for one in system_vms:
        nics = tuple(
            _public(one, mac, public) if traffic == "Public" else Nic(network_id="", traffic_type=traffic, mac=mac)
            for traffic, mac in one.macs.items()
        )
        yield one.host_id, Placed(one.id, one.name, "system_vm", one.state, nics, one.created)


def _public(vm: SystemVm, mac: str, ranges: list[VlanRange]) -> Nic:
    """Return the public NIC, with its VLAN when exactly one public VLAN of the zone has the address."""
    address = _ipv4(vm.public_address)
    found = {
        (one.network_id, one.vlan)
        for one in ranges
        if address is not None and one.zone_id == vm.zone_id and address in one.addresses
    }
    network_id, vlan = found.pop() if len(found) == 1 else ("", "")
    return Nic(network_id=network_id, traffic_type="Public", address=vm.public_address, mac=mac, broadcast_uri=vlan)


def _ipv4(address: str) -> int | None:
    """Return an IPv4 address as a number, None for anything else."""
    try:
        return int(IPv4Address(address))
    except ValueError:
        return None
