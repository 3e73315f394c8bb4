"""management-server.log in the lab, followed by the exporter's own visits over SSH."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from exporter.app import ways_of
from exporter.cloud.objects import ManagementServer as Told
from exporter.cloud.targets import Machine, ManagementServerTarget
from exporter.config import load
from exporter.lab import Lab
from exporter.lab.daemons.management_log import ORDINARY
from exporter.lab.faults.fault import CATALOGUE, Fault
from exporter.lab.world.management import Complaint
from exporter.lab.world.world import World
from exporter.model import Failure, Reason, SourceError
from exporter.questions.management.log import MANAGEMENT_LOG
from exporter.questions.management.log_lines import LogTold
from exporter.visits.management_server import visit
from exporter.visits.ways import Ways
from tests.watching import MovableClock

pytestmark = pytest.mark.asyncio(loop_scope="module")
SAVING = "Unable to save password for VM VM instance {id: 3, name: web-1} on router r-4-VM"
UNSAVED = Complaint("WARN", "c.c.n.e.VirtualRouterElement", SAVING)
DIED = Complaint("ERROR", "c.c.x.Unheard", "It went wrong", ("java.lang.RuntimeException: no", "\tat a.B.c(B.java:1)"))


class Visitor:
    """Visits management servers as the exporter does."""

    def __init__(self, lab: Lab, ways: Ways, clock: MovableClock) -> None:
        self.lab, self.clock, self._ways = lab, clock, ways

    async def look(self, number: int = 1) -> LogTold | Failure:
        """Return what one visit learns of the log."""
        server = self.lab.world.management_server(number)
        told = Told(server.id, server.name, server.state, server.address)
        target = ManagementServerTarget(told, Machine(server.name, server.address, "management"))
        answers = await visit(target, (MANAGEMENT_LOG,), self._ways, 30.0)
        found = answers[MANAGEMENT_LOG]
        assert isinstance(found, LogTold | Failure)
        return found

    async def log(self, number: int = 1) -> LogTold:
        """Return what the log has told so far."""
        found = await self.look(number)
        assert isinstance(found, LogTold), found
        return found

    async def broken(self, **fields: object) -> None:
        """Give mgmt-1 other values."""

        def change(world: World) -> None:
            for name, value in fields.items():
                setattr(world.management_server(1), name, value)

        CATALOGUE["of_this_test"] = Fault("of_this_test", "", None, frozenset(), change)
        try:
            await self.lab.set("of_this_test", on=False)
            await self.lab.set("of_this_test", on=True)
        finally:
            self.lab.on.clear()
            del CATALOGUE["of_this_test"]


@pytest_asyncio.fixture(loop_scope="module")
async def visitor(lab: Lab) -> AsyncIterator[Visitor]:
    """Return a visitor that has seen the end of both logs."""
    clock = MovableClock()
    ways = ways_of(load(lab.config_file, os.environ, {}), clock)
    found = Visitor(lab, ways, clock)
    try:
        await found.look(1)
        await found.look(2)
        yield found
    finally:
        await found.broken()
        assert ways.ssh is not None
        await ways.ssh.close()


async def test_a_healthy_log_goes_on_and_means_nothing(visitor: Visitor) -> None:
    """Warnings that every cloud writes are there, none is of a kind that anybody is told of."""
    told = [await visitor.log(2) for _ in ORDINARY][-1]
    assert told.by_level.keys() == {"WARN"}
    assert told.by_signature.keys() <= {"console_ticket_refused", "router_failover"}
    assert (told.unknown, told.losses, told.behind) == ({}, 0, 0)
    assert told.silent < 60


async def test_a_complaint_is_counted_at_every_visit_while_it_lasts(visitor: Visitor) -> None:
    """Each time with a log id of its own, so that none passes for a repetition."""
    await visitor.broken(complaints=[UNSAVED, DIED])
    counts = [await visitor.log() for _ in range(3)]
    assert [told.by_signature["password_not_saved"] for told in counts] == [1, 2, 3]
    assert [told.unknown for told in counts] == [{"Unheard": 1}, {"Unheard": 2}, {"Unheard": 3}]
    await visitor.broken()
    assert (await visitor.log()).by_signature["password_not_saved"] == 3
    assert (await visitor.log(2)).unknown == {}


async def test_a_silent_log_tells_for_how_long(visitor: Visitor) -> None:
    """And is written again when the fault is gone."""
    await visitor.broken(quiet=1800.0)
    assert 1800 <= (await visitor.log()).silent < 2400
    assert 1800 <= (await visitor.log()).silent < 2400
    await visitor.broken()
    assert (await visitor.log()).silent < 60


@pytest.mark.parametrize(("log", "reason"), [("unreadable", Reason.PERMISSION), ("missing", Reason.MISSING)])
async def test_a_log_that_cannot_be_read(visitor: Visitor, log: str, reason: Reason) -> None:
    """The reason is told; afterwards reading goes on where it was."""
    await visitor.broken(log=log)
    found = await visitor.look()
    assert isinstance(found, Failure)
    assert found.reason is reason
    await visitor.broken(complaints=[UNSAVED])
    told = await visitor.log()
    assert told.by_signature["password_not_saved"] == 1
    assert told.losses == 0


@pytest.mark.parametrize("way", ["compressed", "renamed", "truncated"])
async def test_the_log_is_rotated(visitor: Visitor, way: str) -> None:
    """Lines by hand before and after it; what was written before a truncation is gone, and its loss is not seen."""
    visitor.lab.logs.append("mgmt-1", [line(SAVING, 1)])
    if way == "truncated":
        visitor.lab.logs.truncate("mgmt-1")
    else:
        old = visitor.lab.logs.rotate("mgmt-1", compressed=way == "compressed")
        assert re.search(r"server\.log\.\d{4}-\d\d-\d\d(\.gz)?$", old.name)
    visitor.lab.logs.append("mgmt-1", [line(SAVING, 2)])
    told = [await visitor.log() for _ in range(3)][-1]
    assert told.by_signature["password_not_saved"] == (1 if way == "truncated" else 2)


def line(text: str, number: int) -> str:
    return f"2026-11-21 10:00:00,000 WARN  [c.c.n.e.VirtualRouterElement] (T-1:[ctx-1]) (logid:{number}) {text}"


async def test_a_server_that_refuses_ssh(visitor: Visitor) -> None:
    """The other one goes on."""
    await visitor.broken(ssh="refused")
    with pytest.raises(SourceError, match=r"."):
        await visitor.look()
    assert isinstance(await visitor.look(2), LogTold)
    await visitor.broken()
    visitor.clock.moved += 60  # a refusal is not tried again at once
    assert isinstance(await visitor.look(), LogTold)
