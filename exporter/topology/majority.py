"""The odd one out: what most siblings have, who differs from it, and when that cannot be told."""

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


def differs(value: V, values: Mapping[M, V], absent: int = 0) -> bool | None:
    """Return whether ``value`` is not the majority's, where ``absent`` more members have not told theirs.

    None when the absent ones could make another value that of most: unknown is not alike.
    """
    common = majority(values)
    if common is not None and value != common:
        return True
    others = Counter(other for other in values.values() if other != value)
    total = len(values) + absent
    return None if absent and total >= 3 and (max(others.values(), default=0) + absent) * 2 > total else False
