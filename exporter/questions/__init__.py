"""Everything we ever run or ask elsewhere, beside the pure reader of its output: the catalogue."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

from exporter.model import Question


def catalogue() -> tuple[Question[Any], ...]:
    """Return every question of every module in this room and the rooms in it, by name; two of one name are a defect."""
    found: dict[str, Question[Any]] = {}
    for module in pkgutil.walk_packages(__path__, f"{__name__}."):
        for thing in vars(importlib.import_module(module.name)).values():
            if not isinstance(thing, Question):
                continue
            if found.setdefault(thing.name, thing) is not thing:
                message = f"two questions are named {thing.name}"
                raise ValueError(message)
    return tuple(found[name] for name in sorted(found))
