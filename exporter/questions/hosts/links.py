"""Every network interface of a hypervisor host, as its kernel shows it, with counters."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import msgspec

from exporter.model import Question, UnreadableError, Via
from exporter.questions.hosts import links_text as host_links_text

PORT_STATES = ("disabled", "listening", "learning", "forwarding", "blocking")
"""What STP makes of a bridge's port. Source: port_states of ip/iplink_bridge_slave.c."""


@dataclass(frozen=True, slots=True)
class Counters:
    """What an interface has counted since it was made; frames unless named otherwise."""

    rx_bytes: int = 0
    rx_packets: int = 0
    rx_errors: int = 0
    rx_dropped: int = 0
    rx_multicast: int = 0
    rx_crc_errors: int = 0
    rx_frame_errors: int = 0
    rx_missed: int = 0
    tx_bytes: int = 0
    tx_packets: int = 0
    tx_errors: int = 0
    tx_dropped: int = 0
    tx_carrier_errors: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One interface.

    Attributes:
        kind: bridge | vlan | bond | vxlan | tun | veth | openvswitch | ...; empty for a NIC and for lo.
        is_up: it is switched on.
        has_carrier: it is switched on and the lower layer is up.
        master: the bridge, bond or ovs-system that it is a port of, or empty.
        parent: the interface below a VLAN or VXLAN device, or empty.
        vlan: the tag of a VLAN device; vni: of a VXLAN device.
        is_over_ipv6: a VXLAN device's group, remote or local address is one of IPv6.
        port_state: of a port of a bridge, by STP: forwarding | blocking | listening | learning | disabled; else empty.
        filters_ip: a bridge's own nf_call_iptables flag; None when not a bridge or not told.
        is_nic: a NIC of its own (bus device), where kernel and iproute2 tell (5.14 and later), else None.
    """

    name: str
    index: int
    kind: str = ""
    is_up: bool = False
    has_carrier: bool = False
    mtu: int = 0
    mac: str = ""
    master: str = ""
    parent: str = ""
    vlan: int | None = None
    vni: int | None = None
    is_over_ipv6: bool = False
    port_state: str = ""
    filters_ip: bool | None = None
    filters_ip6: bool | None = None
    is_nic: bool | None = None
    counters: Counters = field(default_factory=Counters)


@dataclass(frozen=True, slots=True)
class Links:
    """All interfaces by name, and the ports of each bridge, bond and of ovs-system."""

    by_name: Mapping[str, Link]
    ports: Mapping[str, tuple[str, ...]]

    def of_kind(self, kind: str) -> tuple[Link, ...]:
        """Return the interfaces of one kind."""
        return tuple(link for link in self.by_name.values() if link.kind == kind)


class _Rx(msgspec.Struct):
    bytes: int = 0
    packets: int = 0
    errors: int = 0
    dropped: int = 0
    multicast: int = 0
    crc_errors: int = 0
    frame_errors: int = 0
    missed_errors: int = 0


class _Tx(msgspec.Struct):
    bytes: int = 0
    packets: int = 0
    errors: int = 0
    dropped: int = 0
    carrier_errors: int = 0


class _Stats(msgspec.Struct):
    rx: _Rx | None = None
    tx: _Tx | None = None


class _Data(msgspec.Struct):
    """What is particular to a kind; the same word may be of another type elsewhere."""

    id: Any = None
    link: Any = None  # of a VXLAN device: its lower one, which iproute2 names here alone
    nf_call_iptables: Any = None
    nf_call_ip6tables: Any = None
    group6: Any = None
    remote6: Any = None
    local6: Any = None


class _Port(msgspec.Struct):
    """What a port is to its master; of a bond the same word is in capitals."""

    state: Any = None


class _Info(msgspec.Struct):
    info_kind: str | None = None
    info_data: _Data | None = None
    info_slave_kind: str | None = None
    info_slave_data: _Port | None = None


class _Row(msgspec.Struct):
    """The fields that are used of one row; all others are skipped unread."""

    ifname: str = ""
    ifindex: int = 0
    flags: tuple[str, ...] = ()
    mtu: int = 0
    address: str = ""
    master: str = ""
    link: str | None = None  # null where the lower device is in another network namespace
    linkinfo: _Info | None = None
    parentdev: str = ""
    stats64: _Stats | None = None
    stats: _Stats | None = None  # of kernels without 64 bit counters


_DECODER = msgspec.json.Decoder(list[_Row])


def read_links(text: str) -> Links:
    """Return the interfaces; raises UnreadableError when this is neither JSON nor text of iproute2.

    They tell bridges and their ports too, so brctl is never asked, nor are bridges looked up below /sys.
    """
    try:
        is_text = text[:1].isdigit()
        told = msgspec.convert(host_links_text.rows(text), list[_Row]) if is_text else _DECODER.decode(text)
        rows = [row for row in told if row.ifname]
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        message = f"not the JSON of ip -d -s link: {error}"
        raise UnreadableError(message) from None
    if not rows:
        message = "no interface at all"
        raise UnreadableError(message)
    tells_nics = any(row.parentdev for row in rows)
    found = [_link(row, tells_nics=tells_nics) for row in rows]
    ports: defaultdict[str, list[str]] = defaultdict(list)
    for link in found:
        if link.master:
            ports[link.master].append(link.name)
    by_name = {link.name: link for link in found}
    return Links(MappingProxyType(by_name), MappingProxyType({master: tuple(names) for master, names in ports.items()}))


def _link(row: _Row, *, tells_nics: bool) -> Link:
    """Return one interface. Names stand in thousands of answers, so they are kept once."""
    info = row.linkinfo or _Info()
    data = info.info_data or _Data()
    kind = info.info_kind or ""
    is_bridge = kind == "bridge"
    return Link(
        name=sys.intern(row.ifname),
        index=row.ifindex,
        kind=sys.intern(kind),
        is_up="UP" in row.flags,
        has_carrier="UP" in row.flags and "LOWER_UP" in row.flags and "NO-CARRIER" not in row.flags,
        mtu=row.mtu,
        mac=row.address.lower(),
        master=sys.intern(row.master),
        parent=sys.intern(row.link or _below(kind, data)),
        vlan=_number(data.id) if kind == "vlan" else None,
        vni=_number(data.id) if kind == "vxlan" else None,
        is_over_ipv6=kind == "vxlan" and any((data.group6, data.remote6, data.local6)),
        port_state=_port_state(info),
        filters_ip=_flag(data.nf_call_iptables) if is_bridge else None,
        filters_ip6=_flag(data.nf_call_ip6tables) if is_bridge else None,
        is_nic=bool(row.parentdev) if tells_nics else None,
        counters=_counters(row.stats64 or row.stats or _Stats()),
    )


def _below(kind: str, data: _Data) -> str:
    """Return the interface below a VXLAN device; none with EVPN, and of Open vSwitch's."""
    return data.link if kind == "vxlan" and isinstance(data.link, str) else ""


def _counters(stats: _Stats) -> Counters:
    rx, tx = stats.rx or _Rx(), stats.tx or _Tx()
    return Counters(
        rx_bytes=rx.bytes,
        rx_packets=rx.packets,
        rx_errors=rx.errors,
        rx_dropped=rx.dropped,
        rx_multicast=rx.multicast,
        rx_crc_errors=rx.crc_errors,
        rx_frame_errors=rx.frame_errors,
        rx_missed=rx.missed_errors,
        tx_bytes=tx.bytes,
        tx_packets=tx.packets,
        tx_errors=tx.errors,
        tx_dropped=tx.dropped,
        tx_carrier_errors=tx.carrier_errors,
    )


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _port_state(info: _Info) -> str:
    state = info.info_slave_data.state if info.info_slave_kind == "bridge" and info.info_slave_data else None
    return next((known for known in PORT_STATES if known == state), "")


def _flag(value: object) -> bool | None:
    return bool(value) if isinstance(value, int) else None


LINKS = Question(
    "host_links",
    Via.HOST,
    # An iproute2 without JSON (CentOS 7) does not know -j and is asked for its text. vdpa came with iproute2 5.10:
    # where it is installed JSON is certain, and the shell itself becomes ip; elsewhere that costs one process more.
    """
if command -v vdpa >/dev/null; then exec ip -j -d -s -s link show; fi
ip -j -d -s -s link show 2>/dev/null && exit
exec ip -o -d -s -s link show
""",
    read_links,
    privilege="none",
    why="Bridges, VLAN devices, bonds, taps, MTU, carrier and counters of every interface, in one call.",
    seconds=4.0,
    size=1 << 22,  # 500 VLANs with their bridges take 2.4 MB; SSH compresses them to a twentieth
    processes=2,
)
