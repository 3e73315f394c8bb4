"""Which machines CloudStack says are on which host, whatever kind they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from exporter.cloud.objects import Instance, Nic, Router, SystemVm

HERE = frozenset({"Running", "Migrating", "Stopping", "Starting"})
"""States in which a machine may have NICs on its host."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A machine on a host: an instance, a virtual router or a system VM.

    Attributes:
        name: its name on the hypervisor, i-<account>-<n>-VM, r-<n>-VM, s-<n>-VM or v-<n>-VM.
        kind: instance | router | system_vm.
        nics: of system VMs only MAC and traffic type are known.
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
    instances: Iterable[Instance], routers: Iterable[Router], system_vms: Iterable[SystemVm]
) -> Mapping[str, tuple[Placed, ...]]:
    """Return the machines of each host, by host id."""
    found: defaultdict[str, list[Placed]] = defaultdict(list)
    for host_id, machine in (*_instances(instances), *_routers(routers), *_system_vms(system_vms)):
        if host_id and machine.state in HERE:
            found[host_id].append(machine)
    return MappingProxyType({host_id: tuple(machines) for host_id, machines in found.items()})


def _instances(instances: Iterable[Instance]) -> Iterator[tuple[str, Placed]]:
    for one in instances:
        yield one.host_id, Placed(one.id, one.instance_name, "instance", one.state, one.nics, one.created)


def _routers(routers: Iterable[Router]) -> Iterator[tuple[str, Placed]]:
    for one in routers:
        yield one.host_id, Placed(one.id, one.name, "router", one.state, one.nics, one.created)


def _system_vms(system_vms: Iterable[SystemVm]) -> Iterator[tuple[str, Placed]]:
    for one in system_vms:
        nics = tuple(Nic(network_id="", traffic_type=traffic, mac=mac) for traffic, mac in one.macs.items())
        yield one.host_id, Placed(one.id, one.name, "system_vm", one.state, nics, one.created)
