"""The list of settings: what is judged is asked for."""

from __future__ import annotations

import ast
from pathlib import Path

import exporter
from exporter.inventory.settings import SETTINGS

ROOT = Path(exporter.__file__).parent


def judged() -> set[str]:
    """Return every literal name given to ``cloud.setting`` or taken from ``cloud.settings`` in the code."""
    found = set()
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "setting":
                found |= {argument.value for argument in node.args[:1] if isinstance(argument, ast.Constant)}
    return found


def test_every_judged_setting_is_asked_for() -> None:
    """A check that reads a setting which no refresh asks for would see None for ever."""
    assert judged() - set(SETTINGS) == set()
    assert "consoleproxy.url.domain" in judged()


def test_settings_are_sorted_and_unique() -> None:
    """One place for each."""
    assert sorted(set(SETTINGS), key=str.lower) == sorted(SETTINGS, key=str.lower)
    assert list(SETTINGS) == sorted(SETTINGS, key=str.lower)
