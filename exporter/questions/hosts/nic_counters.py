"""What the NICs of a hypervisor host negotiated and count: speed, duplex, flaps, bad frames, broadcasts."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from exporter.model import Question, Via
from exporter.questions.hosts.nics import IN_USE, pairs, pci_id, read_parts, sysfs_facts

BAD = r"(crc|symbol|length|frame|align|fcs)_?err|rx_missed|rx_no_buffer|rx_dropped|tx_timeout|vlan.*(drop|filter|err)"
"""Driver counters that tell of bad frames, whatever the driver calls them."""
CAST = "rx_(broad|multi|b|m)cast"
"""Broadcasts and multicasts, as drivers of Intel and Mellanox, and of Broadcom, name them."""
KEPT = re.compile(rf"{BAD}|^{CAST}(?!.*(bytes|octets))", re.IGNORECASE)
COUNTERS_KEPT = 64
"""Driver counters kept of one NIC; some drivers have thousands, one set per queue."""
NO_COUNTERS: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class NicCounters:
    """What one NIC in use (see host_nics) negotiated and counts.

    Attributes:
        pci_id: vendor:device in hex, or empty.
        speed: Mb/s, None when down or not told.
        duplex: full | half | empty.
        carrier_changes: since the NIC was made; None when not told.
        errors: driver counters of ethtool -S that tell of bad frames, and broadcasts and multicasts where told.
        is_asked: whether its driver's counters were asked for; of many NICs some are not, and none without ethtool.
    """

    name: str
    pci_id: str = ""
    speed: int | None = None
    duplex: str = ""
    carrier_changes: int | None = None
    errors: Mapping[str, int] = field(default_factory=lambda: NO_COUNTERS)
    is_asked: bool = False


def read_counters(text: str) -> Mapping[str, NicCounters]:
    """Return the NICs by name; none where no NIC is in use."""
    return MappingProxyType({name: _nic(name, parts) for name, parts in read_parts(text).items()})


def _nic(name: str, parts: Mapping[str, list[str]]) -> NicCounters:
    facts = dict(sysfs_facts(parts[""]))
    return NicCounters(
        name=name,
        pci_id=pci_id(facts),
        speed=_speed(facts.get("speed", "")),
        duplex=facts["duplex"] if facts.get("duplex") in ("full", "half") else "",
        carrier_changes=_count(facts.get("carrier_changes", "")),
        errors=_errors(parts.get("-S", [])),
        is_asked="-S" in parts,
    )


def _count(text: str) -> int | None:
    return int(text) if re.fullmatch(r"\d{1,20}", text, re.ASCII) else None


def _speed(text: str) -> int | None:
    """Return Mb/s; -1, 0 and 4294967295 stand for a speed that the driver does not know."""
    speed = _count(text)
    return speed if speed and speed < 2**31 else None


def _errors(lines: list[str]) -> Mapping[str, int]:
    """Return the counters of ``ethtool -S`` that are kept."""
    counted = ((key, _count(value)) for key, value in pairs(lines) if KEPT.search(key))
    found = [(sys.intern(key), value) for key, value in counted if value is not None]
    return MappingProxyType(dict(found[:COUNTERS_KEPT]))


NIC_COUNTERS: Question[Mapping[str, NicCounters]] = Question(
    "host_nic_counters",
    Via.HOST,
    # Of ethtool -S only what is read is sent: some drivers count per queue, thousands of lines. Reading the speed of a
    # NIC that is down is an error.
    IN_USE
    + rf"""
{{
    for name in "$@"; do
        tell speed duplex carrier_changes device/vendor device/device
        [ "$counted" -gt 0 ] || continue
        counted=$((counted - 1))
        ! command -v ethtool >/dev/null || ask -S
    done
}} | grep -iE '^= |{BAD}|{CAST}'
printf '= end\n'
""",
    read_counters,
    privilege="root for ethtool on some drivers; sysfs is for all",
    why="Speed, duplex, flaps and bad frames of the NICs in use.",
    every=2,  # a process for each NIC
    seconds=3.0,
    size=262_144,
    processes=6,  # beside Open vSwitch: see IN_USE
)
