"""The odd one out: what most siblings have, and who differs from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping
from typing import TypeVar

M = TypeVar("M", bound=Hashable)
V = TypeVar("V", bound=Hashable)


def majority(values: Mapping[M, V]) -> V | None:
    """Return the value that more than half of at least three members have, else None.

    Two hosts that differ have no majority: nobody can say which of them is wrong.
    """
    if len(values) < 3:
        return None
    value, times = Counter(values.values()).most_common(1)[0]
    return value if times * 2 > len(values) else None


def odd_ones(values: Mapping[M, V]) -> tuple[M, ...]:
    """Return the members whose value differs from the majority's; none where there is no majority."""
    common = majority(values)
    return () if common is None else tuple(member for member, value in values.items() if value != common)
