"""Whether a host hears anybody in a segment in which its machines are silent: then it is not its way.

A VLAN that the switch does not carry to the host lets its machines send, and brings nothing. Machines that are dead, or
whose NIC has another name inside, send nothing, and their device counts what others broadcast.
"""

from __future__ import annotations

from enum import StrEnum

from exporter.cloud.cloud import Cloud
from exporter.cloud.networks import Network
from exporter.cloud.targets import HostTarget
from exporter.model import Answers
from exporter.questions.hosts.agent import AGENT
from exporter.questions.hosts.links import LINKS, Link
from exporter.thresholds import INSTANCE_SETTLES_SECONDS, VLAN_ONE_WAY_FRAMES
from exporter.topology.labels import Place, places, switches
from exporter.topology.segment_devices import (
    Counted,
    counted,
    is_spared,
    segment_devices,
    switch_taps,
    switched,
    way_of,
)
from exporter.topology.vlans import Segment, segment


class Hearing(StrEnum):
    """What passes between a host and a segment."""

    UNCOUNTED = "uncounted"  # nothing counts it, or not with certainty
    UNKNOWN = "unknown"  # not told, or not twice
    QUIET = "quiet"  # nothing passes either way
    LISTENS = "listens"  # it has heard somebody since it last sent
    TALKS = "talks"  # it sends and hears
    SPEAKS = "speaks"  # it has sent since it last heard anybody
    DEAF = "deaf"  # so for a quarter of an hour, or as long as there is the device


IN_VAIN = frozenset({Hearing.SPEAKS, Hearing.DEAF})
"""What a segment looks like that the switch does not carry to the host."""


def hearing(network: Network, target: HostTarget | None, answers: Answers | None, cloud: Cloud) -> Hearing:
    """Return what passes between a host, which has told ``answers`` or nothing, and the segment of a guest network.

    Ask at each look while machines are silent there: that is remembered, and nothing else.
    """
    own = segment(network.vlan) if network.vlan else None
    if own is None or not own.number:
        return Hearing.UNCOUNTED
    if target is None or answers is None or LINKS not in answers.values:
        return Hearing.UNKNOWN
    place = _place(network, target, answers, cloud)
    if place is None or place.kind == "unknown":
        return Hearing.UNCOUNTED if place is None else Hearing.UNKNOWN
    if place.kind == "openvswitch":
        return _in_switch(place, own, answers)
    device = segment_devices(answers[LINKS]).get(way_of(place, own))
    return _of_device(device, answers) if device else Hearing.UNCOUNTED


def _place(network: Network, target: HostTarget, answers: Answers, cloud: Cloud) -> Place | None:
    """Return where the guest traffic of a network's physical network lies on a host."""
    found = places(target, cloud, answers[LINKS], answers.get(AGENT), switches(answers))
    ours = (one for one in found if one.traffic == "Guest" and one.physical_network_id == network.physical_network_id)
    return next(ours, None)


def _in_switch(place: Place, own: Segment, answers: Answers) -> Hearing:
    """Return what the taps of the machines in a VLAN of Open vSwitch tell, if it is certain."""
    number = own.number if own.is_vlan else None
    frames = switched(switch_taps(switches(answers)).get((place.device, number or 0), ()), answers)
    if frames is None or not frames.is_certain:
        return Hearing.UNCOUNTED
    return _told(frames, answers, place.device, str(number))


def _of_device(device: Link, answers: Answers) -> Hearing:
    """Return what the device of a segment tells; of one that is spared broadcasts not that it hears nobody."""
    now, frames = device.counters, counted(device, answers)
    if is_spared(device):
        found = _told(frames, answers, device.name, str(device.index)) if frames else Hearing.UNKNOWN
        return Hearing.UNCOUNTED if found in IN_VAIN else found
    if now.rx_packets == 0 and now.tx_packets >= VLAN_ONE_WAY_FRAMES:
        return Hearing.DEAF  # the kernel's own frames, when a bridge comes up, are fewer
    return _told(frames, answers, device.name, str(device.index)) if frames else Hearing.UNKNOWN


def _told(frames: Counted, answers: Answers, *name: str) -> Hearing:
    """Return what the two newest counts tell, and which of sending and hearing ended first."""
    deaf = answers.held_by(LINKS, "hears nobody", *name) if frames.received == 0 else None
    mute = answers.held_by(LINKS, "sends nothing", *name) if frames.sent == 0 else None
    if deaf is None:
        return Hearing.TALKS if mute is None else Hearing.LISTENS
    if mute is not None and mute.first_asked <= deaf.first_asked:
        return Hearing.QUIET if mute.first_asked == deaf.first_asked else Hearing.LISTENS
    return Hearing.DEAF if deaf.seconds >= INSTANCE_SETTLES_SECONDS else Hearing.SPEAKS
