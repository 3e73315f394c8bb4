"""How ``ovs-appctl bond/show`` and ``lacp/show`` are read, in the words of all versions: slave, since 2.16 member."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import zip_longest
from types import MappingProxyType

from exporter.model import UnreadableError

NOBODY = "00:00:00:00:00:00"
"""A partner that never spoke."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OvsBondMember:
    """One member of a bond.

    Attributes:
        is_enabled: it carries traffic.
        may_enable: link and LACP would let it; None when not told.
        lacp: current | expired | defaulted; empty where LACP is off or was not told.
        partner: system id of its LACP partner; empty when there is none or it was not told.
    """

    name: str
    is_enabled: bool
    may_enable: bool | None = None
    lacp: str = ""
    partner: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OvsBond:
    """One bond.

    Attributes:
        mode: balance-tcp | balance-slb | active-backup.
        lacp_status: negotiated | configured | off, the headline. It may say negotiated for long while no member
            carries traffic, so it is never judged.
        active: the active member, empty when there is none.
    """

    name: str
    mode: str = ""
    lacp_status: str = ""
    active: str = ""
    members: tuple[OvsBondMember, ...] = ()


HEADING = re.compile(r"^---- (\S{1,64}) ----$", re.MULTILINE)
MEMBER = re.compile(r"^(?:slave|member) (\S{1,64}): (enabled|disabled)$", re.MULTILINE)
MAY = re.compile(r"^[ \t]+may_enable: (true|false)$", re.MULTILINE)
MODE = re.compile(r"^bond_mode: (\S{1,64})$", re.MULTILINE)
STATUS = re.compile(r"^lacp_status: (\S{1,64})$", re.MULTILINE)
ACTIVE = re.compile(r"^active (?:slave|member) mac: \S+?\((\S{1,64})\)$", re.MULTILINE)
LACP = re.compile(r"^(?:slave|member): (\S{1,64}): (current|expired|defaulted)\b.*$", re.MULTILINE)
PARTNER = re.compile(r"^[ \t]+partner sys_id: ([0-9a-f:]{17})$", re.MULTILINE)


def read_bonds(shown: str, lacp: str | None) -> Mapping[str, OvsBond]:
    """Return the bonds by name from ``bond/show`` and, where it was told, ``lacp/show``."""
    found = {start[1]: _bond(start[1], text) for start, text in _parts(HEADING, shown)}
    if not found and shown.strip():
        message = f"no bond: {shown[:60]!r}"
        raise UnreadableError(message)
    for start, text in _parts(HEADING, lacp or ""):
        if start[1] in found:
            found[start[1]] = _with_lacp(found[start[1]], text)
    return MappingProxyType(found)


def _parts(start: re.Pattern[str], text: str) -> Iterator[tuple[re.Match[str], str]]:
    """Yield each match with the text up to the next one."""
    found = list(start.finditer(text))
    for one, following in zip_longest(found, found[1:]):
        yield one, text[one.end() : following.start() if following else len(text)]


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found[1] if found else ""


def _bond(name: str, text: str) -> OvsBond:
    active = _first(ACTIVE, text)
    return OvsBond(
        name=name,
        mode=_first(MODE, text),
        lacp_status=_first(STATUS, text),
        active="" if active == "none" else active,
        members=tuple(sorted(_members(text), key=lambda one: one.name)),
    )


def _members(text: str) -> Iterator[OvsBondMember]:
    for start, below in _parts(MEMBER, text):
        may = _first(MAY, below)
        yield OvsBondMember(name=start[1], is_enabled=start[2] == "enabled", may_enable=may == "true" if may else None)


def _with_lacp(bond: OvsBond, text: str) -> OvsBond:
    """Return the bond with what ``lacp/show`` tells of its members."""
    told = {start[1]: (start[2], _first(PARTNER, below)) for start, below in _parts(LACP, text)}
    members = []
    for member in bond.members:
        state, partner = told.get(member.name, ("", ""))
        members.append(replace(member, lacp=state, partner="" if partner == NOBODY else partner))
    return replace(bond, members=tuple(members))
