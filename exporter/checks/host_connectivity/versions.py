"""How versions of CloudStack are compared: 4.20.1.0, 4.22.0.0-SNAPSHOT, 4.19.1.3-vendor7."""

from __future__ import annotations

import re

NUMBERS = re.compile(r"\d{1,6}(?:\.\d{1,6}){0,5}", re.ASCII)


def numbers(version: str) -> tuple[int, ...]:
    """Return the numbers that a version begins with, empty when it begins with none."""
    found = NUMBERS.match(version.strip())
    return tuple(map(int, found[0].split("."))) if found else ()


def release(version: str) -> tuple[int, ...]:
    """Return the three numbers of a release, which its database has too; empty when there are less.

    The fourth number, and what a vendor writes behind it, may differ between a server and its database.
    """
    found = numbers(version)
    return found[:3] if len(found) >= 3 else ()
