"""Kernel bonds of a hypervisor host: members, aggregators, LACP partner."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from exporter.model import Question, UnreadableError, Via

NO_PARTNER = "00:00:00:00:00:00"
ACTIVE_BACKUP, LACP = 1, 4
"""The kernel's numbers of active-backup and 802.3ad."""
MODES = (
    ("load balancing (round-robin)", 0),
    ("fault-tolerance (active-backup)", ACTIVE_BACKUP),
    ("load balancing (xor)", 2),
    ("fault-tolerance (broadcast)", 3),
    ("IEEE 802.3ad Dynamic link aggregation", LACP),
    ("transmit load balancing", 5),
    ("adaptive load balancing", 6),
)
"""Beginning of the kernel's words -> mode; ``(fail_over_mac active)`` may follow."""
CHURN = ("none", "monitoring", "churned")


@dataclass(frozen=True, slots=True, kw_only=True)
class BondMember:
    """One member of a bond, by /proc/net/bonding.

    Attributes:
        is_up: MII status up; one that is going up or down is not up.
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
        lacp_rate: slow | fast | empty.
        is_watched: it looks after its members' links, by MII or ARP; a bond that does not calls them up for ever, as
            Linux 6.1 was seen to do. None when not told.
        aggregator: active aggregator id, partner_mac: its LACP partner (802.3ad only; both are missing when there is
            no active aggregator, and the partner when the kernel tells it to root only).
    """

    name: str
    mode: int | None
    is_up: bool
    active: str = ""
    primary: str = ""
    lacp_rate: str = ""
    is_watched: bool | None = None
    aggregator: int | None = None
    partner_mac: str = ""
    members: tuple[BondMember, ...] = ()


def read_bonds(text: str) -> Mapping[str, Bond]:
    """Return the bonds by name; none when the host has none.

    The text is that of ``grep -H '' /proc/net/bonding/*``: each line behind its file's path and a colon.
    """
    files: dict[str, list[str]] = {}
    for line in text.splitlines():
        found = re.match(r"(?:/[^/]*)*/proc/net/bonding/([^/:\s]{1,15}):", line)
        if not found:
            message = f"not a line of /proc/net/bonding: {line[:60]!r}"
            raise UnreadableError(message)
        files.setdefault(found[1], []).append(line[found.end() :])
    return MappingProxyType({name: _bond(name, lines) for name, lines in files.items()})


def _bond(name: str, lines: list[str]) -> Bond:
    """Return the bond of one file: what stands before the first member, then the members."""
    if not lines[0].startswith("Ethernet Channel Bonding Driver"):
        message = f"not the state of a bond: {lines[0][:60]!r}"
        raise UnreadableError(message)
    blocks: list[list[str]] = [[]]
    for line in lines:
        if line.startswith("Slave Interface:"):
            blocks.append([])
        blocks[-1].append(line)
    facts = _facts(blocks[0])
    if "MII Status" not in facts or "Bonding Mode" not in facts:
        message = f"bond {name} does not tell its mode and status"
        raise UnreadableError(message)
    primary, active = facts.get("Primary Slave", ""), facts.get("Currently Active Slave", "")
    return Bond(
        name=name,
        mode=next((number for words, number in MODES if facts["Bonding Mode"].startswith(words)), None),
        is_up=facts["MII Status"] == "up",
        active="" if active == "None" else active,
        primary="" if primary == "None" else primary.partition(" ")[0],
        lacp_rate=facts.get("LACP rate", ""),
        is_watched=_is_watched(facts),
        aggregator=_number(facts.get("Aggregator ID", "")),
        partner_mac=_mac(facts.get("Partner Mac Address", "")),
        members=tuple(_member(block) for block in blocks[1:]),
    )


def _is_watched(facts: Mapping[str, str]) -> bool | None:
    """Return whether one of the two monitors has an interval; that of ARP is named only where it has one."""
    mii, arp = (_number(facts.get(f"{monitor} Polling Interval (ms)", "")) for monitor in ("MII", "ARP"))
    return None if mii is None and not arp else bool(mii or arp)


def _member(block: list[str]) -> BondMember:
    """Return one member; what stands in the partner's part of its LACP details is the partner's."""
    split = next((at for at, line in enumerate(block) if line.startswith("details partner lacp pdu")), len(block))
    facts, partner = _facts(block[:split]), _facts(block[split:])
    if not facts["Slave Interface"] or "MII Status" not in facts:
        message = "a bond member without name or status"
        raise UnreadableError(message)
    return BondMember(
        name=facts["Slave Interface"],
        is_up=facts["MII Status"] == "up",
        speed=_number(facts.get("Speed", "").removesuffix(" Mbps")) or None,
        duplex=facts["Duplex"] if facts.get("Duplex") in ("full", "half") else "",
        failures=_number(facts.get("Link Failure Count", "")) or 0,
        aggregator=_number(facts.get("Aggregator ID", "")),
        actor_churn=_word(facts.get("Actor Churn State", "")),
        partner_churn=_word(facts.get("Partner Churn State", "")),
        actor_state=_number(facts.get("port state", "")),
        partner_state=_number(partner.get("port state", "")),
        partner_mac=_mac(partner.get("system mac address", "")),
    )


def _facts(lines: list[str]) -> dict[str, str]:
    return dict(_pairs(lines))


def _pairs(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Yield key and value of lines such as ``Aggregator ID: 1``, whatever their indent."""
    for line in lines:
        key, colon, value = line.partition(":")
        if colon:
            yield key.strip(), value.strip()


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch(r"\d{1,10}", text, re.ASCII) else None


def _word(text: str) -> str:
    return text if text in CHURN else ""


def _mac(text: str) -> str:
    return text.lower() if re.fullmatch(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}", text) else ""


BONDS: Question[Mapping[str, Bond]] = Question(
    "host_bonds",
    Via.HOST,
    # A host without the module has no folder, one without bonds an empty one: no text, no bonds.
    r"""
set +f
set -- "$ROOT"/proc/net/bonding/*
[ -e "$1" ] || exit 0
exec grep -H '' "$@"
""",
    read_bonds,
    privilege="root for LACP details of the partner; the rest is for all",
    why="Members, aggregators, LACP partner and churn of kernel bonds.",
    size=262_144,
    processes=1,
)
