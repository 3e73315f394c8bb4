"""Faults of VLANs: on hosts, on switch ports, in ranges. Which host each strikes stands in its sentence."""

from __future__ import annotations

from exporter.lab.faults.fault import fault
from exporter.lab.world import machines, tenants
from exporter.lab.world.hypervisor import Hypervisor, Tap, Traffic, VlanDevice
from exporter.lab.world.places import LAST_VLAN, Host, Instance, Network, Nic, PhysicalNetwork
from exporter.lab.world.racking import plug_in
from exporter.lab.world.tenants import DAY
from exporter.lab.world.world import MetadataEntry, Router, World
from exporter.model import Issue

VLAN = Issue.VLAN_TRUNKING
FAST = 2_000_000
"""Frames a second: enough between two looks that follow each other at once."""


def _host(world: World, name: str) -> Host:
    return next(host for host in world.hosts if host.name == name)


def _made(world: World, name: str) -> Hypervisor:
    return _host(world, name).hypervisor


def _instance(world: World, host: str, network: str = "") -> Instance:
    """Return the first running instance of a host, in a network."""
    return next(
        one
        for one in world.instances
        if one.host.name == host and one.state == "Running" and network in ("", one.network.name)
    )


def _tap(world: World, host: str) -> Tap:
    """Return the tap of the first instance of a host."""
    mac = _instance(world, host).nic.mac
    return next(tap for tap in _made(world, host).taps if tap.mac == mac)


def _vlan_device(made: Hypervisor, tap: Tap) -> VlanDevice:
    ports = next(bridge.ports for bridge in made.bridges if bridge.name == tap.bridge)
    return next(device for device in made.vlans if device.name in ports)


@fault(VLAN, "mismatches")
def vlan_device_gone(world: World) -> None:
    """Somebody removed the VLAN device of a running instance of kvm-1; its bridge is still there."""
    made, tap = _made(world, "kvm-1"), _tap(world, "kvm-1")
    device = _vlan_device(made, tap)
    made.vlans.remove(device)
    next(bridge for bridge in made.bridges if bridge.name == tap.bridge).ports.remove(device.name)


@fault(VLAN, "mismatches")
def vlan_device_off(world: World) -> None:
    """The VLAN device of a running instance of kvm-4 is switched off."""
    made = _made(world, "kvm-4")
    _vlan_device(made, _tap(world, "kvm-4")).is_up = False


@fault(VLAN, "mismatches")
def vlan_bridge_off(world: World) -> None:
    """The VLAN bridge of a running instance of kvm-4 is switched off; its VLAN device and the tap are not."""
    made, tap = _made(world, "kvm-4"), _tap(world, "kvm-4")
    next(bridge for bridge in made.bridges if bridge.name == tap.bridge).is_up = False


@fault(VLAN, "mismatches")
def vlan_device_blocked(world: World) -> None:
    """STP blocks the VLAN device of a running instance of kvm-4 in its bridge; all links are up."""
    made, tap = _made(world, "kvm-4"), _tap(world, "kvm-4")
    made.bridge(tap.bridge).blocked = [_vlan_device(made, tap).name]


@fault(VLAN, "mismatches")
def vlan_nic_untagged(world: World) -> None:
    """The NIC of a running instance of kvm-2 is plugged into the label's bridge, not into the one of its VLAN."""
    tap = _tap(world, "kvm-2")
    tap.bridge = tap.source = "cloudbr1"


@fault(VLAN, "mismatches")
def vlan_tap_off(world: World) -> None:
    """Somebody switched the tap of a running instance of kvm-2 off, on the host alone."""
    _tap(world, "kvm-2").is_up = False


@fault(VLAN, "mismatches")
def vlan_private_gateway_untagged(world: World) -> None:
    """r-9-VM has a private gateway, whose NIC is plugged into the label's bridge, not into the one of its VLAN."""
    router = world.router(9)
    network = Network(900, "erp-gateway", router.zone, "127.19.200.", vpc=router.vpc, vlan=LAST_VLAN + 50)
    nic = Nic("Guest", f"{network.prefix}2", "02:01:03:84:00:09", network.gateway, network, f"eth{len(router.nics)}")
    nic.default = False
    world.private_gateways.append(network)
    router.nics.append(nic)
    made = router.host.hypervisor
    made.taps.append(Tap(f"vnet{100 + len(made.taps)}", router.name, nic.mac, "cloudbr1", nic.address))


@fault(VLAN, "devices_without_bridge")
def vlan_bridge_outside_range_not_made(world: World) -> None:
    """On kvm-5 no bridge was made of an L2 network whose VLAN was chosen outside of the guest range."""
    host = _host(world, "kvm-5")
    world.networks.append(Network(901, "chosen", host.zone, "127.19.201.", kind="L2", vlan=LAST_VLAN + 51))
    host.hypervisor.vlans.append(VlanDevice(f"bond0.{LAST_VLAN + 51}", "bond0", LAST_VLAN + 51))


@fault(VLAN, "devices_without_bridge")
def vlan_bridge_not_made(world: World) -> None:
    """On kvm-2 the creation of the bridge of the network frontend failed and left its VLAN device behind."""
    vlan = next(one.vlan for one in world.networks if one.name == "frontend")
    _made(world, "kvm-2").vlans.append(VlanDevice(f"bond0.{vlan}", "bond0", vlan))


@fault(VLAN, "one_way_vlans", after=1.0)
def vlan_one_way(world: World) -> None:
    """kvm-1 sends in the VLAN of an instance and hears nobody, while the hosts of others of its network send too."""
    made = _made(world, "kvm-1")
    others = {one.network for one in world.instances if one.host.name != "kvm-1" and one.state == "Running"}
    one = next(one for one in world.instances if one.host.name == "kvm-1" and one.network in others)
    tap = next(tap for tap in made.taps if tap.mac == one.nic.mac)
    device = _vlan_device(made, tap)
    device.traffic.rx = 0
    for host in world.hosts:
        for same in (
            peer for peer in host.hypervisor.vlans if peer.vlan == device.vlan and peer.parent == device.parent
        ):
            same.traffic.tx = FAST


@fault(VLAN, "native_vlan_differs")
def native_vlan_other(world: World) -> None:
    """The switch port of eth0 of kvm-8 has another native VLAN than those of its peers."""
    _made(world, "kvm-8").nic("eth0").pvid = 20


@fault(VLAN, "native_vlan_conflicts")
def native_vlan_in_use(world: World) -> None:
    """The switch ports of bond1 of kvm-4 give a VLAN without a tag that an instance uses with one."""
    made = _made(world, "kvm-4")
    vlan = _vlan_device(made, _tap(world, "kvm-4")).vlan
    for nic in ("eth2", "eth3"):
        made.nic(nic).pvid = vlan


@fault(VLAN, "unnamed_vlans")
def vlan_not_on_port(world: World) -> None:
    """The switch ports of kvm-7 do not name the VLAN of the network fabric any more; those of its peers do."""
    made = _made(world, "kvm-7")
    vlan = next(one.vlan for one in world.networks if one.name == "fabric")
    for nic in made.nics:
        nic.lldp_vlans = [one for one in nic.lldp_vlans if one != vlan]


@fault(VLAN, "mtu_conflicts")
def mtu_over_bond(world: World) -> None:
    """The bridge of the label cloudbr1 of kvm-4 takes frames of 9000 bytes, the bond below it does not."""
    next(bridge for bridge in _made(world, "kvm-4").bridges if bridge.name == "cloudbr1").mtu = 9000


@fault(VLAN, "mtu_conflicts")
def mtu_over_switch(world: World) -> None:
    """kvm-4 uses jumbo frames for guests, and its switch ports take 1522 bytes."""
    made = _made(world, "kvm-4")
    made.bond("bond1").mtu = 9000
    for nic in ("eth2", "eth3"):
        made.nic(nic).mtu, made.nic(nic).max_frame = 9000, 1522


@fault(VLAN, "mtu_differs")
def mtu_unlike_peers(world: World) -> None:
    """kvm-8 alone uses jumbo frames for guests."""
    for nic in ("eth2", "eth3"):
        _made(world, "kvm-8").nic(nic).mtu = 9000


@fault(VLAN, "public_in_guest_range")
def public_vlan_in_guest_range(world: World) -> None:
    """The guest range of zone south was extended over the public VLAN."""
    world.zones[2].physical[0].vlan = "80-3999"


@fault(VLAN, "range_overlaps")
def vlan_ranges_overlap(world: World) -> None:
    """Zone north has a second physical network with the same guest label and some of the same VLANs."""
    world.zones[3].physical.append(PhysicalNetwork("north-2", [("Guest", "cloudbr1")], "3900-4000", "special"))


@fault(VLAN, "uplink_overlaps")
def vlan_ranges_on_one_uplink(world: World) -> None:
    """Zone east has a second physical network, with another label and the same VLANs, on the same bond."""
    world.zones[0].physical.append(PhysicalNetwork("east-2", [("Guest", "cloudbr0")], "3900-4000", "special"))


@fault(VLAN, "pool_free_ratio")
def vlan_pool_empty(world: World) -> None:
    """The guest range of zone east ends with the VLANs that its networks have."""
    east = world.zones[0]
    vlans = sorted(one.vlan for one in world.networks if one.zone is east)
    ranges = [f"{vlan}-{vlan}" for vlan in vlans]
    east.physical[0].vlan = ",".join(ranges)


@fault(VLAN, "pool_free_vlans")
def vlan_pool_dedicated(world: World) -> None:
    """Zone east has only forty VLANs, and all but four that no network has were given to one account."""
    east = world.zones[0]
    taken = {one.vlan for one in world.networks if one.zone is east}
    free = [vlan for vlan in range(3000, 3100) if vlan not in taken][: 40 - len(taken)]
    east.physical[0].vlan = ",".join(f"{vlan}-{vlan}" for vlan in sorted({*taken, *free}))
    east.physical[0].dedicated = [f"{vlan}-{vlan}" for vlan in free[4:]]


@fault(VLAN, "duplicate_macs")
def instance_runs_twice(world: World) -> None:
    """An instance of kvm-3 also runs on kvm-2, of which CloudStack knows nothing."""
    host = _host(world, "kvm-2")
    machine = machines.instance(_instance(world, "kvm-3"))
    plug_in(machine, host)
    host.hypervisor.domains[-1].stays = True


@fault(VLAN, "foreign_macs")
def address_taken(world: World) -> None:
    """Another machine answers for the address of an instance behind r-4-VM."""
    router = world.router(4)
    router.heard[world.served(router)[0].nic.address] = "02:00:ff:00:00:99"


@fault(VLAN, "untaken_dhcp_offers")
def second_dhcp_server(world: World) -> None:
    """Another DHCP server in the network of r-4-VM was faster: an instance has an address of its range since."""
    router = world.router(4)
    address = world.served(router)[0].nic.address
    router.untaken[address] = 2
    router.silent.add(address)


def _new_instance(world: World, router: Router, on: str) -> Instance:
    """Add a running instance behind a router, of which the router was told."""
    host = _host(world, on)
    new = tenants.instance(world, router.networks[0], host)
    plug_in(machines.instance(new), host)
    router.names.append((new.nic.address, new.name))
    router.web.entries[new.nic.address] = MetadataEntry(new.nic.address, new.id, new.name)
    return new


@fault(VLAN, "silent_vlans")
def vlan_silent_on_one_host(world: World) -> None:
    """The machines of the network frontend on kvm-3 do not answer their router, those on other hosts do."""
    router = world.router(4)
    for name in ("kvm-2", "kvm-3", "kvm-3"):
        _new_instance(world, router, name)
    router.silent = {one.nic.address for one in world.served(router) if one.host.name == "kvm-3"}


@fault(VLAN, "silent_vlans")
def vlans_silent_with_one_machine_each(world: World) -> None:
    """The switch lost the VLANs of kvm-2, where no network has more than one machine: nobody elsewhere hears them."""
    for router in world.routers:
        for one in world.served(router):
            if one.host is not router.host and "kvm-2" in (one.host.name, router.host.name):
                router.silent.add(one.nic.address)


@fault(VLAN, "silent_vlans", after=1000)
def vlans_never_trunked(world: World) -> None:
    """The switch never had the VLANs of frontend on kvm-2 and of legacy on kvm-1: new machines beg there in vain."""
    for number, name in ((4, "kvm-2"), (5, "kvm-1")):
        router = world.router(number)
        for _ in range(2):
            new = _new_instance(world, router, name)
            new.template, new.created = "appliance", world.start - DAY  # all of its machines: it is not the template
            router.unheard.add(new.nic.address)
        vlan = router.networks[0].vlan
        device = next(one for one in _made(world, name).vlans if one.vlan == vlan)
        device.traffic = Traffic(rx=0, tx=1, rx_multicast=0, rx_broadcast=0, base=4000, heard=False)
