"""What lies on what on a host: NICs, the bonds they are members of, and the bridges above."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from exporter.model import Kind, Metric, Problem
from exporter.questions.hosts.bonds import Bond, BondMember
from exporter.questions.hosts.links import Link, Links

PREFIX = "cloudstack_network_hypervisor_links_"
HOST = ("zone", "cluster", "host")
OVS = "ovs-system"
"""The master of every port of an Open vSwitch bridge."""
TEAM = "team"
"""The kind of link that stands for a bond in newer releases of RHEL's kin; /proc/net/bonding does not know it."""


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


def known_bonds(bonds: Mapping[str, Bond], links: Links | None) -> Mapping[str, Bond]:
    """Return the bonds and teams by name, also those without members: the kernel makes an empty bond0 by itself.

    A member without a link is down whatever its bond says: one that watches no links calls all of them up for ever.
    """
    if links is None:
        return bonds
    return {**_teams(links), **{name: _with_links(bond, links) for name, bond in bonds.items()}}


def _with_links(bond: Bond, links: Links) -> Bond:
    """Return a bond whose members are up only if ip link, where it knows them, shows them with a carrier."""
    known = links.by_name
    members = (replace(one, is_up=False) if _is_dark(known.get(one.name)) else one for one in bond.members)
    return replace(bond, members=tuple(members))


def _is_dark(link: Link | None) -> bool:
    return link is not None and not link.has_carrier


def bonds_in_use(bonds: Mapping[str, Bond], links: Links | None) -> Iterator[Bond]:
    """Yield the bonds and teams that carry something: those that have ever heard a frame.

    One that is prepared for later and has no cables yet is not in use, in whatever bridge it is. Nor is one that is
    switched off, unless something lies above it, or one without members.
    """
    for bond in (bond for bond in known_bonds(bonds, links).values() if bond.members):
        link = links.by_name.get(bond.name) if links else None
        if links is None or link is None or (link.counters.rx_packets > 0 and (link.is_up or _bears(link, links))):
            yield bond


def _bears(link: Link, links: Links) -> bool:
    """Return whether an interface is a port of something, or has a VLAN device or the like above it."""
    return bool(link.master) or any(one.parent == link.name for one in links.by_name.values())


def _teams(links: Links) -> Mapping[str, Bond]:
    """Return the teams as bonds of no mode of the kernel's: their ports are members, by what ip link tells of them."""
    found = {}
    for link in links.of_kind(TEAM):
        ports = (links.by_name[name] for name in links.ports.get(link.name, ()))
        members = tuple(BondMember(name=one.name, is_up=one.has_carrier) for one in ports)
        found[link.name] = Bond(name=link.name, mode=None, is_up=link.has_carrier, members=members)
    return found
