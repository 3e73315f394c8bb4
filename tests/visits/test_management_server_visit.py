"""A visit to a management server: pieces of its log until it is caught up, and nothing half done."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest

from exporter.cloud.objects import ManagementServer
from exporter.cloud.targets import Machine, ManagementServerTarget
from exporter.model import Failure, Question, Reason, SourceError, Via
from exporter.questions.management.log import MANAGEMENT_LOG
from exporter.questions.management.log_lines import LogTold
from exporter.sources.sections import Collected, Section
from exporter.sources.ssh import Request, Ssh
from exporter.visits import management_server
from exporter.visits.ways import Ways

TARGET = ManagementServerTarget(
    ManagementServer(id="m1", name="ms1", state="Up", address="192.0.2.2"), Machine("ms1", "192.0.2.2", "management")
)
OTHER = Question("other", Via.MANAGEMENT_SERVER, "", str, "", "")
DONE = Collected({}, Failure(Reason.DISCONNECTED, "gone"))


def text(number: int, *, offset: int, total: int, torn: bool = False, kind: str = "plain") -> str:
    """Return a piece of 100 bytes with one warning."""
    return (
        f"@piece found {kind} {offset} {total} 0 5 5 7 256\n"
        f"2025-10-27 15:50:13,678 WARN  [c.c.X] (T-1:[ctx-1]) (logid:{number}) warning {number}\n"
        f"@end 100 100 1 2025-10-27 15:50:13\n{'@torn' if torn else '@whole'}\n"
    )


@dataclass
class Server:
    """Stands for the source: a log of which each call brings the next 100 bytes."""

    total: int
    kind: str = "plain"
    torn: set[int] = field(default_factory=set)
    gone_at: int = 1000
    cut_at: int = 1000
    hangs_at: int = 1000
    calls: int = 0
    asked: list[tuple[str, ...]] = field(default_factory=list)
    hanging: asyncio.Event = field(default_factory=asyncio.Event)

    async def collect(self, machine: Machine, request: Request, *, seconds: float) -> Collected:
        """Answer as the collector does."""
        assert machine.role == "management"
        assert seconds < 60
        self.calls += 1
        words = {one.name: one.parameters for one in request.questions}
        self.asked.append(tuple(words))
        if self.calls == self.hangs_at:
            self.hanging.set()
            await asyncio.Event().wait()
        if self.calls == self.gone_at:
            return DONE
        offset = int(words["management_log"][0][1:]) if words["management_log"][4] == "open" else 0
        torn = self.calls in self.torn
        section = Section(text(self.calls, offset=offset, total=self.total, torn=torn, kind=self.kind), 0)
        if self.calls == self.cut_at:
            section = replace(section, cut=True)
        return Collected({"management_log": section, "other": Section("well", 0)})


def ways(server: Server) -> Ways:
    return Ways(ssh=cast("Ssh", server))


async def told(server: Server, where: Ways, seconds: float = 60.0) -> Any:
    found = await management_server.visit(TARGET, (MANAGEMENT_LOG, OTHER), where, seconds)
    assert found[OTHER] == "well"
    return found[MANAGEMENT_LOG]


async def test_a_log_that_is_behind_is_caught_up_in_one_visit() -> None:
    """The other questions are asked once."""
    server = Server(total=1000)
    outcome = await told(server, ways(server))
    assert isinstance(outcome, LogTold)
    assert (outcome.by_level, outcome.behind) == ({"WARN": 10}, 0)
    assert server.asked == [("management_log", "other"), *[("management_log",)] * 9]


async def test_no_visit_reads_for_ever() -> None:
    """What is left waits for the next one, and is told to be left."""
    server = Server(total=1_000_000)
    where = ways(server)
    outcome = await told(server, where)
    assert server.calls == management_server.PIECES
    assert outcome.behind == 1_000_000 - 100 * management_server.PIECES
    assert (await told(server, where)).by_level == {"WARN": 2 * management_server.PIECES}


async def test_few_pieces_of_a_compressed_log_are_asked_in_one_visit() -> None:
    """Each is unpacked from its beginning, on the management server; the rest waits and is not lost."""
    server = Server(total=1000, kind="packed", torn={2})
    where = ways(server)
    outcome = await told(server, where)
    assert server.calls == management_server.PACKED_PIECES
    assert (outcome.by_level, outcome.losses) == ({"WARN": 3}, 0)
    assert (await told(server, where)).behind == 1000 - 100 * (2 * management_server.PACKED_PIECES - 1)


async def test_no_further_piece_is_begun_when_the_time_is_spent() -> None:
    """A visit of no time has one piece."""
    server = Server(total=1000)
    assert (await told(server, ways(server), seconds=1e-9)).by_level == {"WARN": 1}


async def test_torn_pieces_are_asked_again() -> None:
    """In the same visit, from the same place."""
    server = Server(total=300, torn={1, 3})
    assert (await told(server, ways(server))).by_level == {"WARN": 3}
    assert server.calls == 5


@pytest.mark.parametrize("how", ["gone", "cut"])
async def test_a_further_piece_that_fails_leaves_what_was_told(how: str) -> None:
    """And the next visit asks for it again: nothing lost, nothing twice."""
    server = Server(total=600, gone_at=3) if how == "gone" else Server(total=600, cut_at=3)
    where = ways(server)
    first = await told(server, where)
    assert (first.by_level, first.behind) == ({"WARN": 2}, 400)
    assert (await told(server, where)).by_level == {"WARN": 6}


async def test_a_first_piece_that_fails_is_its_own_reason() -> None:
    """The other question has its answer, and the place is kept."""
    server = Server(total=300, cut_at=1)
    where = ways(server)
    outcome = await told(server, where)
    assert isinstance(outcome, Failure)
    assert outcome.reason is Reason.TOO_LARGE
    assert (await told(server, where)).by_level == {"WARN": 3}


async def test_a_visit_that_brings_nothing_keeps_the_place() -> None:
    """It fails as a whole."""
    server = Server(total=300, gone_at=1)
    where = ways(server)
    with pytest.raises(SourceError):
        await told(server, where)
    assert (await told(server, where)).by_level == {"WARN": 3}


@pytest.mark.parametrize("at", [1, 2, 3])
async def test_a_cancelled_visit_changes_nothing_that_had_not_arrived(at: int) -> None:
    """In any piece: what is told in the end is the same."""
    server = Server(total=300, hangs_at=at)
    where = ways(server)
    task = asyncio.create_task(management_server.visit(TARGET, (MANAGEMENT_LOG,), where, 60.0))
    await server.hanging.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await told(server, where)).by_level == {"WARN": 3}


async def test_two_visits_at_once_count_once() -> None:
    """The schedule does not let that happen; a server that left and came back while it was visited could."""
    server = Server(total=300, hangs_at=1)
    where = ways(server)
    late = asyncio.create_task(management_server.visit(TARGET, (MANAGEMENT_LOG,), where, 60.0))
    await server.hanging.wait()
    assert (await told(server, where)).by_level == {"WARN": 3}
    late.cancel()
    with pytest.raises(asyncio.CancelledError):
        await late
    assert where.followers.of("m1").position.offset == 300


async def test_questions_without_the_log_need_no_follower() -> None:
    """Where only others are due."""
    server = Server(total=300)

    async def collect(machine: Machine, request: Request, *, seconds: float) -> Collected:
        return Collected({"other": Section(f"{machine.name} {len(request.questions)} {seconds:g}", 0)})

    server.collect = collect  # type: ignore[method-assign]
    assert await management_server.visit(TARGET, (OTHER,), ways(server), 60.0) == {OTHER: "ms1 1 59"}


def test_it_is_lit_by_its_own_switch() -> None:
    """SSH alone is not enough."""
    server = Server(total=1)
    assert management_server.is_lit(ways(server))
    assert not management_server.is_lit(replace(ways(server), management_servers=False))
    assert not management_server.is_lit(Ways())
