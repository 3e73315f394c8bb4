"""Checks: pure judgments, one folder per issue, one small module per check. Discovered, never listed."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass

from exporter.model import Check, Issue


@dataclass(frozen=True, slots=True)
class Registered:
    """A check with the place that names it."""

    issue: Issue
    name: str  # module name
    check: Check


def discover() -> tuple[Registered, ...]:
    """Return every ``CHECK`` of every module ``checks/<slug>/<name>.py``, in order of issue and name."""
    found = []
    for issue in Issue:
        try:
            room = importlib.import_module(f"{__name__}.{issue.value}")
        except ModuleNotFoundError:
            continue
        for module in pkgutil.iter_modules(room.__path__):
            check = getattr(importlib.import_module(f"{room.__name__}.{module.name}"), "CHECK", None)
            if isinstance(check, Check):
                found.append(Registered(issue, module.name, check))
    return tuple(found)
