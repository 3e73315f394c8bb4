"""What lies on what on a host: NICs, the bonds they are members of, and the bridges above."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from exporter.model import Kind, Metric, Problem
from exporter.questions.host_bonds import Bond
from exporter.questions.host_links import Link, Links

PREFIX = "cloudstack_network_hypervisor_links_"
HOST = ("zone", "cluster", "host")
OVS = "ovs-system"
"""The master of every port of an Open vSwitch bridge."""


def gauge(name: str, text: str, *labels: str, problem: Problem | None = None, follows: tuple[str, ...] = ()) -> Metric:
    """Return a gauge of this issue about a host, or with ``labels`` about a part of it."""
    full = tuple(f"{PREFIX}{one}" for one in follows)
    return Metric(f"{PREFIX}{name}", text, (*HOST, *labels), problem=problem, follows=full)


def counter(name: str, text: str, *labels: str) -> Metric:
    """Return a counter of this issue about a part of a host."""
    return Metric(f"{PREFIX}{name}", text, (*HOST, *labels), kind=Kind.COUNTER)


def bridged(links: Links) -> frozenset[str]:
    """Return the interfaces whose frames reach a bridge: as its port, through a bond, or through a VLAN device."""
    direct = {link.name for link in links.by_name.values() if _is_port(link, links)}
    direct |= {link.parent for link in links.by_name.values() if link.name in direct and link.vlan is not None}
    members = {link.name for link in links.by_name.values() if link.master in direct}
    return frozenset(links.by_name) & (direct | members)


def _is_port(link: Link, links: Links) -> bool:
    master = links.by_name.get(link.master)
    return link.master == OVS or (master is not None and master.kind in ("bridge", "openvswitch"))


def bonds_in_use(bonds: Mapping[str, Bond], links: Links | None) -> Iterator[Bond]:
    """Yield the bonds that have members and carry something; the kernel makes an empty bond0 by itself."""
    for bond in bonds.values():
        link = links.by_name.get(bond.name) if links else None
        if bond.members and (links is None or link is None or _carries(link, links)):
            yield bond


def _carries(link: Link, links: Links) -> bool:
    """Return whether a bond is switched on, and in a bridge, below something, or has ever heard a frame.

    One that is prepared for later and has no cables yet is not in use.
    """
    is_wanted = bool(link.master or link.counters.rx_packets)
    return link.is_up and (is_wanted or any(one.parent == link.name for one in links.by_name.values()))
