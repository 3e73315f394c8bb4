"""Every machine of the world alike: on which host it is, and where each of its NICs belongs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from exporter.lab.world.places import STORAGE_VLAN, Host, Instance, Network, Nic
from exporter.lab.world.world import Router, SystemVm, World


@dataclass(frozen=True, slots=True)
class Plug:
    """A NIC of a machine: traffic type, MAC, address, VLAN (None: untagged), and its guest network."""

    traffic: str
    mac: str
    address: str
    vlan: int | None = None
    network: Network | None = None


@dataclass(frozen=True, slots=True)
class Machine:
    """An instance, router or system VM by its name on the hypervisor."""

    name: str
    host: Host
    is_running: bool
    plugs: tuple[Plug, ...]

    @property
    def guarded(self) -> bool:
        """Return whether the agent programs security groups for it: one of its networks has them."""
        return any(plug.network is not None and plug.network.security_groups for plug in self.plugs)


def machines(world: World) -> Iterator[Machine]:
    """Yield every machine that has a KVM host of its own: system VMs, routers, instances."""
    yield from map(system_vm, world.system_vms)
    yield from map(router, world.routers)
    yield from (instance(one) for one in world.instances if isinstance(one.host, Host))


def instance(one: Instance) -> Machine:
    """Return an instance on a KVM host."""
    return Machine(one.domain, one.kvm, one.state == "Running", (_plug(one.nic, None),))


def router(one: Router) -> Machine:
    """Return a router."""
    return Machine(
        one.name, one.host, one.state == "Running", tuple(_plug(nic, one.zone.public_vlan) for nic in one.nics)
    )


def system_vm(one: SystemVm) -> Machine:
    """Return a system VM; its public NIC is not tagged, because its range of addresses is not."""
    addresses = {"Control": one.control, "Management": one.private, "Public": one.public}
    plugs = (
        Plug(kind, mac, addresses.get(kind, ""), STORAGE_VLAN if kind == "Storage" else None)
        for kind, mac in one.macs.items()
    )
    return Machine(one.name, one.host, one.state == "Running", tuple(plugs))


def _plug(nic: Nic, public_vlan: int | None) -> Plug:
    vlan = nic.network.vlan if nic.network else public_vlan if nic.kind == "Public" else None
    return Plug(nic.kind, nic.mac, nic.address, vlan, nic.network)
