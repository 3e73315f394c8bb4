"""The engine: what a defect while the inventory is read costs."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from exporter import engine as engine_room
from exporter.app import build
from exporter.cloud.cloud import Cloud
from exporter.config import load
from exporter.lab.lab import Lab
from exporter.model import Reason
from tests.watching import MovableClock


async def test_a_defect_while_the_inventory_is_made_keeps_the_former_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The daemon goes on with what it knew, counts the defect and says that CloudStack is not read."""

    def broken(cloud: Cloud) -> Iterator[object]:
        raise ValueError(cloud.generation)

    async with Lab() as lab, build(load(lab.config_file, os.environ), MovableClock(), ()) as app:
        assert await app.engine.refresh()
        targets = set(app.engine.schedule.entries)
        monkeypatch.setattr(engine_room, "targets", broken)
        assert not await app.engine.refresh()
        assert set(app.engine.schedule.entries) == targets
        assert app.engine.inventory.failure is not None
        assert app.engine.inventory.failure.reason is Reason.INTERNAL
        assert b"internal_errors_total 1.0" in b"".join(app.engine.page.text())
        monkeypatch.undo()
        assert await app.engine.refresh()
        assert app.engine.inventory.failure is None
