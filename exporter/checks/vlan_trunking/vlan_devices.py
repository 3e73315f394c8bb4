"""What the VLAN devices of a host have counted between its last two visits. Open vSwitch has no such devices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from exporter.checks.vlan_trunking.wiring import Wiring
from exporter.model import Answers
from exporter.questions.hosts.links import LINKS, Link

Ways = Mapping[tuple[str, int | None], Link]


@dataclass(frozen=True, slots=True)
class Counted:
    """Frames of a VLAN device between two visits."""

    received: int
    sent: int


def vlan_devices(view: Wiring) -> Ways:
    """Return the VLAN devices of a host by the interface below them and their VLAN."""
    return {(link.parent, link.vlan): link for link in view.links.of_kind("vlan")}


def counted(device: Link, answers: Answers) -> Counted | None:
    """Return what a device counted since the visit before; None where it was not there, or was made anew."""
    before = answers.before(LINKS)
    old = before[0].by_name.get(device.name) if before else None
    if old is None or old.index != device.index:
        return None
    now, then = device.counters, old.counters
    return Counted(now.rx_packets - then.rx_packets, max(now.tx_packets - then.tx_packets, 0))
