"""How ``ovs-appctl upcall/show``, ``dpctl/show`` and ``fdb/stats-show`` are read: flows, lookups and MAC tables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from exporter.model import UnreadableError


@dataclass(frozen=True, slots=True, kw_only=True)
class Datapath:
    """One datapath. What was not told is None; hit, missed and lost count lookups since it was made.

    Attributes:
        flows: megaflows in the datapath, limit: how many it may hold now; the switch lowers it when it is slow.
        dump_seconds: what one walk over all flows took last.
        lost: packets that no handler had time for.
    """

    name: str
    flows: int | None = None
    limit: int | None = None
    dump_seconds: float | None = None
    hit: int | None = None
    missed: int | None = None
    lost: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MacTable:
    """The MAC table of one bridge; moved and evicted count since the switch was started."""

    current: int
    maximum: int
    moved: int | None = None
    evicted: int | None = None


BLOCK = re.compile(r"^(\S{1,80}):$", re.MULTILINE)
FLOWS = re.compile(r"flows\s*: \(current (\d{1,18})\) \(avg \d+\) \(max \d+\) \(limit (\d{1,18})\)", re.ASCII)
DUMP = re.compile(r"dump duration\s*: (\d{1,18})ms", re.ASCII)
LOOKUPS = re.compile(r"lookups: hit:(\d{1,20}) missed:(\d{1,20}) lost:(\d{1,20})", re.ASCII)
TABLE = re.compile(r"Current/maximum MAC entries in the table\s*: (\d{1,9})/(\d{1,9})", re.ASCII)
MOVED = re.compile(r"Total number of port moved MAC entries\s*: (\d{1,20})", re.ASCII)
EVICTED = re.compile(r"Total number of evicted MAC entries\s*: (\d{1,20})", re.ASCII)


def read_datapaths(upcalls: str | None, shown: str | None) -> Mapping[str, Datapath]:
    """Return the datapaths by name from ``upcall/show`` and ``dpctl/show``; a part that is None was not told."""
    flows, lookups = dict(_blocks(upcalls)), dict(_blocks(shown))
    return MappingProxyType(
        {name: _datapath(name, flows.get(name, ""), lookups.get(name, "")) for name in {**flows, **lookups}}
    )


def _blocks(text: str | None) -> Iterator[tuple[str, str]]:
    """Yield each datapath's name with the lines below it."""
    _, *parts = BLOCK.split(text or "")
    yield from zip(parts[::2], parts[1::2], strict=True)


def _datapath(name: str, flows: str, lookups: str) -> Datapath:
    held, dump, found = FLOWS.search(flows), DUMP.search(flows), LOOKUPS.search(lookups)
    return Datapath(
        name=name,
        flows=int(held[1]) if held else None,
        limit=int(held[2]) if held else None,
        dump_seconds=int(dump[1]) / 1000 if dump else None,
        hit=int(found[1]) if found else None,
        missed=int(found[2]) if found else None,
        lost=int(found[3]) if found else None,
    )


def read_macs(text: str) -> MacTable:
    """Return the MAC table of one bridge."""
    table, moved, evicted = TABLE.search(text), MOVED.search(text), EVICTED.search(text)
    if not table:
        message = f"no MAC table: {text[:60]!r}"
        raise UnreadableError(message)
    return MacTable(
        current=int(table[1]),
        maximum=int(table[2]),
        moved=int(moved[1]) if moved else None,
        evicted=int(evicted[1]) if evicted else None,
    )
