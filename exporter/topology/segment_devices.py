"""The devices by which a host's bridges reach a segment, and what they have counted between its last two visits.

A VLAN has one below the label's interface, a VXLAN one of its VNI. Open vSwitch has none: there the taps of machines
count.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from exporter.model import Answers
from exporter.questions.hosts.links import LINKS, Link, Links
from exporter.questions.hosts.ovs import OvsDatabase
from exporter.topology.labels import Place, is_tap
from exporter.topology.vlans import Segment

Way = tuple[str, Segment]
"""The interface below a VLAN device, or the bridge of Open vSwitch, and its VLAN; of a VXLAN device its VNI alone."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Frames of a device between two visits.

    Attributes:
        received: from elsewhere.
        left: of those sent at least so many went beyond the host.
        is_certain: none came from elsewhere beside those received.
    """

    received: int
    sent: int
    left: int
    is_certain: bool = True


def segment_devices(links: Links) -> Mapping[Way, Link]:
    """Return the devices of VLANs and VXLANs of a host by their way."""
    vlans = {(link.parent, Segment("vlan", link.vlan)): link for link in links.of_kind("vlan")}
    vxlans = {("", Segment("vxlan", link.vni)): link for link in links.of_kind("vxlan") if link.vni is not None}
    return vlans | vxlans


def way_of(place: Place, segment: Segment) -> Way:
    """Return the way of a segment where its traffic lies."""
    if place.kind == "openvswitch":
        return (place.device, segment)
    return ("" if segment.scheme == "vxlan" else place.pif, segment)


def is_spared(device: Link) -> bool:
    """Return whether broadcasts of others may never come to a device: EVPN answers for them, on a VXLAN of all NICs.

    Source: modifyvxlan-evpn.sh, which makes the device without ``dev``, and with neigh_suppress.
    """
    return device.kind == "vxlan" and not device.parent


def switch_taps(ovs: OvsDatabase | None) -> Mapping[tuple[str, int], tuple[str, ...]]:
    """Return the taps of machines in Open vSwitch, by bridge and VLAN."""
    found: defaultdict[tuple[str, int], tuple[str, ...]] = defaultdict(tuple)
    for port in ovs.ports.values() if ovs else ():
        if port.tag and is_tap(port.name):
            found[port.bridge, port.tag] += (port.name,)
    return found


def switched(taps: Collection[str], answers: Answers) -> Counted | None:
    """Return what machines in one VLAN of Open vSwitch, with these taps, heard from elsewhere, and sent.

    A tap receives what its machine sends. What a machine heard may all be of the others here, so only what they did not
    send is from elsewhere, and only what these did not hear has left. None where nothing can be compared.
    """
    links = answers[LINKS].by_name
    frames = [counted(links[tap], answers) if tap in links else None for tap in taps]
    told = [one for one in frames if one is not None]
    sent = sum(one.received for one in told)
    heard = max((one.sent - (sent - one.received) for one in told), default=0)
    is_certain = heard > 0 or not any(one.sent for one in told)
    taken = sum(one.sent for one in told)
    left = max((one.received - (taken - one.sent) for one in told), default=0)
    is_whole = bool(told) and len(told) == len(frames)
    return Counted(max(heard, 0), sent, max(left, 0), is_certain) if is_whole else None


def counted(device: Link, answers: Answers) -> Counted | None:
    """Return what a device counted since the visit before; None where it was not there, or was made anew."""
    before = answers.before(LINKS)
    old = before[0].by_name.get(device.name) if before else None
    if old is None or old.index != device.index:
        return None
    now, then = device.counters, old.counters
    sent = max(now.tx_packets - then.tx_packets, 0)
    return Counted(now.rx_packets - then.rx_packets, sent, sent)
