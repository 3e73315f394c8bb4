"""What the switches say to the NICs of a hypervisor host by LLDP."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import msgspec

from exporter.model import Question, UnreadableError, Via

LARGEST_VLAN = 4094
LONGEST_NUMBER = 6


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


class _Text(msgspec.Struct):
    value: str = ""


class _Vlan(msgspec.Struct, rename="kebab"):
    vlan_id: str
    pvid: bool = False
    value: str | None = None


class _Chassis(msgspec.Struct):
    id: list[_Text] = []
    name: list[_Text] = []


class _Port(msgspec.Struct):
    id: list[_Text] = []
    descr: list[_Text] = []
    mfs: list[_Text] = []


class _Interface(msgspec.Struct):
    name: str
    via: str = "LLDP"
    chassis: list[_Chassis] = []
    port: list[_Port] = []
    vlan: list[_Vlan] = []


class _Heard(msgspec.Struct):
    interface: list[_Interface] = []


class _Document(msgspec.Struct):
    lldp: list[_Heard]


def read_neighbours(text: str) -> Mapping[str, tuple[Neighbour, ...]]:
    """Return the neighbours by NIC, LLDP's only; empty when lldpd hears none, or is not installed (no text).

    Raises UnreadableError when this is not lldpcli's json0.
    """
    if not text.strip():
        return MappingProxyType({})
    try:
        heard = msgspec.json.decode(text, type=_Document).lldp
        found = [_neighbour(row) for one in heard for row in one.interface if row.via == "LLDP" and row.name]
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        message = f"not the neighbours of lldpcli: {error}"
        raise UnreadableError(message) from None
    by_nic: defaultdict[str, list[Neighbour]] = defaultdict(list)
    for neighbour in found:
        by_nic[neighbour.nic].append(neighbour)
    return MappingProxyType({nic: tuple(neighbours) for nic, neighbours in by_nic.items()})


def _neighbour(row: _Interface) -> Neighbour:
    """Return one neighbour. A port VLAN that the switch does not name stands in the list without a value."""
    chassis = row.chassis[0] if row.chassis else _Chassis()
    port = row.port[0] if row.port else _Port()
    vlans = [(_vlan(one.vlan_id), one) for one in row.vlan]
    max_frame = _first(port.mfs)
    return Neighbour(
        nic=row.name,
        chassis=_first(chassis.id),
        chassis_name=_first(chassis.name),
        port=_first(port.id),
        port_description=_first(port.descr),
        vlans=frozenset(number for number, one in vlans if number and not (one.pvid and one.value is None)),
        pvid=next((number for number, one in vlans if number and one.pvid), None),
        max_frame=(_number(max_frame) or None) if max_frame else None,
    )


def _first(told: list[_Text]) -> str:
    return told[0].value if told else ""


def _vlan(text: str) -> int:
    """Return the VLAN; 0 stands for none."""
    number = _number(text)
    if number > LARGEST_VLAN + 1:
        message = f"no VLAN: {number}"
        raise ValueError(message)
    return number if number <= LARGEST_VLAN else 0


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= LONGEST_NUMBER):
        message = f"no number: {text[:20]!r}"
        raise ValueError(message)
    return int(text)


LLDP: Question[Mapping[str, tuple[Neighbour, ...]]] = Question(
    "host_lldp",
    Via.HOST,
    # JSON, not key=value: what a neighbour says of itself may hold line ends. Without lldpd there is nobody to
    # ask, and that is an answer; a daemon that does not answer is a failure.
    "command -v lldpcli >/dev/null 2>&1 || exit 0\nexec lldpcli -f json0 show neighbors details",
    read_neighbours,
    privilege="group _lldpd or root",
    why="Which switch port each NIC is wired to, its VLANs and frame size. A host without lldpd is no problem.",
    size=262_144,
    processes=1,
)
