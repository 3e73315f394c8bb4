"""Ranges of addresses in the database that lie over each other, or over their own gateway."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv4Network, NetmaskValueError
from typing import Any

from exporter.model import UnreadableError
from exporter.questions.database.found import Found, finds
from exporter.questions.database.rows import Rows

COLUMNS = ("kind", "name", "zone", "tag", "gateway", "netmask", "ips")
POD = "pod"


@dataclass(frozen=True, slots=True)
class Span:
    """Addresses from first to last, both included, as numbers."""

    first: int
    last: int
    kind: str  # public | pod
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class _Row:
    """A public range, or a pod with its ranges; ``odd`` is what of them is no range of addresses."""

    kind: str
    name: str
    zone: Any
    tag: str
    gateway: IPv4Address | None
    subnet: IPv4Network | None
    spans: tuple[Span, ...]
    odd: tuple[str, ...]


def read_overlaps(rows: Rows) -> tuple[Found, ...]:
    """Return the ranges that overlap, and those that cannot be read; what has no IPv4 range takes no part."""
    if rows.columns != COLUMNS:
        message = "not the ranges of addresses"
        raise UnreadableError(message)
    read = [_row(*row) for row in rows.rows]
    return (*_unreadable(read), *_over_gateways(read), *_addresses(read), *_subnets(read))


def _row(kind: object, name: object, zone: object, tag: object, gateway: object, netmask: object, ips: object) -> _Row:
    kind, name = _text(kind), _text(name)
    own = _address(_text(gateway))
    parts = {part: _span(kind, name, part) for part in _text(ips).split(",") if part.strip() and ":" not in part}
    spans = tuple(span for span in parts.values() if span)
    odd = tuple(part.strip() for part, span in parts.items() if not span)
    return _Row(kind, name, zone, _tag(_text(tag)), own, _subnet(own, _text(netmask)), spans, odd)


def _text(value: object) -> str:
    told = value.decode("utf-8", "replace") if isinstance(value, bytes | bytearray) else str(value)
    return told.strip() if value is not None else ""


def _tag(text: str) -> str:
    """Return the VLAN without its scheme; older rows have none, and ``UNTAGGED`` is ``untagged``."""
    return text.rpartition("://")[2].casefold() or "untagged"


def _address(text: str) -> IPv4Address | None:
    try:
        return IPv4Address(text)
    except (AddressValueError, ValueError):
        return None


def _subnet(gateway: IPv4Address | None, netmask: str) -> IPv4Network | None:
    try:
        return IPv4Network(f"{gateway}/{netmask}", strict=False) if gateway and netmask else None
    except (AddressValueError, NetmaskValueError, ValueError):
        return None


def _span(kind: str, name: str, part: str) -> Span | None:
    """Return ``a-b`` of a public range, or one range of a pod, since 4.11 ``a-b-<for system VMs>-<VLAN>``."""
    words = [word.strip() for word in part.split("-")]
    first, last = _address(words[0]), _address(words[1] if len(words) > 1 else words[0])
    return None if first is None or last is None or first > last else Span(int(first), int(last), kind, name)


def _unreadable(rows: Iterable[_Row]) -> Iterator[Found]:
    """Yield what stands where a range should be; nobody knows which addresses are given out from it."""
    for row in rows:
        if row.odd:
            yield Found(f"{row.kind} {row.name}", f"its range {', '.join(row.odd)} cannot be read, or runs backwards")


def _over_gateways(rows: Iterable[_Row]) -> Iterator[Found]:
    for row in rows:
        if row.gateway is not None and any(one.first <= int(row.gateway) <= one.last for one in row.spans):
            yield Found(f"{row.kind} {row.name}", f"its gateway {row.gateway} is inside its range")


def _addresses(rows: Iterable[_Row]) -> Iterator[Found]:
    """Yield ranges that share addresses: public ones of one zone and VLAN, and those with a pod of the zone."""
    by_tag: defaultdict[tuple[Any, str], list[Span]] = defaultdict(list)
    by_zone: defaultdict[Any, list[Span]] = defaultdict(list)
    for row in rows:
        by_zone[row.zone] += row.spans
        if row.kind != POD:
            by_tag[row.zone, row.tag] += row.spans
    for spans in by_tag.values():
        for one, other in _overlapping(spans):
            yield Found(f"{one} and {other}", f"both have {IPv4Address(other.first)}")
    for spans in by_zone.values():
        for one, other in _overlapping(spans, of_kinds=True):
            yield Found(f"{one} and {other}", f"both have {IPv4Address(other.first)}")


def _subnets(rows: Iterable[_Row]) -> Iterator[Found]:
    """Yield public subnets of one VLAN that overlap and are not the same; several ranges in one subnet are usual."""
    by_tag: defaultdict[tuple[Any, str], dict[IPv4Network, str]] = defaultdict(dict)
    for row in rows:
        if row.kind != POD and row.subnet is not None:
            by_tag[row.zone, row.tag].setdefault(row.subnet, row.name)
    for subnets in by_tag.values():
        spans = [
            Span(int(net.network_address), int(net.broadcast_address), "subnet", f"{net} of {name}")
            for net, name in subnets.items()
        ]
        for one, other in _overlapping(spans):
            yield Found(f"{one} and {other}", "different subnets on one VLAN share addresses")


def _overlapping(spans: list[Span], *, of_kinds: bool = False) -> Iterator[tuple[Span, Span]]:
    """Yield pairs of which the second begins inside the first; each span is compared with the longest before it.

    ``of_kinds``: only pairs of different kinds; each is compared with the longest of the other kinds.
    """
    longest: dict[str, Span] = {}
    for span in sorted(spans, key=lambda one: (one.first, one.last)):
        for kind, before in longest.items():
            if span.first <= before.last and not (of_kinds and kind == span.kind):
                yield before, span
        mine = longest.get(span.kind)
        if mine is None or span.last > mine.last:
            longest[span.kind] = span


RANGES_OVERLAP = finds(
    "ranges_overlap",
    "D34: public ranges of one VLAN that overlap, ranges over their gateway, public addresses inside a pod's range; and"
    " ranges that cannot be read.",
    "vlan, host_pod_ref",
    """
    SELECT 'public' AS kind, l.uuid AS name, l.data_center_id AS zone, l.vlan_id AS tag, l.vlan_gateway AS gateway,
      l.vlan_netmask AS netmask, COALESCE([[vlan.ip4_range:l.ip4_range,]] [[vlan.description:l.description,]] '') AS ips
    FROM vlan l WHERE [[vlan.removed:l.removed IS NULL AND]] l.vlan_type = 'VirtualNetwork'
    UNION ALL
    SELECT 'pod', p.name, p.data_center_id, '', p.gateway, CONCAT(p.cidr_size, ''), p.description
    FROM host_pod_ref p WHERE p.removed IS NULL
    """,
    read=read_overlaps,
)
