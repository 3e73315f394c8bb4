"""What passed each way of a host between its last two visits, whatever counts it there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from exporter.checks.vlan_trunking.wiring import Wiring
from exporter.model import Answers
from exporter.topology.labels import is_machines
from exporter.topology.segment_devices import (
    Counted,
    Way,
    counted,
    is_spared,
    segment_devices,
    switch_taps,
    switched,
)
from exporter.topology.vlans import Segment


@dataclass(frozen=True, slots=True)
class Frames:
    """Frames of one way, and the name of what counted them."""

    name: str
    counted: Counted


@dataclass(slots=True)
class Passed:
    """What passed.

    Attributes:
        frames: of the ways that can be compared with the visit before.
        blind: ways of which nobody can tell whether the host hears somebody there.
    """

    frames: dict[Way, Frames] = field(default_factory=dict)
    blind: set[Way] = field(default_factory=set)


def passed(view: Wiring, answers: Answers) -> Passed:
    """Return what passed each way: by the devices of VLANs and VXLANs, or the taps of a VLAN in Open vSwitch.

    Sockets of DPDK have no counters in the kernel.
    """
    found = Passed()
    for way, device in segment_devices(view.links).items():
        frames = counted(device, answers)
        if is_spared(device):
            found.blind.add(way)
            frames = replace(frames, is_certain=False) if frames else None
        if frames:
            found.frames[way] = Frames(device.name, frames)
    for (bridge, vlan), taps in switch_taps(view.ovs).items():
        if frames := switched(taps, answers):
            found.frames[_way(bridge, vlan)] = Frames(f"VLAN {vlan} of {bridge}", frames)
    found.blind |= _sockets(view)
    return found


def _sockets(view: Wiring) -> set[Way]:
    """Return the VLANs of Open vSwitch in which a machine has a port that is not in the kernel."""
    ports: Mapping[str, object] = view.links.by_name
    return {
        _way(port.bridge, port.tag)
        for port in (view.ovs.ports.values() if view.ovs else ())
        if port.tag and is_machines(port) and port.name not in ports
    }


def _way(bridge: str, vlan: int) -> Way:
    return (bridge, Segment("vlan", vlan))
