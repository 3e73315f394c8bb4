"""Committed dashboards, taken apart."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "dashboards"
MACROS = {"__rate_interval": "5m", "__range": "1h", "__interval": "1m"}


@dataclass(frozen=True, slots=True)
class Dashboard:
    """One committed dashboard."""

    path: Path
    data: dict[str, Any]

    @property
    def panels(self) -> list[dict[str, Any]]:
        """Return every panel that shows something, also those in collapsed rows."""
        tops = self.data["panels"]
        return [one for top in tops for one in (top, *top.get("panels", ())) if one["type"] != "row"]

    @property
    def expressions(self) -> list[tuple[str, dict[str, Any], str]]:
        """Return (panel title, target, PromQL with all variables filled in)."""
        return [(one["title"], target, filled(target["expr"])) for one in self.panels for target in one["targets"]]


def filled(expr: str) -> str:
    """Return PromQL as Grafana sends it with All chosen everywhere."""
    return re.sub(r"\$(\w+)", lambda found: MACROS.get(found[1], ".+"), expr)


def read() -> Iterator[Dashboard]:
    """Yield every committed dashboard."""
    for path in sorted(FOLDER.glob("csnet-*.json")):
        yield Dashboard(path, json.loads(path.read_text(encoding="utf-8")))


BOARDS = tuple(read())


@pytest.fixture(params=BOARDS, ids=lambda board: board.path.stem)
def board(request: pytest.FixtureRequest) -> Dashboard:
    """Return each committed dashboard."""
    found: Dashboard = request.param
    return found


@pytest.fixture
def boards() -> tuple[Dashboard, ...]:
    """Return all committed dashboards."""
    return BOARDS
