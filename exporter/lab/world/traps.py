"""What looks wrong and is not: a checker that cries at these is of no use.

A password that waits for a stopped instance, metadata of an address nobody has any more, a backup router
without services; bridges that the agent left, hosts without lldpd, a quiet VLAN, a broken bond of a host
in maintenance, a bond that waits for its cables in a bridge of nobody, mixed firmware of different NICs, a
router that lost its logs when it was made anew. NICs that nobody uses are on most hosts.
"""

from __future__ import annotations

from exporter.lab.world.hypervisor import Bond, BondMember, Bridge, Traffic, VlanDevice
from exporter.lab.world.places import Host, Instance, Nic, identity
from exporter.lab.world.tenants import DAY
from exporter.lab.world.world import MetadataEntry, Router, World


def of_routers(world: World) -> None:
    """Add what looks wrong of routers and is not."""
    frontend, backup = world.router(4), world.router(8)
    made = frontend.networks[0]
    nic = Nic("Guest", f"{made.prefix}90", "02:00:ff:00:00:5a", made.gateway, made)
    stopped = Instance(19, "frontend-stopped", world.hosts[0], made, nic, "debian-12", "Stopped")
    stopped.created = world.start - 20 * DAY
    world.instances.append(stopped)
    world.members[made.id].append(stopped)
    frontend.passwords[0].pending = {nic.address: int(5 * DAY), f"{made.prefix}77": int(9 * DAY)}
    gone = MetadataEntry(f"{made.prefix}77", identity("former", "frontend-77"), "frontend-77")
    frontend.web.entries[gone.address] = gone
    backup.stale[f"{backup.networks[0].prefix}10"] = int(2 * DAY)
    _made_anew(world, world.router(10))


def _made_anew(world: World, router: Router) -> None:
    """Let a router be made anew after its guests had asked: its logs are lost, and nobody has talked to it since."""
    router.created, router.uptime = world.start - DAY, int(DAY) - 90
    router.unheard = {one.nic.address for one in world.served(router)}


def of_hosts(world: World) -> None:
    """Add what looks wrong of hosts and is not."""
    kvm = {host.name: host for host in world.hosts if not host.model}
    _orphan(kvm["kvm-1"], 777)
    kvm["kvm-2"].hypervisor.lldp = "absent"
    _orphan(kvm["kvm-3"], 778)
    for nic in kvm["kvm-3"].hypervisor.nics[2:]:
        nic.driver, nic.firmware, nic.pci_id = "igb", "1.63, 0x800009fa", "8086:1521"
    _broken(kvm["kvm-10"])
    _prepared(kvm["kvm-6"])


def _orphan(host: Host, vlan: int) -> None:
    """Leave a bridge behind whose last machine went long ago."""
    name = f"bond0.{vlan}"
    quiet = Traffic(0, 0, 0, 0, base=4000)
    host.hypervisor.vlans.append(VlanDevice(name, "bond0", vlan, traffic=quiet))
    host.hypervisor.bridges.append(Bridge(f"brbond0-{vlan}", [name], traffic=quiet))


def _prepared(host: Host) -> None:
    """Prepare a bond whose cables are still to come, in a bridge that no label names."""
    nobody = "00:00:00:00:00:00"
    members = [
        BondMember(nic, is_up=False, partner_mac=nobody, partner_state=1, actor_state=69) for nic in ("eth2", "eth3")
    ]
    quiet = Traffic(0, 0, 0, 0, base=0)
    host.hypervisor.bonds.append(Bond("bond1", members, is_up=False, partner_mac=nobody, traffic=quiet))
    host.hypervisor.bridges.append(Bridge("br-spare", ["bond1"], traffic=quiet))


def _broken(host: Host) -> None:
    """Let somebody work on a host that is in maintenance."""
    made = host.hypervisor
    nic, member = made.nic("eth1"), made.bond("bond0").member("eth1")
    nic.carrier, nic.carrier_changes, nic.switch = False, 41, ""
    member.is_up, member.failures, member.aggregator = False, 9, 2
    member.partner_mac, member.partner_state, member.actor_churn = "00:00:00:00:00:00", 1, "churned"
