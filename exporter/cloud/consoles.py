"""The effective hostname rule of console proxies."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address

from exporter.cloud.cloud import Cloud
from exporter.cloud.objects import SystemVm

PORT = re.compile(r"[1-9]\d{0,4}", re.ASCII)


@dataclass(frozen=True, slots=True)
class ConsoleAddress:
    """Where a browser is sent for the console of a VM.

    ``rule`` is ``address`` (no domain: the public IP itself), ``wildcard`` (a-b-c-d.domain) or ``literal``
    (one name for every proxy: a load balancer, or a single proxy).
    """

    hostname: str
    tls: bool
    rule: str
    domain: str  # the part after ``*.`` for a wildcard, the name for a literal, else empty
    address: str  # the proxy's public address as CloudStack knows it
    static_port: int | None = None


def dashed(address: str) -> str:
    """Return 203-0-113-7 for 203.0.113.7."""
    return address.replace(".", "-")


def console_address(cloud: Cloud, vm: SystemVm) -> ConsoleAddress:
    """Return the effective address of a console proxy.

    Source: ConsoleProxyInfo.formatProxyAddress; settings consoleproxy.url.domain, .sslEnabled,
    .static.publicIp and .static.port. TLS is effective only with a domain.
    """
    domain = (cloud.setting("consoleproxy.url.domain", vm.zone_id) or "").strip()
    tls = bool(domain) and (cloud.setting("consoleproxy.sslEnabled", vm.zone_id) or "").lower() == "true"
    address = (cloud.setting("consoleproxy.static.publicIp", vm.zone_id) or "").strip() or vm.public_address
    port = None
    if address != vm.public_address:
        text = cloud.setting("consoleproxy.static.port", vm.zone_id) or "8443"
        port = int(text) if PORT.fullmatch(text) and int(text) < 65536 else 8443
    if not domain:
        return ConsoleAddress(address, tls, "address", "", address, port)
    if domain.startswith("*"):
        return ConsoleAddress(
            dashed(address) + domain[1:], tls, "wildcard", domain.lstrip("*").lstrip("."), address, port
        )
    return ConsoleAddress(domain, tls, "literal", domain, address, port)


def possible_addresses(cloud: Cloud, zone_id: str) -> tuple[range, ...]:
    """Return the public IPv4 addresses that a console proxy of the zone may get: integers, in order, none twice.

    Ranges reserved for system VMs are preferred by CloudStack, so where there are some, only they count.
    Source: listVlanIpRanges. Empty with consoleproxy.static.publicIp, which stands before all proxies.
    """
    if (cloud.setting("consoleproxy.static.publicIp", zone_id) or "").strip():
        return ()
    public = [item for item in cloud.vlan_ranges.values() if item.is_public and item.zone_id == zone_id]
    chosen = [item for item in public if item.for_system_vms] or public
    merged: list[range] = []
    for addresses in sorted((item.addresses for item in chosen if item.addresses), key=lambda found: found.start):
        if merged and addresses.start <= merged[-1].stop:
            merged[-1] = range(merged[-1].start, max(merged[-1].stop, addresses.stop))
        else:
            merged.append(addresses)
    return tuple(merged)


def possible_hostnames(cloud: Cloud, vm: SystemVm, most: int = 5) -> tuple[str, ...]:
    """Return names that the next console proxy may have, spread over the possible addresses, first and last included.

    Empty unless the domain is a wildcard, because only then a new address is a new name.
    """
    console = console_address(cloud, vm)
    ranges = possible_addresses(cloud, vm.zone_id)
    total = sum(map(len, ranges))
    if console.rule != "wildcard" or not total:
        return ()
    places = sorted({step * (total - 1) // max(most - 1, 1) for step in range(most)})
    suffix = console.hostname.removeprefix(dashed(console.address))
    return tuple(dashed(str(IPv4Address(_nth(ranges, place)))) + suffix for place in places)


def _nth(ranges: tuple[range, ...], place: int) -> int:
    """Return the address at ``place`` when the ranges stand in one row."""
    for addresses in ranges:
        if place < len(addresses):
            return addresses[place]
        place -= len(addresses)
    raise IndexError(place)
