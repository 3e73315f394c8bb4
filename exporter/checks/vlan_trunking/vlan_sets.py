"""Sets of VLANs as CloudStack writes them: ranges with both ends, of which VXLAN has millions."""

from __future__ import annotations

from collections.abc import Iterable

from exporter.cloud.networks import PhysicalNetwork

Ranges = tuple[tuple[int, int], ...]


def scheme(network: PhysicalNetwork) -> str:
    """Return what the numbers of a physical network are: vlan, vxlan, or another method's own."""
    methods = [method.lower() for method in network.isolation_methods] or ["vlan"]
    return next((method for method in ("vlan", "vxlan") if method in methods), methods[0])


def merged(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """Return the same numbers in order, none twice."""
    found: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return tuple(found)


def common(one: Iterable[tuple[int, int]], other: Iterable[tuple[int, int]]) -> Ranges:
    """Return the numbers that are in both."""
    others = merged(other)
    pairs = ((max(a, c), min(b, d)) for a, b in merged(one) for c, d in others)
    return merged((first, last) for first, last in pairs if first <= last)


def size(ranges: Ranges) -> int:
    """Return how many numbers there are."""
    return sum(last - first + 1 for first, last in ranges)
