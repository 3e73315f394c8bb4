"""Which neighbours a virtual router has heard of, and whether they answer: its ARP table."""

from __future__ import annotations

import re
from dataclasses import dataclass

from exporter.model import Question, UnreadableError, Via
from exporter.questions.routers.state import PRIVILEGE, checked_address

SILENT = frozenset({"FAILED", "INCOMPLETE"})
"""The router asked, and nobody answered."""
ANSWERED = frozenset({"REACHABLE", "STALE", "DELAY"})
"""The neighbour was heard since the router last had to ask; PROBE is being asked again, PERMANENT proves nothing."""
STATES = SILENT | ANSWERED | {"PROBE", "PERMANENT", "NOARP", "NONE"}
MAC = re.compile(r"[0-9a-f]{2}(?::[0-9a-f]{2}){5}")


@dataclass(frozen=True, slots=True)
class RouterNeighbour:
    """One line of the table.

    Attributes:
        mac: lower case; empty where nobody answered.
        state: of the kernel: REACHABLE | STALE | DELAY | PROBE | FAILED | INCOMPLETE | PERMANENT | NOARP | NONE.
    """

    address: str
    device: str
    mac: str
    state: str

    @property
    def is_silent(self) -> bool:
        """Return whether the router asked for it in vain."""
        return self.state in SILENT

    @property
    def has_answered(self) -> bool:
        """Return whether it was heard; how long ago is not known."""
        return self.state in ANSWERED


def read_router_neighbours(text: str) -> tuple[RouterNeighbour, ...]:
    """Return the neighbours from ``ip -4 neigh show``, any version; none is an answer."""
    return tuple(_neighbour(line.split()) for line in text.splitlines() if line.strip())


def _neighbour(words: list[str]) -> RouterNeighbour:
    """Return the neighbour of ``address [dev name] [lladdr mac] [flags] STATE``."""
    state = words[-1]
    if state not in STATES:
        message = f"not a neighbour: {' '.join(words)[:60]!r}"
        raise UnreadableError(message)
    mac = _after(words, "lladdr").lower()
    # A tunnel's link address is no MAC; the state tells all the same.
    return RouterNeighbour(checked_address(words[0]), _after(words, "dev"), mac if MAC.fullmatch(mac) else "", state)


def _after(words: list[str], name: str) -> str:
    """Return the word behind ``name``, or nothing."""
    return words[words.index(name) + 1] if name in words[1:-2] else ""


ROUTER_NEIGHBOURS = Question(
    name="router_neighbours",
    via=Via.SYSTEM_VM,
    text="exec ip -4 neigh show",
    read=read_router_neighbours,
    privilege=PRIVILEGE,
    why="Which machines of its networks the router hears: machines silent on one host alone, addresses of two MACs.",
    seconds=1.0,
    size=262_144,
)
