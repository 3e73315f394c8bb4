"""Kernel bonds of a hypervisor host: members, aggregators, LACP partner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from exporter.model import Question, UnreadableError, Via


@dataclass(frozen=True, slots=True, kw_only=True)
class BondMember:
    """One member of a bond, by /proc/net/bonding.

    Attributes:
        speed: Mb/s, None when unknown.
        aggregator: id, None outside 802.3ad.
        actor_churn, partner_churn: none | monitoring | churned | empty when not told.
        actor_state, partner_state: LACP state bits, None when not told (63/61: in sync, collecting, distributing).
        partner_mac: of the partner's system as this member sees it; empty when not told.
    """

    name: str
    is_up: bool
    speed: int | None = None
    duplex: str = ""
    failures: int = 0
    aggregator: int | None = None
    actor_churn: str = ""
    partner_churn: str = ""
    actor_state: int | None = None
    partner_state: int | None = None
    partner_mac: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bond:
    """One bond.

    Attributes:
        mode: the kernel's number: 0 round-robin .. 4 802.3ad .. 6 adaptive; None when not known.
        active: currently active member (active-backup), or empty.
        aggregator: active aggregator id, partner_mac: its LACP partner (802.3ad only).
    """

    name: str
    mode: int | None
    is_up: bool
    active: str = ""
    primary: str = ""
    lacp_rate: str = ""
    aggregator: int | None = None
    partner_mac: str = ""
    members: tuple[BondMember, ...] = ()


def read_bonds(text: str) -> Mapping[str, Bond]:
    """Return the bonds by name; none when the host has none."""
    raise UnreadableError(text[:0] + "no reader yet")


BONDS: Question[Mapping[str, Bond]] = Question(
    "host_bonds",
    Via.HOST,
    "exit 127",
    read_bonds,
    privilege="root for LACP details of the partner; the rest is for all",
    why="Members, aggregators, LACP partner and churn of kernel bonds.",
    size=262_144,
)
