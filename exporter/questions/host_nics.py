"""The NICs of a hypervisor host that carry something: driver, firmware, speed, errors, offloads."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from exporter.model import Question, UnreadableError, Via

BAD = r"(crc|symbol|length|frame|align|fcs)_?err|rx_missed|rx_no_buffer|rx_dropped|tx_timeout|vlan.*(drop|filter|err)"
"""Driver counters that tell of bad frames, whatever the driver calls them."""
CAST = "rx_(broad|multi|b|m)cast"
"""Broadcasts and multicasts, as drivers of Intel and Mellanox, and of Broadcom, name them."""
KEPT = re.compile(rf"{BAD}|^{CAST}(?!.*(bytes|octets))", re.IGNORECASE)
OFFLOADS = "large-receive-offload|generic-receive-offload|tcp-segmentation-offload|[rt]x-vlan-offload|rx-vlan-filter"
"""The features that matter below a bridge with VLANs, as ethtool -k names them."""
COUNTERS_KEPT = 64
"""Driver counters kept of one NIC; some drivers have thousands, one set per queue."""
NOTHING: Mapping[str, bool] = MappingProxyType({})
NO_COUNTERS: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class NicFacts:
    """One NIC (bus device) that is a port of a bridge, bond or switch, or below a VLAN device.

    Where ethtool is not installed ``firmware``, ``offloads`` and ``errors`` are empty, and of many NICs some of them
    are; the rest is told by sysfs.

    Attributes:
        driver_version: of drivers that are no part of the kernel; else mostly the kernel's release, or empty.
        pci_id: vendor:device in hex, or empty; firmware is compared only among NICs of one pci_id and driver.
        speed: Mb/s, None when down or not told.
        duplex: full | half | empty.
        carrier_changes: since the NIC was made; None when not told.
        offloads: on or off by name, of those that matter below a bridge (large-receive-offload, rx-vlan-offload, ...).
        errors: driver counters of ethtool -S that tell of bad frames, and rx_broadcast/rx_multicast where told.
    """

    name: str
    driver: str = ""
    driver_version: str = ""
    firmware: str = ""
    bus: str = ""
    pci_id: str = ""
    speed: int | None = None
    duplex: str = ""
    carrier_changes: int | None = None
    offloads: Mapping[str, bool] = field(default_factory=lambda: NOTHING)
    errors: Mapping[str, int] = field(default_factory=lambda: NO_COUNTERS)


def read_nics(text: str) -> Mapping[str, NicFacts]:
    """Return the NICs by name; none where no NIC is in use.

    Lines of ours begin with ``= ``: ``= nic <name>``, ``= <fact> <value>``, ``= ethtool -i``, ``= end``. A NIC may come
    again: what follows then belongs to it too.
    """
    lines = text.splitlines()
    if not lines or lines[-1] != "= end":
        message = "not the facts of NICs, or cut short"
        raise UnreadableError(message)
    blocks: dict[str, list[str]] = {}
    name = ""
    for line in lines[:-1]:
        if line.startswith("= nic "):
            name = line.removeprefix("= nic ")
            blocks.setdefault(name, [])
        elif name:
            blocks[name].append(line)
        else:
            message = f"not a fact of a NIC: {line[:60]!r}"
            raise UnreadableError(message)
    parts = {name: _parts(lines) for name, lines in blocks.items()}
    about: dict[tuple[str, str], list[str]] = {}
    for name, told in parts.items():
        if "-i" in told:
            about.setdefault(_card(name, told), told["-i"])
    return MappingProxyType({name: _nic(name, told, about.get(_card(name, told), [])) for name, told in parts.items()})


def _parts(lines: list[str]) -> dict[str, list[str]]:
    """Return the facts of sysfs by the empty name, and what each way of ethtool has told."""
    parts: dict[str, list[str]] = {"": []}
    part = ""
    for line in lines:
        if line.startswith("= ethtool "):
            part = line.removeprefix("= ethtool ")
        parts.setdefault(part, []).append(line)
    return parts


def _card(name: str, parts: Mapping[str, list[str]]) -> tuple[str, str]:
    """Return the place of the card, without the number of its port, and its driver."""
    facts = dict(_facts(parts[""]))
    bus = facts.get("bus", name)
    return bus.rpartition(".")[0] or bus, facts.get("driver", "")


def _nic(name: str, parts: Mapping[str, list[str]], about: list[str]) -> NicFacts:
    """Return one NIC; ``about`` is what ethtool -i says of its card."""
    facts, told = dict(_facts(parts[""])), dict(_pairs(about))
    vendor, device = facts.get("device/vendor", ""), facts.get("device/device", "")
    return NicFacts(
        name=name,
        driver=facts.get("driver") or told.get("driver", ""),
        driver_version=_version(told.get("version") or facts.get("device/driver/module/version", "")),
        firmware=_version(told.get("firmware-version", "")),
        bus=facts.get("bus", ""),
        pci_id=f"{vendor.removeprefix('0x')}:{device.removeprefix('0x')}" if vendor and device else "",
        speed=_speed(facts.get("speed", "")),
        duplex=facts["duplex"] if facts.get("duplex") in ("full", "half") else "",
        carrier_changes=_count(facts.get("carrier_changes", "")),
        offloads=_offloads(parts.get("-k", [])),
        errors=_errors(parts.get("-S", [])),
    )


def _facts(lines: list[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        found = re.fullmatch(r"= ([a-z_/]+) (.+)", line)
        if not found:
            message = f"not a fact of a NIC: {line[:60]!r}"
            raise UnreadableError(message)
        yield found[1], found[2].strip()


def _pairs(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Yield key and value of lines such as ``driver: ixgbe``."""
    for line in lines:
        key, colon, value = line.partition(":")
        if colon:
            yield key.strip(), value.strip()


def _version(text: str) -> str:
    """Return the version; drivers that know none say N/A."""
    return "" if text == "N/A" else text


def _count(text: str) -> int | None:
    return int(text) if re.fullmatch(r"\d{1,20}", text, re.ASCII) else None


def _speed(text: str) -> int | None:
    """Return Mb/s; -1, 0 and 4294967295 stand for a speed that the driver does not know."""
    speed = _count(text)
    return speed if speed and speed < 2**31 else None


def _offloads(lines: list[str]) -> Mapping[str, bool]:
    """Return the features of ``ethtool -k``; what follows the word on or off only says who may change it."""
    found = {}
    for key, value in _pairs(lines):
        word = value.partition(" ")[0]
        if word in ("on", "off") and re.fullmatch(OFFLOADS, key):
            found[sys.intern(key)] = word == "on"
    return MappingProxyType(found)


def _errors(lines: list[str]) -> Mapping[str, int]:
    """Return the counters of ``ethtool -S`` that are kept."""
    counted = ((key, _count(value)) for key, value in _pairs(lines) if KEPT.search(key))
    found = [(sys.intern(key), value) for key, value in counted if value is not None]
    return MappingProxyType(dict(found[:COUNTERS_KEPT]))


NICS: Question[Mapping[str, NicFacts]] = Question(
    "host_nics",
    Via.HOST,
    # The driver's name is where a link leads, which cd tells without a process. ethtool knows no more than one NIC at a
    # time, so it is run ten times at most (six beside Open vSwitch, whose daemons take as many processes to ask): first
    # for every card, since the NICs of one have one firmware, then for features, then for counters. Of ethtool -S only
    # what is read is sent: some drivers count per queue, thousands of lines. Reading the speed of a NIC that is down is
    # an error.
    rf"""
set +f
cd "$ROOT/sys/class/net" || exit
budget=10
[ ! -e ovs-system ] || budget=6
ask() {{
    [ "$budget" -gt 0 ] || return 0
    budget=$((budget - 1))
    way=$1
    printf '= nic %s\n= ethtool %s\n' "$name" "$way"
    ethtool "$way" "$name" 2>/dev/null
}}
tell() {{
    printf '= nic %s\n' "$name"
    for fact in speed duplex carrier_changes device/vendor device/device device/driver/module/version; do
        value=
        {{ read -r value <"$path/$fact"; }} 2>/dev/null
        [ -z "$value" ] || printf '= %s %s\n' "$fact" "$value"
    done
    ! cd -P "$path/device" 2>/dev/null || printf '= bus %s\n' "${{PWD##*/}}"
    card=${{PWD##*/}}
    card=${{card%.*}}
    ! cd -P "$path/device/driver" 2>/dev/null || printf '= driver %s\n' "${{PWD##*/}}"
}}
{{
    number=0 cards=
    set -- *
    for name in "$@"; do
        shift
        path=$ROOT/sys/class/net/$name used=
        [ -e "$path/device" ] || continue
        for upper in "$path/master" "$path"/upper_*; do
            [ ! -e "$upper" ] || used=y
        done
        [ -n "$used" ] || continue
        number=$((number + 1))
        [ "$number" -le 16 ] || continue
        set -- "$@" "$name"
        tell
        command -v ethtool >/dev/null || continue
        case $cards in
            *" $card "*) ;;
            *) cards="$cards $card "; ask -i ;;
        esac
    done
    command -v ethtool >/dev/null || set --
    for name in "$@"; do
        ask -k
    done
    for name in "$@"; do
        ask -S
    done
}} | grep -iE '^= |^(driver|version|firmware-version):|^({OFFLOADS}):|{BAD}|{CAST}'
printf '= end\n'
""",
    read_nics,
    privilege="root for ethtool on some drivers; sysfs is for all",
    why="Driver, firmware, speed, duplex, flaps, offloads and bad frames of the NICs in use.",
    seconds=5.0,
    size=524_288,
)
