"""Faults of links: NICs, bonds, cables and names of hypervisors. Which host each strikes stands in its sentence."""

from __future__ import annotations

from exporter.lab.faults.fault import fault
from exporter.lab.world.hypervisor import Bond, BondMember, Bridge, HostNic, Hypervisor, Tap, Traffic, VlanDevice
from exporter.lab.world.places import Host, Network
from exporter.lab.world.world import World
from exporter.model import Issue

LINKS = Issue.HYPERVISOR_LINKS
NOBODY = "00:00:00:00:00:00"
QUIET = Traffic(0, 0, 0, 0, base=0)


def _host(world: World, name: str) -> Host:
    return next(host for host in world.hosts if host.name == name)


def _made(world: World, name: str) -> Hypervisor:
    return _host(world, name).hypervisor


def _unplug(made: Hypervisor, bond: Bond, nic: HostNic) -> None:
    """Pull the cable of a member: it hears nobody any more."""
    nic.carrier = False
    nic.carrier_changes += 1
    _alone(bond.member(nic.name))
    bond.member(nic.name).is_up = False
    bond.member(nic.name).failures += 1


def _alone(member: BondMember) -> None:
    """Let nobody answer the LACP of a member."""
    member.partner_mac, member.partner_state, member.actor_state = NOBODY, 1, 69
    member.actor_churn, member.partner_churn = "monitoring", "churned"


@fault(LINKS, "bond_members_down")
def link_unplugged(world: World) -> None:
    """The cable of eth1, a member of bond0 of kvm-1, is pulled."""
    made = _made(world, "kvm-1")
    _unplug(made, made.bond("bond0"), made.nic("eth1"))
    made.bond("bond0").member("eth1").aggregator = 2


@fault(LINKS, "bond_members_down")
def link_unplugged_active_backup(world: World) -> None:
    """The cable of eth0, the active member of bond0 of kvm-5, is pulled; eth1 takes over."""
    made = _made(world, "kvm-5")
    _unplug(made, made.bond("bond0"), made.nic("eth0"))
    made.bond("bond0").active = "eth1"


@fault(LINKS, "bond_unwatched")
def bond_unwatched(world: World) -> None:
    """bond0 of kvm-5 was made without miimon: it watches no link, and would never go over to eth1."""
    _made(world, "kvm-5").bond("bond0").miimon = 0


@fault(LINKS, "uplink_down", "bond_members_down", "bond_unwatched")
def bond_unwatched_unplugged(world: World) -> None:
    """The cable of eth0, the active member of bond0 of kvm-5, is pulled, and the bond, without miimon, stays on it."""
    made = _made(world, "kvm-5")
    made.bond("bond0").miimon = 0
    made.nic("eth0").carrier = False
    made.nic("eth0").carrier_changes += 1


@fault(LINKS, "bond_members_missing")
def bond_member_gone(world: World) -> None:
    """eth1 of kvm-1 has died: the kernel does not know it any more, and bond0 is left with one member."""
    made = _made(world, "kvm-1")
    made.nics.remove(made.nic("eth1"))
    bond = made.bond("bond0")
    bond.members.remove(bond.member("eth1"))


@fault(LINKS, "uplink_lacp_partner_missing")
def lacp_stopped(world: World) -> None:
    """The switch does not speak LACP any more with bond1 of kvm-4; the links are up."""
    bond = _made(world, "kvm-4").bond("bond1")
    bond.partner_mac = NOBODY
    for place, member in enumerate(bond.members):
        _alone(member)
        member.aggregator = 1 + place


@fault(LINKS, "bond_members_outside")
def bond_split(world: World) -> None:
    """The members of bond0 of kvm-1 hear two switches that are no pair: eth1 is in an aggregator of its own."""
    member = _made(world, "kvm-1").bond("bond0").member("eth1")
    member.aggregator, member.partner_mac = 2, "00:23:04:ee:be:77"
    member.actor_state, member.partner_state = 7, 7


@fault(LINKS, "bond_members_unsynchronised")
def bond_churned(world: World) -> None:
    """The switch has taken eth1, a member of bond0 of kvm-1, out of its port channel."""
    member = _made(world, "kvm-1").bond("bond0").member("eth1")
    member.partner_state, member.partner_churn = 7, "churned"


@fault(LINKS, "nic_half_duplex")
def nic_half_duplex(world: World) -> None:
    """eth0 of kvm-1 runs in half duplex."""
    _made(world, "kvm-1").nic("eth0").duplex = "half"


@fault(LINKS, "nic_merges_bridged_frames")
def nic_merges_frames(world: World) -> None:
    """large-receive-offload is on at eth0 of kvm-2, below its bridges."""
    _made(world, "kvm-2").nic("eth0").lro = True


@fault(LINKS, "nics_slower_than_peers")
def nic_slow(world: World) -> None:
    """eth0 of kvm-3 negotiated 10 of 25 Gb/s."""
    _made(world, "kvm-3").nic("eth0").speed = 10000


@fault(LINKS, "nic_firmwares_differ")
def nic_firmware_old(world: World) -> None:
    """The NICs of kvm-9 have an older firmware than those of its cluster."""
    for nic in _made(world, "kvm-9").nics:
        nic.firmware = "8.30 0x8000a4ae 1.2926.0"


@fault(LINKS, "nic_drivers_differ")
def nic_driver_other(world: World) -> None:
    """The NICs of kvm-9 have a driver that somebody built."""
    for nic in _made(world, "kvm-9").nics:
        nic.driver_version = "2.22.18"


@fault(LINKS, "uplink_wiring_differs")
def cable_elsewhere(world: World) -> None:
    """eth1 of kvm-9 is plugged into the same switch as eth0; on its peers each has its own."""
    made = _made(world, "kvm-9")
    first, second = made.nic("eth0"), made.nic("eth1")
    second.switch, second.chassis, second.switch_port = first.switch, first.chassis, "Ethernet48/1"


@fault(LINKS, "network_backend_differs", "cluster_network_backends")
def backend_differs(world: World) -> None:
    """The agent of kvm-9 is set to Linux bridges, those of its cluster to Open vSwitch."""
    _made(world, "kvm-9").properties["network.bridge.type"] = "native"


def _vlans_in(made: Hypervisor, bridge: str, vlans: range) -> None:
    """Add a bridge with that many VLAN devices as its ports."""
    ports = [VlanDevice(f"bond0.{vlan}", "bond0", vlan, traffic=QUIET) for vlan in vlans]
    made.vlans += ports
    made.bridges.append(Bridge(bridge, [port.name for port in ports], traffic=QUIET))


@fault(LINKS, "vlan_devices")
def vlans_many(world: World) -> None:
    """kvm-6 has 801 VLAN devices."""
    made = _made(world, "kvm-6")
    _vlans_in(made, "spare0", range(3000, 3400))
    _vlans_in(made, "spare1", range(3400, 3801))


@fault(LINKS, "bridges")
def bridges_many(world: World) -> None:
    """kvm-6 has kept 821 bridges without ports."""
    _made(world, "kvm-6").bridges += [Bridge(f"spare{number}", traffic=QUIET) for number in range(821)]


@fault(LINKS, "vlan_devices", "bridge_ports_most")
def bridge_full(world: World) -> None:
    """A bridge of kvm-6 has 901 ports; the kernel takes 1023."""
    _vlans_in(_made(world, "kvm-6"), "spare", range(3000, 3901))


@fault(LINKS, "interfaces")
def interfaces_many(world: World) -> None:
    """kvm-6 has more than 2200 interfaces: 700 VLAN devices, 700 bridges, and 850 taps in one of them."""
    made = _made(world, "kvm-6")
    _vlans_in(made, "spare", range(3000, 3700))
    made.bridges += [Bridge(f"spare{number}", traffic=QUIET) for number in range(700)]
    made.taps += [Tap(f"tap{number}", "", f"fe:00:00:00:{number >> 8:02x}:{number & 255:02x}", "spare0")
                  for number in range(850)]  # fmt: skip


@fault(LINKS, "storage_uplink_down")
def storage_uplink_dead(world: World) -> None:
    """Storage traffic of zone east has a NIC of its own on each host, and that of kvm-1 has no cable."""
    for host in world.hosts:
        if host.zone.name != "east" or host.model:
            continue
        host.hypervisor.bridges.append(Bridge("cloudbr2", ["eth2"]))
        nic = host.hypervisor.nic("eth2")
        nic.is_up, nic.carrier, nic.traffic = True, host.name != "kvm-1", Traffic()
    network = next(zone for zone in world.zones if zone.name == "east").physical[0]
    network.traffic = [(kind, "cloudbr2" if kind == "Storage" else old) for kind, old in network.traffic]


@fault(LINKS, "uplink_down", "bond_members_down")
def uplink_dead(world: World) -> None:
    """Both cables of bond1 of kvm-4 are pulled: its guests are cut off."""
    made = _made(world, "kvm-4")
    bond = made.bond("bond1")
    for member in bond.members:
        _unplug(made, bond, made.nic(member.nic))
    bond.partner_mac = NOBODY


def _rename(made: Hypervisor, old: str, new: str) -> None:
    """Give a bond another name, wherever it is named."""
    made.bond(old).name = new
    for device in made.vlans:
        if device.parent == old:
            device.parent, device.name = new, f"{new}.{device.vlan}"
    for bridge in made.bridges:
        bridge.ports = [port.replace(old, new) for port in bridge.ports]


@fault(LINKS, "uplink_name_too_long_vlans")
def uplink_name_long(world: World) -> None:
    """The bond of kvm-6 is named bond-lacp-1: br<bond>-<VLAN> passes 15 characters."""
    _rename(_made(world, "kvm-6"), "bond0", "bond-lacp-1")


@fault(LINKS, "uplink_name_too_long_vlans")
def uplink_name_long_for_chosen_vlan(world: World) -> None:
    """The bond of kvm-6 is named bondlacp1: room for the range 100-999, none for VLAN 2000 that an L2 network has."""
    _rename(_made(world, "kvm-6"), "bond0", "bondlacp1")
    zone = _host(world, "kvm-6").zone
    zone.physical[0].vlan = "100-999"
    number = 1 + max(network.number for network in world.networks)
    world.networks.append(Network(number, "campus", zone, "", kind="L2", vlan=2000))


@fault(LINKS, "uplink_names_refused", "physical_networks:label_without_uplink", "security_groups:bridges_incomplete")
def uplink_name_refused(world: World) -> None:
    """The bond of kvm-6 is named lag0, which the agent does not take for an uplink."""
    _rename(_made(world, "kvm-6"), "bond0", "lag0")
