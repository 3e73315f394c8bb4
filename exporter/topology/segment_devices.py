"""The devices by which a host's bridges reach a segment, and what they have counted between its last two visits.

A VLAN has one below the label's interface, a VXLAN one of its VNI. Open vSwitch has none: there the taps of machines
count.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from exporter.model import Answers
from exporter.questions.hosts.links import LINKS, Link, Links
from exporter.topology.labels import Place
from exporter.topology.vlans import Segment

Way = tuple[str, Segment]
"""The interface below a VLAN device and its VLAN; of a VXLAN device its VNI alone: routes choose what is below."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Frames of a device between two visits."""

    received: int
    sent: int


def segment_devices(links: Links) -> Mapping[Way, Link]:
    """Return the devices of VLANs and VXLANs of a host by their way."""
    vlans = {(link.parent, Segment("vlan", link.vlan)): link for link in links.of_kind("vlan")}
    vxlans = {("", Segment("vxlan", link.vni)): link for link in links.of_kind("vxlan") if link.vni is not None}
    return vlans | vxlans


def way_of(place: Place, segment: Segment) -> Way:
    """Return the way of a segment where its traffic lies."""
    return ("" if segment.scheme == "vxlan" else place.pif, segment)


def switched(taps: Iterable[Link], answers: Answers) -> Counted | None:
    """Return what machines in one VLAN of Open vSwitch, with these taps, heard from elsewhere, and sent.

    A tap receives what its machine sends. What a machine heard may all be of the others here, so only what they did not
    send is from elsewhere; None where anything else may be, or nothing can be compared.
    """
    frames = [counted(tap, answers) for tap in taps]
    told = [one for one in frames if one is not None]
    sent = sum(one.received for one in told)
    heard = max((one.sent - (sent - one.received) for one in told), default=0)
    is_certain = heard > 0 or not any(one.sent for one in told)
    return Counted(max(heard, 0), sent) if told and len(told) == len(frames) and is_certain else None


def counted(device: Link, answers: Answers) -> Counted | None:
    """Return what a device counted since the visit before; None where it was not there, or was made anew."""
    before = answers.before(LINKS)
    old = before[0].by_name.get(device.name) if before else None
    if old is None or old.index != device.index:
        return None
    now, then = device.counters, old.counters
    return Counted(now.rx_packets - then.rx_packets, max(now.tx_packets - then.tx_packets, 0))
