"""The list of settings: what is judged is asked for."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import exporter
from exporter.inventory.settings import SETTINGS

ROOT = Path(exporter.__file__).parent
NAME = re.compile(r"[a-z]+(\.[A-Za-z]+)+")


FAMILIES = tuple({f"{name.split('.')[0]}." for name in SETTINGS if "." in name})


def judged() -> set[str]:
    """Return every text of the checks and of the Cloud that is the name of a setting."""
    found = set()
    for path in (*ROOT.glob("checks/**/*.py"), *ROOT.glob("cloud/*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(func=ast.Attribute(attr="setting"), args=[ast.Constant(value=str(name)), *_]):
                    found.add(name)
                case ast.Constant(value=str(name)) if name.startswith(FAMILIES) and NAME.fullmatch(name):
                    found.add(name)
    return found


def test_every_judged_setting_is_asked_for() -> None:
    """A check that reads a setting which no refresh asks for would see None for ever."""
    assert judged() - set(SETTINGS) == set()
    assert "consoleproxy.url.domain" in judged()


def test_settings_are_sorted_and_unique() -> None:
    """One place for each."""
    assert sorted(set(SETTINGS), key=str.lower) == sorted(SETTINGS, key=str.lower)
    assert list(SETTINGS) == sorted(SETTINGS, key=str.lower)
