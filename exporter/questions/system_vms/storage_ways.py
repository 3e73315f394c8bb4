"""The ways of a secondary storage VM: names that it looks up, routes to internal sites, stores and sites it reaches."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address

from exporter.cloud.storage import Place
from exporter.cloud.targets import SecondaryStorageVmTarget
from exporter.model import Ports, Question, UnreadableError, Via
from exporter.questions.dialling import DIALLING, read_reach
from exporter.questions.routers.state import checked_address
from exporter.questions.system_vms.storage_vm import PRIVILEGE

LINK = re.compile(r"\d{1,9}: ([^\s:@]{1,64})(?:@[^\s:]+)?: <[^>]*> (.*)")
ROUTE = re.compile(r"(?:local |broadcast )?(\d{1,3}(?:\.\d{1,3}){3}) .*?\bdev (\S{1,64})\b.*")


class Lookup(StrEnum):
    """What became of a name."""

    KNOWN = "known"
    UNKNOWN = "unknown"  # its servers say that there is no such name, or answer with an error
    TIMEOUT = "timeout"  # no answer within some seconds


@dataclass(frozen=True, slots=True)
class Names:
    """The name servers of /etc/resolv.conf, and what became of the names asked for."""

    servers: tuple[str, ...]
    names: Mapping[str, Lookup] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Routes:
    """By which NIC addresses are reached.

    Attributes:
        macs: MAC by NIC, lower case.
        devices: NIC by address, empty where there is no route.
    """

    macs: Mapping[str, str] = field(hash=False)
    devices: Mapping[str, str] = field(hash=False)


def read_names(text: str) -> Names:
    """Return names from lines of ``server address`` and ``name word``; none of either is an answer."""
    servers: list[str] = []
    names: dict[str, Lookup] = {}
    for line in text.splitlines():
        word, _, rest = line.partition(" ")
        if word == "server":
            servers.append(_address(rest))
        elif rest in Lookup.__members__.values() and re.fullmatch(r"[A-Za-z0-9.-]{1,253}", word):
            names[word] = Lookup(rest)
        else:
            message = f"not the outcome of a lookup: {line[:60]!r}"
            raise UnreadableError(message)
    return Names(tuple(dict.fromkeys(servers)), names)


def _address(text: str) -> str:
    """Return an address, IPv6 too, perhaps with an interface behind it."""
    try:
        return str(ip_address(text.partition("%")[0]))
    except ValueError as error:
        message = f"not the address of a name server: {text[:60]!r}"
        raise UnreadableError(message) from error


def read_routes(text: str) -> Routes:
    """Return routes from ``ip -o link``, then for each address one line of ``ip -o route get``, or ``address none``."""
    macs: dict[str, str] = {}
    devices: dict[str, str] = {}
    for line in text.splitlines():
        link, route = LINK.fullmatch(line), ROUTE.fullmatch(line)
        if link:
            mac = re.search(r"link/ether ([0-9a-f:]{17})\b", link[2])
            macs[link[1]] = mac[1] if mac else ""
        elif route:
            devices[checked_address(route[1])] = route[2]
        elif line.endswith(" none"):
            devices[checked_address(line.removesuffix(" none"))] = ""
        else:
            message = f"neither a link nor a route: {line[:60]!r}"
            raise UnreadableError(message)
    if not macs or not macs.keys() >= set(filter(None, devices.values())):
        message = "a route by a NIC that is not listed"
        raise UnreadableError(message)
    return Routes(macs, devices)


def _names(target: SecondaryStorageVmTarget, ports: Ports) -> tuple[str, ...]:
    """Return the names among stores and sites, and the operator's, each once, with a port: so they may be long."""
    own = (Place(target.looks_up, ports.dns),) if target.looks_up else ()
    hosts = {place.host: place.word for place in (*own, *target.stores, *target.sites)}
    return tuple(word for host, word in hosts.items() if not re.fullmatch(r"[\d.]+", host))


def _internal(target: SecondaryStorageVmTarget, _ports: Ports) -> tuple[str, ...]:
    """Return an address of each internal network."""
    return target.internal


def _places(target: SecondaryStorageVmTarget, _ports: Ports) -> tuple[str, ...]:
    """Return where stores and sites are dialled."""
    return tuple(dict.fromkeys(place.word for place in (*target.stores, *target.sites)))


SSVM_NAMES = Question(
    name="ssvm_names",
    via=Via.SYSTEM_VM,
    # Parameters are name@port, because a word without a port may have 63 characters only. Each server has a second in
    # its turn, so that a dead first one does not make every name look lost.
    text=r"""
while read -r word value rest; do
    [ "$word" != nameserver ] || echo "server $value"
done <"$ROOT/etc/resolv.conf" || exit
look() {
    RES_OPTIONS='timeout:1 attempts:5' timeout 5 getent ahostsv4 "$1" >/dev/null 2>&1
    case $? in
        0) echo "$1 known" ;;
        124 | 137 | 143) echo "$1 timeout" ;;
        *) echo "$1 unknown" ;;
    esac
}
for place in "$@"; do
    look "${place%@*}" &
done
wait
""",
    read=read_names,
    privilege=PRIVILEGE,
    why="Whether the names of image stores, or another of the zone, and of places that templates come from are found.",
    every=10,
    seconds=7.0,
    size=16384,
    parameters=_names,
)

SSVM_ROUTES = Question(
    name="ssvm_routes",
    via=Via.SYSTEM_VM,
    text=r"""
ip -o link || exit
for address in "$@"; do
    ip -o route get "$address" 2>/dev/null || echo "$address none"
done
""",
    read=read_routes,
    privilege=PRIVILEGE,
    why="Whether sites in secstorage.allowed.internal.sites are reached by the private NIC, not by the public one.",
    every=10,
    size=16384,
    parameters=_internal,
)

SSVM_REACH = Question(
    name="ssvm_reach",
    via=Via.SYSTEM_VM,
    text=DIALLING,
    read=read_reach,
    privilege=PRIVILEGE,
    why="Whether it reaches the image stores and the places that waiting templates come from.",
    every=10,
    waits=True,
    seconds=6.0,
    size=16384,
    parameters=_places,
)
