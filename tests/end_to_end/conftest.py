"""The whole exporter, but for its timers, before the lab."""

from __future__ import annotations

import asyncio
import os
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest_asyncio

from exporter.app import App, build
from exporter.clock import SystemClock
from exporter.config import load
from exporter.findings import Snapshot
from exporter.lab.lab import Lab


@dataclass
class Watch:
    """Looks when it is told to."""

    app: App
    lab: Lab

    async def look(self, times: int = 1) -> None:
        """Read the inventory and visit every target, so many times; verdicts that need two looks need two."""
        engine = self.app.engine
        for _ in range(times):
            await engine.refresh()
            entries = [e for e in engine.schedule.entries.values() if type(e.target) in engine.schedule.visits]
            await asyncio.gather(*(engine.schedule.visit(entry) for entry in entries))
            engine.settle()
            engine.tick()

    def snapshot(self) -> Snapshot:
        """Return what people are shown."""
        return self.app.engine.board.snapshot()

    def problems(self) -> dict[str, set[str]]:
        """Return metric name -> subjects of the problems that stand."""
        found: defaultdict[str, set[str]] = defaultdict(set)
        for finding in self.snapshot().findings:
            found[finding.metric].add(finding.subject)
        return dict(found)

    def failures(self) -> set[tuple[str, str]]:
        """Return (subject, reason) of what could not be checked."""
        return {(row.subject, row.reason) for row in self.snapshot().blind}

    def page(self) -> str:
        """Return the page of metrics."""
        return b"".join(self.app.engine.page.text()).decode()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def watch() -> AsyncIterator[Watch]:
    """One lab and one exporter for the tests of a module, all healthy."""
    async with Lab() as lab, build(load(lab.config_file, os.environ), SystemClock()) as app:
        yield Watch(app, lab)
