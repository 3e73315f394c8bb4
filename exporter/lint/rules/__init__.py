"""The rules: one small module per theme. Discovered, never listed."""

from __future__ import annotations

import importlib
import pkgutil

from exporter.lint.rule import Rule
from exporter.questions.template_images import SEVERITIES


def discover() -> tuple[Rule, ...]:
    """Return every rule of every module here, the worst first; two of one name are a defect."""
    found: dict[str, Rule] = {}
    for module in pkgutil.iter_modules(__path__):
        for rule in getattr(importlib.import_module(f"{__name__}.{module.name}"), "RULES", ()):
            if found.setdefault(rule.name, rule) is not rule:
                message = f"two rules are named {rule.name}"
                raise ValueError(message)
    return tuple(sorted(found.values(), key=lambda rule: (SEVERITIES.index(rule.severity), rule.system, rule.name)))
