"""Ranges of VLANs and VNIs as physical networks have them in the database: ``100-199,300-300``."""

from __future__ import annotations

import re


def number_ranges(text: str) -> list[tuple[int, int]] | None:
    """Return first and last of each range, in order; None when one cannot be read, or runs backwards.

    A number that two ranges name is in the pool once, so in one.
    """
    ranges = []
    for word in filter(None, (part.strip() for part in text.split(","))):
        match = re.fullmatch(r"(\d{1,10})(?:-(\d{1,10}))?", word, re.ASCII)
        if match is None:
            return None
        first, last = int(match[1]), int(match[2] or match[1])
        if first > last:
            return None
        ranges.append((first, last))
    apart = []
    until = -1
    for first, last in sorted(ranges):
        if (low := max(first, until + 1)) <= last:
            apart.append((low, last))
            until = last
    return apart


def sums(text: str) -> tuple[int, int, int] | None:
    """Return count, sum and sum of squares of ``100-199,300-300,17``; None when it cannot be read."""
    ranges = number_ranges(text)
    if ranges is None:
        return None
    count = sum(last - low + 1 for low, last in ranges)
    total = sum((low + last) * (last - low + 1) // 2 for low, last in ranges)
    return count, total, sum(_squares(last) - _squares(low - 1) for low, last in ranges)


def _squares(number: int) -> int:
    """Return 1 + 4 + 9 + ... + number^2."""
    return number * (number + 1) * (2 * number + 1) // 6
