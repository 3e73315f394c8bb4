"""What the devices of a host say of networks in which its machines are silent: its way is proven wrong, or good.

Routers alone prove it where two machines of one network are silent, or single ones of two on a host of which nobody is
heard over the switch. A host that hears the VLAN while its machines say nothing is acquitted of it. Machines that were
never heard speak against their host only where it sends into the VLAN and has not heard anybody there for long.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from exporter.checks.vlan_trunking.blames import Blame
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import HostTarget
from exporter.model import Answers
from exporter.thresholds import VLAN_SILENT_MACHINES
from exporter.topology.hearing import IN_VAIN, Hearing, hearing

FINE = frozenset({Hearing.LISTENS, Hearing.TALKS})
NOBODY_SPEAKS = frozenset({Hearing.LISTENS, Hearing.QUIET})
"""The machines are dead, or may be: their silence says nothing about the way."""


@dataclass(slots=True)
class Suspicion:
    """What the routers have shown of one host on two visits.

    Attributes:
        blamed: networks with enough silent machines to blame it.
        doubted: networks with single silent machines, which may be dead for reasons of their own.
        unheard: networks with machines that were never heard since they were made.
        is_working: whether a router elsewhere hears a machine of it, or a router of it hears one elsewhere.
    """

    blamed: list[Blame] = field(default_factory=list)
    doubted: list[Blame] = field(default_factory=list)
    unheard: list[Blame] = field(default_factory=list)
    is_working: bool = False


def proven(
    found: Suspicion, target: HostTarget | None, answers: Answers | None, cloud: Cloud, *, is_counted: bool
) -> tuple[list[Blame], bool]:
    """Return for what a host is to be blamed, and whether that is all that can be said.

    Not while something may be wrong that its devices did not tell. ``is_counted`` says whether they are ever asked.
    """
    suspects = (*found.blamed, *found.doubted, *found.unheard)
    ways = {
        one.network.id: hearing(one.network, target, answers, cloud) if is_counted else Hearing.UNCOUNTED
        for one in suspects
    }
    blamed = [one for one in found.blamed if ways[one.network.id] not in NOBODY_SPEAKS]
    is_told = Hearing.QUIET not in _of(found.blamed, ways)
    doubted = [one for one in found.doubted if ways[one.network.id] not in NOBODY_SPEAKS]
    if not found.is_working and len(blamed) + len(doubted) >= VLAN_SILENT_MACHINES:
        blamed += doubted
    else:
        blamed += [one for one in doubted if ways[one.network.id] in IN_VAIN]
        hidden = {Hearing.UNKNOWN} if found.is_working else {Hearing.UNKNOWN, Hearing.QUIET}
        is_told &= not hidden & _of(found.doubted, ways)
    deaf = [one for one in found.unheard if ways[one.network.id] is Hearing.DEAF]
    if blamed or sum(one.number for one in deaf) >= VLAN_SILENT_MACHINES:
        return [*blamed, *deaf], is_told
    return blamed, is_told and _of(found.unheard, ways) <= FINE


def _of(suspects: Iterable[Blame], ways: Mapping[str, Hearing]) -> set[Hearing]:
    return {ways[one.network.id] for one in suspects}
