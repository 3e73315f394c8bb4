"""What the switches say to the NICs of a hypervisor host by LLDP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from exporter.model import Question, UnreadableError, Via


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """The switch port that a NIC hears.

    Attributes:
        chassis: id of the switch (mostly a MAC); chassis_name: its name or empty.
        port: id of the port; port_description: or empty.
        vlans: VLANs that the switch chooses to name. Presence proves, absence does not disprove.
        pvid: port VLAN id, None when not told; 0 says "no port VLAN" and is given as None.
        max_frame: bytes (802.3 maximum frame size), None when not told.
    """

    nic: str
    chassis: str
    chassis_name: str = ""
    port: str = ""
    port_description: str = ""
    vlans: frozenset[int] = frozenset()
    pvid: int | None = None
    max_frame: int | None = None


def read_neighbours(text: str) -> Mapping[str, tuple[Neighbour, ...]]:
    """Return the neighbours by NIC; empty when lldpd hears none."""
    raise UnreadableError(text[:0] + "no reader yet")


LLDP: Question[Mapping[str, tuple[Neighbour, ...]]] = Question(
    "host_lldp",
    Via.HOST,
    "exit 127",
    read_neighbours,
    privilege="group _lldpd or root",
    why="Which switch port each NIC is wired to, its VLANs and frame size. A host without lldpd is no problem.",
    size=262_144,
)
