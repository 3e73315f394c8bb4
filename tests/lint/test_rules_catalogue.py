"""The catalogue of rules: complete words, known severities, and a document that lists them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from exporter.lint.rule import Rule
from exporter.lint.rules import discover
from exporter.questions.template_images import SEVERITIES

RULES = discover()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_each_rule_says_what_it_breaks_and_what_to_do(rule: Rule) -> None:
    """One sentence each, a name that can be a label, and its row in the document."""
    assert re.fullmatch(r"[a-z][a-z0-9_]{2,40}", rule.name)
    assert rule.severity in SEVERITIES
    assert rule.system in {"linux", "windows"}
    assert re.fullmatch(r"[A-Za-z][^\n]*\.", rule.breaks)
    assert rule.remedy
    document = Path(__file__).parents[2] / "docs" / "template-lint.md"
    row = f"| `{rule.name}` | {rule.severity} | {rule.system} | {rule.breaks} | {rule.remedy} |"
    assert row in document.read_text(encoding="utf-8").replace("\\|", "|")


def test_names_are_unique_and_the_worst_come_first() -> None:
    """Rules are discovered; a module without any is a mistake."""
    assert len({rule.name for rule in RULES}) == len(RULES) > 30
    assert [SEVERITIES.index(rule.severity) for rule in RULES] == sorted(SEVERITIES.index(r.severity) for r in RULES)
