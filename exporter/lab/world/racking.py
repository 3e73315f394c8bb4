"""Healthy hypervisors: NICs, bonds and bridges as the zone is wired, and every machine plugged in.

As CloudStack does it: a traffic label is a bridge; VLAN N on a label whose uplink hangs on P is the device ``P.N``
in the bridge ``brP-N``, made on demand; on Open vSwitch the label's bridge itself is used, and the VLAN is the
port's tag. Control NICs are in ``cloud0``.
"""

from __future__ import annotations

from collections.abc import Callable

from exporter.lab.world.hypervisor import (
    Bond,
    BondMember,
    Bridge,
    Domain,
    Firewall,
    HostNic,
    Hypervisor,
    MachineRules,
    Ovs,
    OvsBridge,
    OvsInterface,
    OvsPort,
    Tap,
    Traffic,
    VlanDevice,
)
from exporter.lab.world.machines import Machine, Plug, machines
from exporter.lab.world.places import Host, identity
from exporter.lab.world.world import World

NATIVE_VLAN = 10
"""Port VLAN id of every switch port."""
GUEST_UPLINK = 50
"""The VLAN device of zone east in whose bridge the guest label is."""
SWITCHES = ("leaf-a", "leaf-b")
UNUSED = Traffic(0, 0, 0, 0, base=0)


def rack(world: World) -> None:
    """Build the hypervisor of every host that answers for itself, and plug in every machine that runs there."""
    hosts = [host for host in world.hosts if not host.model]
    for host in hosts:
        host.hypervisor = bare(host, host.number, world.settings.get("host", ""))
    for machine in machines(world):
        if machine.is_running and not machine.host.model:
            plug_in(machine, machine.host)
    for zone in world.zones:
        name_vlans([host.hypervisor for host in hosts if host.zone is zone])


def bare(host: Host, number: int, management: str = "") -> Hypervisor:
    """Return a host without machines; ``number`` makes its MACs."""
    made = Hypervisor(properties=_properties(host, management))
    made.nics = [_nic(f"eth{place}", number, place) for place in range(4)]
    WIRING[host.zone.name](made)
    used = {member.nic for bond in made.bonds for member in bond.members}
    used |= {one.name for bridge in (made.ovs.bridges if made.ovs else []) for port in bridge.ports
             for one in port.interfaces}  # fmt: skip
    for nic in made.nics:
        if nic.name not in used:
            nic.is_up, nic.carrier, nic.switch, nic.traffic = False, False, "", UNUSED
    if host.zone.security_groups:
        made.firewall = Firewall()
    return made


def _nic(name: str, number: int, place: int) -> HostNic:
    return HostNic(
        name,
        f"3c:fd:fe:{number >> 8 & 255:02x}:{number & 255:02x}:{place:02x}",
        bus=f"0000:3b:00.{place}",
        switch=SWITCHES[place % 2],
        chassis=f"00:1c:73:00:00:{10 + place % 2}",
        switch_port=f"Ethernet{number}/{1 + place // 2}",
        pvid=NATIVE_VLAN,
    )


def _properties(host: Host, management: str) -> dict[str, str]:
    zone = host.zone
    return {
        "guid": identity("guid", host.name),
        "resource": "com.cloud.hypervisor.kvm.resource.LibvirtComputingResource",
        "workers": "5",
        "host": f"{management}@static",
        "port": "8250",
        "zone": zone.id,
        "pod": identity("pod", zone.name),
        "cluster": identity("cluster", host.cluster),
        "private.network.device": zone.labels["Management"],
        "public.network.device": zone.labels["Public"],
        "guest.network.device": zone.labels["Guest"],
        "network.bridge.type": zone.backend,
        "hypervisor.type": "kvm",
    }


def _east(made: Hypervisor) -> None:
    """One LACP bond for everything; the guest label lies on a VLAN device, so guest VLANs hang on the bond."""
    made.bonds = [Bond("bond0", [BondMember("eth0"), BondMember("eth1")])]
    made.vlans = [VlanDevice(f"bond0.{GUEST_UPLINK}", "bond0", GUEST_UPLINK)]
    made.bridges = [Bridge("cloudbr0", ["bond0"]), Bridge("cloudbr1", [f"bond0.{GUEST_UPLINK}"]), Bridge("cloud0")]


def _west(made: Hypervisor) -> None:
    """Two LACP bonds; management comes tagged."""
    pairs = (("bond0", "eth0", "eth1"), ("bond1", "eth2", "eth3"))
    made.bonds = [Bond(name, [BondMember(first), BondMember(second)]) for name, first, second in pairs]
    made.vlans = [VlanDevice("bond0.30", "bond0", 30)]
    made.bridges = [Bridge("cloudbr0", ["bond0.30"]), Bridge("cloudbr1", ["bond1"]), Bridge("cloud0")]


def _south(made: Hypervisor) -> None:
    """One bond with a spare member and one bridge for everything."""
    members = [BondMember(nic, aggregator=0, partner_mac="") for nic in ("eth0", "eth1")]
    made.bonds = [Bond("bond0", members, mode=1, active="eth0", primary="eth0", aggregator=0, partner_mac="")]
    made.bridges = [Bridge("cloudbr0", ["bond0"]), Bridge("cloud0")]


def _north(made: Hypervisor) -> None:
    """Open vSwitch: an LACP bond for management and public traffic, one without LACP for guests."""
    lacp = OvsPort("bond0", bond_mode="balance-tcp", lacp="active")
    plain = OvsPort("bond1", bond_mode="balance-slb", lacp_status="off")
    bridges = [
        OvsBridge("cloudbr0", [_ovs_bond(made, lacp, "eth0", "eth1")]),
        OvsBridge("cloudbr1", [_ovs_bond(made, plain, "eth2", "eth3")]),
        OvsBridge("cloud0"),
    ]
    made.ovs = Ovs(bridges)


def _ovs_bond(made: Hypervisor, port: OvsPort, *nics: str) -> OvsPort:
    port.interfaces = [OvsInterface(nic, ofport=1 + place, mac=made.nic(nic).mac) for place, nic in enumerate(nics)]
    return port


WIRING: dict[str, Callable[[Hypervisor], None]] = {"east": _east, "west": _west, "south": _south, "north": _north}


def plug_in(machine: Machine, host: Host) -> None:
    """Add a running machine to a host: its domain, its taps, and the bridges that they need."""
    made = host.hypervisor
    number = max((one.number for one in made.domains), default=0) + 1
    made.domains.append(Domain(machine.name, number))
    for plug in machine.plugs:
        made.taps.append(_tap(machine, plug, host))
    if machine.guarded and made.firewall:
        made.firewall.machines[machine.name] = MachineRules(machine.name)


def _tap(machine: Machine, plug: Plug, host: Host) -> Tap:
    made = host.hypervisor
    place = max((int(tap.name[4:]) for tap in made.taps), default=-1) + 1
    tap = Tap(f"vnet{place}", machine.name, plug.mac, "cloud0", plug.address, plug.traffic)
    if plug.traffic == "Control":
        return tap
    label = host.zone.labels[plug.traffic]
    if made.ovs:
        tap.bridge, tap.tag = label, plug.vlan
    else:
        tap.bridge = label if plug.vlan is None else vlan_bridge(made, label, plug.vlan)
    return tap


def vlan_bridge(made: Hypervisor, label: str, vlan: int) -> str:
    """Return the bridge of a VLAN below a label; it is made if it is not there."""
    uplink = made.bridge(label).ports[0]
    pif = next((one.parent for one in made.vlans if one.name == uplink), uplink)
    name = f"br{pif}-{vlan}"
    if all(bridge.name != name for bridge in made.bridges):
        made.vlans.append(VlanDevice(f"{pif}.{vlan}", pif, vlan))
        made.bridges.append(Bridge(name, [f"{pif}.{vlan}"]))
    return name


def pull_out(name: str, host: Host) -> None:
    """Remove a machine from a host; VLAN bridges that nobody uses any more go with it, as the agent does it."""
    made = host.hypervisor
    left = {tap.bridge for tap in made.taps if tap.machine == name}
    made.domains = [one for one in made.domains if one.name != name]
    made.taps = [tap for tap in made.taps if tap.machine != name]
    if made.firewall:
        made.firewall.machines.pop(name, None)
    gone = {bridge for bridge in left if bridge.startswith("br")} - {tap.bridge for tap in made.taps}
    devices = {port for bridge in made.bridges if bridge.name in gone for port in bridge.ports}
    made.bridges = [bridge for bridge in made.bridges if bridge.name not in gone]
    made.vlans = [device for device in made.vlans if device.name not in devices]


def settle(world: World) -> None:
    """Move machines to where the world says they are after faults changed it; domains that stay are left alone."""
    known = {machine.name: machine for machine in machines(world)}
    for host in world.hosts:
        for domain in list(host.hypervisor.domains):
            machine = known.get(domain.name)
            if machine and not domain.stays and (not machine.is_running or machine.host is not host):
                pull_out(domain.name, host)
                if machine.is_running and not machine.host.model:
                    plug_in(machine, machine.host)


def name_vlans(zone: list[Hypervisor]) -> None:
    """Let the switches name every VLAN that a host of the zone uses, and the native one."""
    tagged = {device.vlan for made in zone for device in made.vlans}
    tagged |= {tap.tag for made in zone for tap in made.taps if tap.tag}
    for made in zone:
        for nic in made.nics:
            nic.lldp_vlans = sorted({NATIVE_VLAN, *tagged}) if nic.switch else []
