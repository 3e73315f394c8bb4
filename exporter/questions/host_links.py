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
        filters_ip: a bridge's own nf_call_iptables flag; None when not a bridge or not told.
        is_nic: a NIC of its own (bus device), where iproute2 tells (5.x and later), else None.
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
    filters_ip: bool | None = None
    filters_ip6: bool | None = None
    vlan_filtering: bool | None = None
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


def read_links(text: str) -> Links:
    """Return the interfaces; raises UnreadableError when this is not the JSON of iproute2."""
    try:
        rows = msgspec.json.decode(text, type=list[dict[str, Any]])
        found = [_link(row) for row in rows if row.get("ifname")]
    except (msgspec.MsgspecError, TypeError, ValueError, AttributeError) as error:
        message = f"not the JSON of ip -d -s link: {error}"
        raise UnreadableError(message) from None
    if not found:
        message = "no interface at all"
        raise UnreadableError(message)
    ports: defaultdict[str, list[str]] = defaultdict(list)
    for link in found:
        if link.master:
            ports[link.master].append(link.name)
    by_name = {link.name: link for link in found}
    return Links(MappingProxyType(by_name), MappingProxyType({master: tuple(names) for master, names in ports.items()}))


def _link(row: dict[str, Any]) -> Link:
    """Return one interface. Names stand in thousands of answers, so they are kept once."""
    info = row.get("linkinfo") or {}
    data = info.get("info_data") or {}
    flags = row.get("flags") or ()
    kind = str(info.get("info_kind") or "")
    is_bridge, is_vlan = kind == "bridge", kind == "vlan"
    return Link(
        name=sys.intern(str(row["ifname"])),
        index=int(row.get("ifindex") or 0),
        kind=sys.intern(kind),
        is_up="UP" in flags,
        has_carrier="UP" in flags and "LOWER_UP" in flags and "NO-CARRIER" not in flags,
        mtu=int(row.get("mtu") or 0),
        mac=str(row.get("address") or "").lower(),
        master=sys.intern(str(row.get("master") or "")),
        parent=sys.intern(str(row.get("link") or "")),
        vlan=_number(data.get("id")) if is_vlan else None,
        vni=_number(data.get("id")) if kind == "vxlan" else None,
        filters_ip=_flag(data.get("nf_call_iptables")) if is_bridge else None,
        filters_ip6=_flag(data.get("nf_call_ip6tables")) if is_bridge else None,
        vlan_filtering=_flag(data.get("vlan_filtering")) if is_bridge else None,
        is_nic="parentdev" in row if any(word in row for word in ("parentbus", "parentdev", "min_mtu")) else None,
        counters=_counters(row.get("stats64") or row.get("stats") or {}),
    )


def _counters(stats: dict[str, Any]) -> Counters:
    rx, tx = stats.get("rx") or {}, stats.get("tx") or {}
    return Counters(
        rx_bytes=int(rx.get("bytes") or 0),
        rx_packets=int(rx.get("packets") or 0),
        rx_errors=int(rx.get("errors") or 0),
        rx_dropped=int(rx.get("dropped") or 0),
        rx_multicast=int(rx.get("multicast") or 0),
        rx_crc_errors=int(rx.get("crc_errors") or 0),
        rx_frame_errors=int(rx.get("frame_errors") or 0),
        rx_missed=int(rx.get("missed_errors") or 0),
        tx_bytes=int(tx.get("bytes") or 0),
        tx_packets=int(tx.get("packets") or 0),
        tx_errors=int(tx.get("errors") or 0),
        tx_dropped=int(tx.get("dropped") or 0),
        tx_carrier_errors=int(tx.get("carrier_errors") or 0),
    )


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _flag(value: object) -> bool | None:
    return bool(value) if isinstance(value, int) else None


LINKS = Question(
    "host_links",
    Via.HOST,
    "exec ip -j -d -s -s link show",
    read_links,
    privilege="none",
    why="Bridges, VLAN devices, bonds, taps, MTU, carrier and counters of every interface, in one call.",
    seconds=5.0,
    size=4_000_000,
)
