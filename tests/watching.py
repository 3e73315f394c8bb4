"""The whole exporter, but for its timers, before the lab."""

from __future__ import annotations

import asyncio
import os
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from exporter.app import App, build
from exporter.clock import SystemClock
from exporter.config import load
from exporter.findings import Snapshot
from exporter.lab.lab import Lab
from exporter.lab.options import Options


@dataclass
class MovableClock:
    """The boot clock moved forward by what a test adds; unix time is true, because requests are signed with it."""

    moved: float = 0.0

    def boot(self) -> float:
        """Return the boot clock."""
        return SystemClock().boot() + self.moved

    def unix(self) -> float:
        """Return unix time."""
        return SystemClock().unix()


@dataclass
class Watch:
    """Looks when it is told to."""

    app: App
    lab: Lab
    clock: MovableClock

    async def look(self, times: int = 1) -> None:
        """Read the inventory and visit every target, so many times; verdicts that need two looks need two."""
        engine = self.app.engine
        for _ in range(times):
            await engine.refresh()
            for entry in engine.schedule.entries.values():
                entry.memory.ask_all()  # also what is asked on each tenth visit
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


VISITED = (
    "host", "xen_host", "host_endpoint", "router", "console_proxy", "console_endpoint", "secondary_storage_vm",
    "management_server", "database", "template_directory",
)  # fmt: skip


@asynccontextmanager
async def watching(**options: object) -> AsyncIterator[Watch]:
    """Yield one lab and one exporter before it, with a clock whose hands can be moved."""
    clock = MovableClock()
    quick = {
        ("cloudstack", "timeout"): "3",
        ("cloudstack", "per_second"): "100",
        ("ssh", "hops_per_host"): "3",  # more at once only make what answers wait for a processor
        # nothing is visited by time here; with the lab's own intervals a busy machine gives up visits that wait
        **{("intervals", kind): "30" for kind in VISITED},
        ("intervals", "inventory"): "300",  # and is past an inventory's time before all visits are done
    }
    async with Lab(Options(**options)) as lab, build(load(lab.config_file, os.environ, quick), clock) as app:  # type: ignore[arg-type]
        yield Watch(app, lab, clock)
