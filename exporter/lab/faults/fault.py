"""What a fault of the lab is, and the catalogue that the fault modules fill."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from exporter.lab.world.world import World
from exporter.model import Issue

Change = Callable[[World], None]
PREFIX = "cloudstack_network_"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that can be broken.

    Attributes:
        name: unique, lower case with underscores.
        sentence: what is broken, for people.
        issue: of the talk, None for faults of the wires themselves.
        expects: names of the metrics of which at least one sample must become a problem; no other may.
            Empty for faults that make things unknown.
        apply: changes the world.
        after: seconds for which it must last before an exporter that saw it begin calls it a problem.
        looks: how often an exporter must look at it.
        stays: seconds for which what was seen of it is held against its object when it is mended.
    """

    name: str
    sentence: str
    issue: Issue | None
    expects: frozenset[str]
    apply: Change
    after: float = 0.0
    looks: int = 2
    stays: float = 0.0


CATALOGUE: dict[str, Fault] = {}
"""Every fault by name, in the order of the modules."""


def fault(
    issue: Issue | None, *expects: str, after: float = 0.0, looks: int = 2, stays: float = 0.0
) -> Callable[[Change], Change]:
    """Add the decorated function to the catalogue; its name and its docstring are the fault's.

    ``expects`` are metric names without ``cloudstack_network_<issue>_``, or with an issue of their own
    before a colon.
    """

    def add(change: Change) -> Change:
        name = change.__name__
        sentence = (change.__doc__ or "").strip()
        full = frozenset(_full(issue, word) for word in expects)
        CATALOGUE[name] = Fault(name, sentence, issue, full, change, after, looks, stays)
        return change

    return add


def _full(issue: Issue | None, word: str) -> str:
    other, _, rest = word.rpartition(":")
    return f"{PREFIX}{other or issue}_{rest}"
