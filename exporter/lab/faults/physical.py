"""Faults of traffic labels on hosts, of the management network, and of physical networks in CloudStack."""

from __future__ import annotations

from exporter.lab.faults.fault import fault
from exporter.lab.world.hypervisor import Bridge, Hypervisor, Traffic, VlanDevice
from exporter.lab.world.places import Network, PhysicalNetwork, Zone
from exporter.lab.world.world import World
from exporter.model import Issue

PHYSICAL = Issue.PHYSICAL_NETWORKS
FAST = 2_000_000
"""Frames a second: enough between two looks that follow each other at once."""


def _host(world: World, name: str) -> Hypervisor:
    return next(host.hypervisor for host in world.hosts if host.name == name)


def _zone(world: World, name: str) -> Zone:
    return next(zone for zone in world.zones if zone.name == name)


def _relabel(world: World, zone: str, traffic: str, label: str) -> None:
    """Set the label of a traffic type in CloudStack; the hosts stay as they are."""
    network = _zone(world, zone).physical[0]
    network.traffic = [(kind, label if kind == traffic else old) for kind, old in network.traffic]


def _tagged_management(made: Hypervisor, parent: str, vlan: int) -> None:
    """Give the private bridge another uplink: a VLAN device."""
    bridge = made.bridge("cloudbr0")
    made.vlans = [device for device in made.vlans if device.name not in bridge.ports]
    made.vlans.append(VlanDevice(f"{parent}.{vlan}", parent, vlan))
    bridge.ports = [f"{parent}.{vlan}"]


@fault(PHYSICAL, "label_missing")
def label_bridge_renamed(world: World) -> None:
    """The bridge of guest traffic on kvm-2 has another name; VLAN bridges that are there already go on."""
    _host(world, "kvm-2").bridge("cloudbr1").name = "cloudbr7"


@fault(PHYSICAL, "label_missing")
def label_moved_in_cloudstack(world: World) -> None:
    """The guest label of zone west names a bridge that kvm-4 does not have."""
    _relabel(world, "west", "Guest", "cloudbr5")


@fault(PHYSICAL, "label_missing")
def label_of_switch_missing(world: World) -> None:
    """The guest label of zone north names no bridge of Open vSwitch."""
    _relabel(world, "north", "Guest", "cloudbr5")


@fault(PHYSICAL, "label_without_uplink")
def label_bridge_without_uplink(world: World) -> None:
    """The bridge of guest traffic on kvm-2 lost its uplink."""
    _host(world, "kvm-2").bridge("cloudbr1").ports = []


@fault(PHYSICAL, "label_extra_uplinks")
def label_bridge_with_two_uplinks(world: World) -> None:
    """The bridge of guest traffic on kvm-4 has a second uplink, a VLAN device that somebody forgot."""
    made = _host(world, "kvm-4")
    made.vlans.append(VlanDevice("bond0.77", "bond0", 77))
    made.bridge("cloudbr1").ports.append("bond0.77")


@fault(PHYSICAL, "label_switched_off")
def label_bridge_switched_off(world: World) -> None:
    """The bridge of guest traffic on kvm-1 is switched off."""
    _host(world, "kvm-1").bridge("cloudbr1").is_up = False


@fault(PHYSICAL, "storage_label_missing")
def storage_label_missing(world: World) -> None:
    """The storage label of zone east names a bridge that no host has."""
    _relabel(world, "east", "Storage", "cloudbr9")


@fault(PHYSICAL, "storage_label_without_uplink")
def storage_bridge_without_uplink(world: World) -> None:
    """Storage traffic of zone east has a bridge of its own on each host, without uplink."""
    _relabel(world, "east", "Storage", "cloudbr9")
    for host in world.hosts:
        if host.zone.name == "east":
            host.hypervisor.bridges.append(Bridge("cloudbr9"))


@fault(PHYSICAL, "labels_unlike_agent", "management_nics_misplaced")
def agent_uses_another_bridge(world: World) -> None:
    """agent.properties of kvm-1 names another private device than the label; its console proxy is still in the old."""
    _host(world, "kvm-1").properties["private.network.device"] = "cloudbr1"


@fault(PHYSICAL, "labels_unlike_agent")
def agent_plugs_untagged_guests_elsewhere(world: World) -> None:
    """Zone north (Open vSwitch) has an untagged network, and the agent of kvm-7 another guest device than the label."""
    number = 1 + max(network.number for network in world.networks)
    world.networks.append(Network(number, "flat", _zone(world, "north"), "", kind="L2", is_untagged=True))
    _host(world, "kvm-7").properties["guest.network.device"] = "cloudbr0"


@fault(PHYSICAL, "labels_unlike_peers", "labels_unlike_agent", "management_nics_misplaced")
def agent_default_unlike_peers(world: World) -> None:
    """Storage traffic of zone east has no label, and the agent of kvm-2 has another private device than its peers."""
    _relabel(world, "east", "Storage", "")
    _host(world, "kvm-2").properties["private.network.device"] = "cloudbr1"


@fault(PHYSICAL, "own_vlans_in_guest_range")
def label_vlan_in_guest_range(world: World) -> None:
    """VLAN 50, on which the guest bridge of each host of zone east lies, is in its guest range too."""
    _zone(world, "east").physical[0].vlan = "50-50,100-3999"


@fault(PHYSICAL, "own_vlans_in_guest_range", looks=3)
def host_speaks_in_guest_range(world: World) -> None:
    """kvm-6 mounts its backups over bond0.3500, and the guest range of zone south has VLAN 3500 to give."""
    _host(world, "kvm-6").vlans.append(VlanDevice("bond0.3500", "bond0", 3500, traffic=Traffic(rx=FAST, tx=FAST)))


@fault(PHYSICAL, "management_vlan_mismatch")
def management_in_another_vlan(world: World) -> None:
    """The private bridge of kvm-4 is in VLAN 31, the pod's range in VLAN 30."""
    _tagged_management(_host(world, "kvm-4"), "bond0", 31)


@fault(PHYSICAL, "management_vlan_unlike_peers")
def management_vlan_unlike_peers(world: World) -> None:
    """The private bridge of kvm-3 is in VLAN 40, those of its peers are untagged."""
    _tagged_management(_host(world, "kvm-3"), "bond0", 40)


@fault(PHYSICAL, "management_nics_misplaced")
def system_vm_in_another_bridge(world: World) -> None:
    """The private NIC of s-3-VM on kvm-3 is plugged into the guest bridge."""
    made = _host(world, "kvm-3")
    next(tap for tap in made.taps if tap.machine == "s-3-VM" and tap.traffic_type == "Management").bridge = "cloudbr1"


@fault(PHYSICAL, "traffic_types_missing")
def traffic_type_missing(world: World) -> None:
    """No physical network of zone north carries management traffic."""
    network = _zone(world, "north").physical[0]
    network.traffic = [(kind, label) for kind, label in network.traffic if kind != "Management"]


@fault(PHYSICAL, "traffic_types_doubled")
def traffic_type_doubled(world: World) -> None:
    """Two physical networks of zone west carry public traffic."""
    _zone(world, "west").physical.append(PhysicalNetwork("west-second", [("Public", "cloudbr0")], vlan=""))


@fault(PHYSICAL, "guest_networks_untagged")
def guest_networks_without_tags(world: World) -> None:
    """Zone west has a second guest physical network, without tags."""
    zone = _zone(world, "west")
    zone.physical.append(PhysicalNetwork("west-second", [("Guest", "cloudbr1")], vlan="", tags=""))


@fault(PHYSICAL, "offerings_without_network")
def offering_fits_nowhere(world: World) -> None:
    """Every zone has two guest physical networks, and no tag of theirs is the one of an offering."""
    for zone in world.zones:
        first = zone.physical[0]
        first.tags = "first"
        label = zone.labels["Guest"]
        zone.physical.append(PhysicalNetwork(f"{zone.name}-second", [("Guest", label)], vlan="", tags="second"))


@fault(PHYSICAL, "vlan_range_missing")
def vlan_range_missing(world: World) -> None:
    """The guest physical network of zone west has no VLANs to give."""
    _zone(world, "west").physical[0].vlan = ""


@fault(PHYSICAL, "network_disabled")
def physical_network_disabled(world: World) -> None:
    """The physical network of zone west is disabled."""
    _zone(world, "west").physical[0].state = "Disabled"


@fault(PHYSICAL, "providers_disabled")
def provider_disabled(world: World) -> None:
    """The provider VirtualRouter is disabled on the physical network of zone west."""
    _zone(world, "west").physical[0].providers["VirtualRouter"] = "Disabled"
