"""The NICs of a hypervisor host that carry something, and what they are: driver, firmware, features."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from exporter.model import Question, UnreadableError, Via

OFFLOADS = "large-receive-offload|generic-receive-offload|tcp-segmentation-offload|[rt]x-vlan-offload|rx-vlan-filter"
"""The features that matter below a bridge with VLANs, as ethtool -k names them."""
NOTHING: Mapping[str, bool] = MappingProxyType({})
IN_USE = r"""
set +f
cd "$ROOT/sys/class/net" || exit
set -- *
number=0
for name in "$@"; do
    shift
    [ -e "$name/device" ] || continue
    for upper in "$name/master" "$name"/upper_*; do
        [ -e "$upper" ] || continue
        number=$((number + 1))
        [ "$number" -gt 16 ] || set -- "$@" "$name"
        break
    done
done
total=10 counted=6
for sign in ovs-system "$ROOT/var/run/openvswitch/db.sock"; do
    [ ! -e "$sign" ] || total=5 counted=3
done
[ $# -ge "$counted" ] || counted=$#
command -v ethtool >/dev/null || total=$counted
tell() {
    printf '= nic %s\n' "$name"
    for fact in "$@"; do
        value=
        { read -r value <"$ROOT/sys/class/net/$name/$fact"; } 2>/dev/null
        [ -z "$value" ] || printf '= %s %s\n' "$fact" "$value"
    done
}
ask() {
    printf '= nic %s\n= ethtool %s\n' "$name" "$1"
    ethtool "$1" "$name" 2>/dev/null
}
"""
"""The first sixteen NICs in use as ``"$@"``; ``tell`` facts of sysfs and ``ask`` ethtool about ``$name``.

ethtool knows no more than one NIC at a time and each call is a process, so ``total`` calls are made at most:
``counted`` for counters, the others for what NICs are. Beside Open vSwitch that is three fewer for either, and so much
is declared: where there is none, its daemons are not asked, which saves six on each visit.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class NicFacts:
    """One NIC (bus device) that is a port of a bridge, bond or switch, or below a VLAN device.

    Where ethtool is not installed ``firmware`` and ``offloads`` are empty, and of many NICs some of them are, since few
    calls are made; the rest is told by sysfs.

    Attributes:
        driver_version: of drivers that are no part of the kernel; else mostly the kernel's release, or empty.
        pci_id: vendor:device in hex, or empty; firmware is compared only among NICs of one pci_id and driver.
        offloads: on or off by name, of those that matter below a bridge (large-receive-offload, rx-vlan-offload, ...).
        is_asked: whether its features were asked for at all.
    """

    name: str
    driver: str = ""
    driver_version: str = ""
    firmware: str = ""
    bus: str = ""
    pci_id: str = ""
    offloads: Mapping[str, bool] = field(default_factory=lambda: NOTHING)
    is_asked: bool = False


def read_nics(text: str) -> Mapping[str, NicFacts]:
    """Return the NICs by name; none where no NIC is in use."""
    parts = read_parts(text)
    about: dict[tuple[str, str], list[str]] = {}
    for name, told in parts.items():
        if "-i" in told:
            about.setdefault(_card(name, told), told["-i"])
    return MappingProxyType({name: _nic(name, told, about.get(_card(name, told), [])) for name, told in parts.items()})


def read_parts(text: str) -> Mapping[str, Mapping[str, list[str]]]:
    """Return what was told of each NIC: the facts of sysfs by the empty name, and what each way of ethtool printed.

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
    return {name: _parts(lines) for name, lines in blocks.items()}


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
    facts = dict(sysfs_facts(parts[""]))
    bus = facts.get("bus", name)
    return bus.rpartition(".")[0] or bus, facts.get("driver", "")


def _nic(name: str, parts: Mapping[str, list[str]], about: list[str]) -> NicFacts:
    """Return one NIC; ``about`` is what ethtool -i says of its card."""
    facts, told = dict(sysfs_facts(parts[""])), dict(pairs(about))
    return NicFacts(
        name=name,
        driver=facts.get("driver") or told.get("driver", ""),
        driver_version=_version(told.get("version") or facts.get("device/driver/module/version", "")),
        firmware=_version(told.get("firmware-version", "")),
        bus=facts.get("bus", ""),
        pci_id=pci_id(facts),
        offloads=_offloads(parts.get("-k", [])),
        is_asked="-k" in parts,
    )


def sysfs_facts(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Yield name and value of each fact of sysfs."""
    for line in lines:
        found = re.fullmatch(r"= ([a-z_/]+) (.+)", line)
        if not found:
            message = f"not a fact of a NIC: {line[:60]!r}"
            raise UnreadableError(message)
        yield found[1], found[2].strip()


def pairs(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Yield key and value of lines such as ``driver: ixgbe``."""
    for line in lines:
        key, colon, value = line.partition(":")
        if colon:
            yield key.strip(), value.strip()


def _version(text: str) -> str:
    """Return the version; drivers that know none say N/A."""
    return "" if text == "N/A" else text


def pci_id(facts: Mapping[str, str]) -> str:
    """Return vendor:device in hex, or nothing."""
    vendor, device = facts.get("device/vendor", ""), facts.get("device/device", "")
    return f"{vendor.removeprefix('0x')}:{device.removeprefix('0x')}" if vendor and device else ""


def _offloads(lines: list[str]) -> Mapping[str, bool]:
    """Return the features of ``ethtool -k``; what follows the word on or off only says who may change it."""
    found = {}
    for key, value in pairs(lines):
        word = value.partition(" ")[0]
        if word in ("on", "off") and re.fullmatch(OFFLOADS, key):
            found[sys.intern(key)] = word == "on"
    return MappingProxyType(found)


NICS: Question[Mapping[str, NicFacts]] = Question(
    "host_nics",
    Via.HOST,
    # The driver's name is where a link leads, which cd tells without a process. The NICs of one card have one firmware.
    IN_USE
    + r"""
budget=$((total - counted)) cards=
for name in "$@"; do
    tell device/vendor device/device device/driver/module/version
    path=$ROOT/sys/class/net/$name
    ! cd -P "$path/device" 2>/dev/null || printf '= bus %s\n' "${PWD##*/}"
    card=${PWD##*/}
    card=${card%.*}
    ! cd -P "$path/device/driver" 2>/dev/null || printf '= driver %s\n' "${PWD##*/}"
    for way in -k -i; do
        [ "$budget" -gt 0 ] || continue
        case $way$cards in
            -i*" $card "*) continue ;;
        esac
        [ "$way" = -k ] || cards="$cards $card "
        budget=$((budget - 1))
        ask "$way"
    done
done
printf '= end\n'
""",
    read_nics,
    privilege="root for ethtool on some drivers; sysfs is for all",
    why="Driver, firmware and offloads of the NICs in use.",
    every=10,
    seconds=3.0,
    size=131_072,
    processes=4,  # beside Open vSwitch: see IN_USE
)
