"""The whole exporter, but for its timers, before the virtual hypervisor."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import yaml

from exporter.app import App, build
from exporter.checks import discover
from exporter.cloud.storage import Place
from exporter.cloud.targets import HostTarget
from exporter.config import load
from exporter.findings import Finding, Verdict
from exporter.lab.api.server import api_application
from exporter.memory import TargetMemory
from exporter.model import Issue
from exporter.schedule import Entry
from tests.signed_api import KEY, SECRET, application, table
from tests.vm.bench import Bench
from tests.vm.rows import rows
from tests.watching import MovableClock

ISSUES = (
    Issue.VLAN_TRUNKING,
    Issue.HYPERVISOR_LINKS,
    Issue.OPEN_VSWITCH,
    Issue.SECURITY_GROUPS,
    Issue.PHYSICAL_NETWORKS,
)
"""What a hypervisor alone can be judged by: there is no console proxy and no router here."""
NEIGHBOURS = ("127.0.0.2", "127.0.0.3")
STORES = tuple(Place("127.0.0.1", port) for port in range(1, 9))
"""As many as a host is told to dial; the host itself has all of these addresses, and refuses."""
POLL = "cloudstack_network_open_vswitch_poll_interval_seconds"


@dataclass
class Watch:
    """Looks when it is told to."""

    app: App
    clock: MovableClock
    bench: Bench

    async def wait_and_look(self, times: int, pause: float) -> None:
        """Look so many times, ``pause`` seconds of the host's life before each."""
        for _ in range(times):
            await asyncio.sleep(pause)
            await self.look()

    def forget(self) -> None:
        """Let the host be one that was never visited, with neighbours and image stores that it is told to dial."""
        entry = self._host()
        entry.target = replace(self._target(), neighbours=NEIGHBOURS, stores=STORES)
        entry.memory = TargetMemory()

    async def visit(self) -> None:
        """Visit the host once, in its turn: what is not due is not asked."""
        await self.app.engine.schedule.visit(self._host())

    async def look(self) -> None:
        """Read the inventory and visit the host; verdicts that need two looks need two."""
        engine = self.app.engine
        await engine.refresh()
        entries = [e for e in engine.schedule.entries.values() if type(e.target) in engine.schedule.visits]
        for entry in entries:
            entry.memory.ask_all()
        await asyncio.gather(*(engine.schedule.visit(entry) for entry in entries))
        engine.settle()
        engine.tick()

    def findings(self) -> tuple[Finding, ...]:
        """Return the problems as people are shown them, in their order, but for what is accepted."""
        return tuple(one for one in self.app.engine.board.snapshot().findings if not one.accepted)

    def problems(self) -> set[str]:
        """Return the metrics whose problems stand, without the project's prefix."""
        return {one.metric.removeprefix("cloudstack_network_") for one in self.findings()}

    def failures(self) -> dict[str, str]:
        """Return question -> reason and detail of what could not be asked of the host."""
        asked = {question.name for question in self._host().questions}
        blind = self.app.engine.board.snapshot().blind
        return {
            name: f"{row.subject}: {row.reason}: {row.detail}" for row in blind for name in row.what if name in asked
        }

    def healthy(self) -> set[str]:
        """Return the issues of which something was found healthy."""
        return {tile.issue for tile in self.app.engine.board.snapshot().tiles if tile.objects.get(Verdict.HEALTHY)}

    def unanswered(self) -> set[str]:
        """Return the questions of the host that have no answer."""
        host = self._host()
        return {question.name for question in host.questions if question not in host.memory.values}

    def _target(self) -> HostTarget:
        target = self._host().target
        assert isinstance(target, HostTarget)
        return target

    def _host(self) -> Entry:
        [entry] = [e for e in self.app.engine.schedule.entries.values() if isinstance(e.target, HostTarget)]
        return entry


@asynccontextmanager
async def watching(bench: Bench, *, whole: bool = False) -> AsyncIterator[Watch]:
    """Yield an exporter whose CloudStack says what the scene says; a whole one asks all that hosts are ever asked."""
    clock = MovableClock()
    served = api_application(table(rows(bench.scene, bench.backend)), keys={KEY: SECRET}, unix=clock.unix)
    async with application(served) as url:
        config = bench.place / "exporter.yml"
        (bench.place / "api_key").write_text(KEY)
        (bench.place / "secret_key").write_text(SECRET)
        ssh = bench.settings
        said = {
            "cloudstack": {"url": url, "api_key_file": "api_key", "secret_key_file": "secret_key", "per_second": 100},
            "ssh": {"user": ssh.user, "key_file": str(ssh.key_file), "known_hosts_file": str(ssh.known_hosts_file)},
            "ports": {"ssh": ssh.port},
            "console": {"enabled": False},
            "intervals": {"deadline": 300},
            "accept": [{"metric": POLL, "reason": "an emulated processor is that slow", "until": "2999-12-31"}],
        }
        config.write_text(yaml.safe_dump(said))
        checks = tuple(one for one in discover() if whole or one.issue in ISSUES)
        async with build(load(config, os.environ), clock, checks) as app:
            yield Watch(app, clock, bench)
