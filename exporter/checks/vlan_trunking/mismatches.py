"""VLANs of running machines that their host does not provide.

Symptom: a machine has no network on one host and works after a migration; the switch is blamed for it.
Detect:  each NIC of a machine that runs here, by MAC: tap, bridge and that bridge's VLAN device, all switched on and
         not held by STP; in Open vSwitch the port, and uplinks of its bridge that let the VLAN through.
Fix:     stop and start the machine, or migrate it: the agent makes the bridge again. What holds its frames back
         behind the port is mended there: tag and trunks of the uplink, STP.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from exporter.checks.vlan_trunking.ways_out import held_by_stp, held_by_switch
from exporter.checks.vlan_trunking.wiring import (
    READS,
    SEES,
    Wiring,
    held_back,
    is_bridged,
    network_name,
    vlan_label,
    wiring,
)
from exporter.cloud.cloud import Cloud
from exporter.cloud.second_look import confirmed
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, Metric, Samples, above
from exporter.questions.hosts.domains import DOMAINS, Domain, Interface
from exporter.questions.hosts.links import LINKS, Link
from exporter.thresholds import ROWS_PER_TARGET
from exporter.topology.hosts import is_judged, names
from exporter.topology.labels import Place, is_tap
from exporter.topology.vlans import ExpectedNic, Segment, expected_nics, guest_networks, unplaced

MISMATCHES = Metric(
    "cloudstack_network_vlan_trunking_mismatches",
    "VLANs of machines that run on the host whose bridge, VLAN device or uplink is missing, wrong or closed.",
    labels=("zone", "cluster", "host", "physical_network"),
    problem=above(0),
    subject="host",
    follows=(
        "cloudstack_network_physical_networks_label_missing",
        "cloudstack_network_hypervisor_links_uplink_name_too_long_vlans",
    ),
)
MISMATCH = Metric(
    "cloudstack_network_vlan_trunking_vlan_mismatch",
    "NICs of running machines whose VLAN the host does not provide, by VLAN; only while there are any.",
    labels=("zone", "cluster", "host", "physical_network", "vlan"),
)
RESTART = "Stop and start the machine, or migrate it to another host: the agent makes bridge and VLAN device again."
LOOK = "Look into the agent's log for modifyvlan.sh, and whether something else removed the VLAN device."
OPEN = "Let it pass as on the peers: trunks, tag and vlan_mode of the uplink in Open vSwitch, or STP of the bridge off."
SWITCH = "Private VLANs need Open vSwitch: move the machine to a host that has it, or to a network without one."
SHOWN_BY = (DOMAINS, LINKS)
PRIVATE = "pvlan"
PLUGGED = ("bridge", "network", "vhostuser")
"""Kinds of NICs that are in a bridge of the host; none carries a virtual function (hostdev) or macvtap (direct)."""


@dataclass(frozen=True, slots=True)
class _Fault:
    """What is wrong with one NIC: empty words for nothing, None where it cannot be told."""

    words: str | None
    remedy: str = RESTART


Faults = Mapping[str, Mapping[str, list[_Fault]]]  # physical network id -> VLAN -> what is wrong with each NIC


def judge(target: HostTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield per physical network how many VLANs fail; none where a switch that must be asked did not answer.

    Nor is none said of a physical network all of whose NICs here are passed through: nobody sees their VLANs. Nor of
    any that may be the one of a router's NIC into a private gateway.
    """
    if not is_judged(target, cloud, answers.now):
        yield from held_back(MISMATCHES, target, answers, cloud)
        return
    view = wiring(target, answers, cloud)
    faults: defaultdict[str, defaultdict[str, list[_Fault]]] = defaultdict(lambda: defaultdict(list))
    networks, plugged, unseen = dict.fromkeys(view.found(), True), set(), set()
    for expected, interface in _nics_here(target, answers, cloud):
        network = expected.physical_network_id
        if interface is not None and interface.kind not in PLUGGED:
            unseen.add(network)
            continue
        plugged.add(network)
        fault = _judged(expected, interface, view)
        networks[network] = networks.get(network, True) and fault.words is not None
        key = ("nic", target.host.id, expected.nic.mac)
        if fault.words and confirmed(answers, cloud, *key, shown_by=SHOWN_BY):
            named = _Fault(f"{expected.machine.name}: {fault.words}", fault.remedy)
            faults[network][vlan_label(expected.segment)].append(named)
    untold = unseen - plugged | _untold(target, answers, cloud)
    for network, is_told in networks.items():
        if (is_told and network not in untold) or faults[network]:
            found = [wrong[0] for wrong in faults[network].values()]
            yield MISMATCHES.sample(
                *names(target, cloud),
                network_name(cloud, network),
                value=len(found),
                seen="; ".join(filter(None, (one.words for one in found[:3]))),
                expected="each NIC in a bridge with the VLAN device of its VLAN, or an uplink that lets it through",
                remedy=found[0].remedy if found else "",
            )
    yield from _rows(target, cloud, faults)


def _rows(target: HostTarget, cloud: Cloud, faults: Faults) -> Samples:
    rows = [(len(found), network, vlan) for network, vlans in faults.items() for vlan, found in vlans.items()]
    for number, network, vlan in sorted(rows, key=lambda row: (-row[0], row[1:]))[:ROWS_PER_TARGET]:
        yield MISMATCH.sample(*names(target, cloud), network_name(cloud, network), vlan, value=number)


def _nics_here(target: HostTarget, answers: Answers, cloud: Cloud) -> Iterator[tuple[ExpectedNic, Interface | None]]:
    """Yield NICs of machines that run here by CloudStack and by libvirt, and what libvirt says of each."""
    domains = answers[DOMAINS]
    for expected in expected_nics(cloud, target.host.id):
        domain = domains.get(expected.machine.name)
        if domain is None or not (domain.is_running and expected.machine.is_running):
            continue
        if is_bridged(expected.segment) or expected.segment.scheme == PRIVATE:
            yield expected, _interface(domain, expected.nic.mac)


def _untold(target: HostTarget, answers: Answers, cloud: Cloud) -> set[str]:
    """Return the ids of the physical networks into which a router that runs here may have a private gateway."""
    running = {domain.name for domain in answers[DOMAINS].values() if domain.is_running}
    is_here = any(one.machine.is_running and one.machine.name in running for one in unplaced(cloud, target.host.id))
    return set(guest_networks(cloud, target.host.zone_id)) if is_here else set()


def _judged(expected: ExpectedNic, interface: Interface | None, view: Wiring) -> _Fault:
    """Return what is wrong with a NIC: how it is plugged first, then what holds its frames back behind that."""
    if interface is None:
        return _Fault(f"no NIC with MAC {expected.nic.mac}")
    place = view.place(expected.physical_network_id, expected.nic.traffic_type)
    if expected.segment.scheme == PRIVATE:
        return _fault_private(interface, view)
    if interface.kind == "vhostuser":
        is_switched = interface.tap and place is not None and place.kind == "openvswitch"
        words = _fault_in_switch(interface, place, view) if is_switched else None
    else:
        words = "" if _is_agents_own(expected, interface, view) else _fault(expected, interface, view)
    if words != "":
        return _Fault(words)
    port = view.ovs.ports.get(interface.tap) if view.ovs else None
    if port is not None:
        return _Fault(held_by_switch(port, expected.segment, place, view), OPEN)
    tap = view.links.by_name.get(interface.tap)
    return _Fault(held_by_stp(tap, view) if tap else "", OPEN)


def _fault_private(interface: Interface, view: Wiring) -> _Fault:
    """Return the fault of a private VLAN on Linux bridges, where its NIC is plugged in without any tag.

    In Open vSwitch flows make it private, which nobody reads. Source: BridgeVifDriver, OvsVifDriver.
    """
    tap = view.links.by_name.get(interface.tap)
    bridge = view.links.by_name.get(tap.master) if tap else None
    if bridge is None or bridge.kind != "bridge":
        return _Fault(None)
    return _Fault(f"{interface.tap} is in {bridge.name} without a tag, Linux bridges have no private VLANs", SWITCH)


def _interface(domain: Domain, mac: str) -> Interface | None:
    return next((one for one in domain.interfaces if one.mac == mac), None)


def _fault(expected: ExpectedNic, interface: Interface, view: Wiring) -> str | None:
    """Return what is wrong with the way of one NIC, empty when nothing is; None when it cannot be told."""
    tap = view.links.by_name.get(interface.tap)
    place = view.place(expected.physical_network_id, expected.nic.traffic_type)
    if not interface.tap:
        return None
    if tap is None:
        return f"{interface.tap} is not there"
    if tap.master == "ovs-system" or (place and place.kind == "openvswitch"):
        return _fault_in_switch(interface, place, view)
    if not tap.master:
        return f"{tap.name} is in no bridge"
    if expected.segment.number is None:
        fault = _fault_untagged(tap, place)
    else:
        fault = _fault_tagged(tap, expected.segment, place.pif if place else "", view)
        if fault == "" and expected.segment.is_vlan and _is_unknown(expected, view):
            return None  # it may hang on another uplink than it should
    return _fault_switched_off(tap, interface, view) if fault == "" else fault


def _is_unknown(expected: ExpectedNic, view: Wiring) -> bool:
    """Return whether nobody told where the NIC's traffic lies."""
    place = view.places.get((expected.physical_network_id, expected.nic.traffic_type))
    return place is not None and place.kind == "unknown"


def _is_agents_own(expected: ExpectedNic, interface: Interface, view: Wiring) -> bool:
    """Return whether an untagged NIC is where the agent plugs it; a label that says otherwise does not count.

    That label and agent differ is said by physical_networks.
    """
    own = view.own.get(expected.nic.traffic_type)
    if expected.segment.number is not None or not own:
        return False
    tap = view.links.by_name.get(interface.tap)
    port = view.ovs.ports.get(interface.tap) if view.ovs else None
    return own in (tap.master if tap else "", port.bridge if port else "")


def _fault_in_switch(interface: Interface, place: Place | None, view: Wiring) -> str | None:
    """Judge the bridge of Open vSwitch; the tag of the port is open_vswitch's."""
    if view.ovs is None:
        return None
    port = view.ovs.ports.get(interface.tap)
    if port is None:
        return f"{interface.tap} is no port of Open vSwitch"
    if place is None or place.kind != "openvswitch":
        return None
    own = view.ovs.ports.get(place.device)  # a label may name a bridge in a VLAN of another
    is_there = port.bridge == place.device or (own is not None and own.bridge == port.bridge)
    return "" if is_there else f"{port.name} is in {port.bridge}, not in {place.device}"


def _fault_untagged(tap: Link, place: Place | None) -> str | None:
    if place is None or place.kind != "bridge":
        return None
    return "" if tap.master == place.device else f"{tap.name} is in {tap.master}, not in {place.device}"


def _fault_tagged(tap: Link, segment: Segment, pif: str, view: Wiring) -> str:
    """Judge the wires, not the names: bridges of older releases and of other scripts are named otherwise."""
    ports = [view.links.by_name[name] for name in view.links.ports.get(tap.master, ()) if not is_tap(name)]
    right = [port for port in ports if segment.number == (port.vlan if segment.is_vlan else port.vni)]
    if not right:
        others = ", ".join(port.name for port in ports) or "no uplink"
        return f"{tap.name} is in {tap.master} with {others}, VLAN {vlan_label(segment)} is not there"
    device = right[0]
    if not device.is_up:
        return f"{device.name} is switched off"
    if segment.is_vlan and pif and device.parent != pif:
        return f"{device.name} hangs on {device.parent}, not on {pif}"
    return ""


def _fault_switched_off(tap: Link, interface: Interface, view: Wiring) -> str | None:
    """Judge tap and bridge, which are wired well: nothing passes one that is off, whatever its ports say.

    A tap may be off because the link of the NIC is off on purpose, which libvirt says.
    """
    bridge = view.links.by_name.get(tap.master)
    if bridge is not None and not bridge.is_up:
        return f"{bridge.name} is switched off"
    if tap.is_up or interface.is_linked is False:
        return ""
    return f"{tap.name} is switched off" if interface.is_linked else None


CHECK = Check(
    title="VLANs on hosts",
    metrics=(MISMATCHES, MISMATCH),
    remedies=(RESTART, LOOK, OPEN, SWITCH),
    judges={HostTarget: judge},
    asks={HostTarget: SHOWN_BY},
    uses={HostTarget: SEES},
    reads=READS,
    judges_cloud=True,
)
