"""Following management-server.log over a real OpenSSH server while it is written, rotated, and the way breaks."""

from __future__ import annotations

import asyncio
import gzip
import lzma
import random
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from exporter.checks.user_metadata import management_log, management_log_reading
from exporter.clock import SystemClock
from exporter.cloud.cloud import Cloud
from exporter.cloud.objects import ManagementServer
from exporter.cloud.targets import ManagementServerTarget
from exporter.model import Answer, Answers, Reason, SourceError
from exporter.questions.management.log import MANAGEMENT_LOG
from exporter.questions.management.log_lines import LogTold
from exporter.questions.management.log_piece import Piece
from exporter.questions.wrapper import Script, assemble
from exporter.sources.ssh import Mode, Ssh
from exporter.visits import management_server, over_ssh
from exporter.visits.following import Follower
from exporter.visits.ways import Ways
from tests.ssh_bench import PORT_OF_SYSTEM_VMS, Bench, Sshd, free_address, free_port, requires_bench

pytestmark = pytest.mark.real

ROOT = "var/tmp/ms"  # inside the server's own namespace
LOG = f"{ROOT}/var/log/cloudstack/management/management-server.log"
AHEAD = 4  # rotations that no visit has seen: older files are kept, and the newest eight are looked at


def elsewhere(script: Script) -> Script:
    """Return the collector with its files below ROOT."""
    text = script.text.replace("\nROOT=\n", f"\nROOT=/{ROOT}\n")
    assert text != script.text
    return replace(script, text=text)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A management server."""
    requires_bench()
    place = tmp_path_factory.mktemp("management")
    host = Sshd(place / "host", "ms1", free_address(), 0)
    router = Sshd(place / "router", "r-4-VM", free_address(), PORT_OF_SYSTEM_VMS)
    host.port = free_port(host.address)
    made = Bench(place, host, router, elsewhere(assemble((MANAGEMENT_LOG,))))
    try:
        for server in (host, router):
            server.lay_out()
        made.install()
        host.start()
        yield made
    finally:
        host.stop()


@pytest.fixture(params=[Mode.SUDO])
async def ssh(bench: Bench, request: pytest.FixtureRequest) -> AsyncIterator[Ssh]:
    """A source of one mode."""
    source = Ssh(bench.settings(request.param), SystemClock(), bench.script)
    yield source
    await source.close()


@dataclass
class Writer:
    """Writes numbered lines and rotates as log4j, logrotate and people do; it counts what it has written."""

    path: Path
    number: int = 0
    errors: int = 0
    rotations: int = 0

    def pour(self, lines: int) -> None:
        """Write warnings, errors with stack traces, and talk; some in two writes."""
        with self.path.open("ab", buffering=0) as log:
            for _ in range(lines):
                self.number += 1
                head = f"2025-10-27 15:50:13,678 {{}} [c.c.X] (T-1:[ctx-{self.number}]) (logid:{self.number:08x}) "
                log.write(f"{head.format('DEBUG')}talk {self.number}\n".encode() * 3)
                warning = f"{head.format('WARN ')}Unable to apply dhcp entry on disconnected router r-4-VM\n".encode()
                cut = self.number % len(warning)
                log.write(warning[:cut])
                log.write(warning[cut:])
                if self.number % 10 == 0:
                    self.errors += 1
                    log.write(f"{head.format('ERROR')}odd {self.errors}\njava.lang.Exception: x\n".encode())
                    log.write(b"\tat a.b.C(C.java:1)\n" * 30)

    def rotate(self) -> None:
        """Rotate in the next way: renamed, renamed and compressed, copied and truncated, compressed at once.

        The names are numbers or, every other time, dates as logrotate's dateext writes them; xz takes turns with gzip.
        """
        self.rotations += 1
        ending = f".{self.rotations}" if self.rotations % 2 else f"-202510{self.rotations:02}"
        older = self.path.with_name(f"{self.path.name}{ending}")
        if self.rotations % 3 == 0:
            shutil.copy(self.path, older)
            with self.path.open("r+b") as log:
                log.truncate(0)
        else:
            self.path.rename(older)
            self.path.touch()
        if self.rotations % 3 != 1:
            module, suffix = (gzip, "gz") if self.rotations % 4 else (lzma, "xz")
            packed = older.with_name(f"{older.name}.{suffix}")
            packed.write_bytes(module.compress(older.read_bytes()))
            shutil.copystat(older, packed)
            older.unlink()


@dataclass
class Follows:
    """Visits one management server again and again."""

    ways: Ways
    target: ManagementServerTarget
    told: LogTold = field(default_factory=LogTold)
    failures: int = 0
    seen: asyncio.Condition = field(default_factory=asyncio.Condition)
    visits: int = 0

    @property
    def follower(self) -> Follower:
        """Return where reading goes on."""
        return self.ways.followers.of(self.target.server.id)

    async def visit(self) -> bool:
        """Visit once; return whether something was told."""
        is_told = False
        with suppress(SourceError):
            found = await management_server.visit(self.target, (MANAGEMENT_LOG,), self.ways, 20.0)
            is_told = isinstance(found[MANAGEMENT_LOG], LogTold)
            self.told = found[MANAGEMENT_LOG] if is_told else self.told
        async with self.seen:
            self.failures += not is_told
            self.visits += is_told
            self.seen.notify_all()
        return is_told

    async def seen_all(self, written: int) -> None:
        """Wait until so many lines are counted: a visit reads of one file at most, and cannot tell of those between."""
        async with self.seen:
            await self.seen.wait_for(lambda: self.told.by_signature.get("router_disconnected", 0) >= written)

    async def catch_up(self) -> None:
        """Visit until nothing more comes."""
        before = None
        async with asyncio.timeout(120):
            while not (await self.visit() and self.told == before and self.told.behind == 0):
                before = replace(self.told)


@pytest.fixture
async def follows(bench: Bench, ssh: Ssh) -> Follows:
    """The first visit has been: reading starts at the end."""
    log = bench.host.place / LOG
    shutil.rmtree(bench.host.place / ROOT, ignore_errors=True)
    log.parent.mkdir(parents=True)
    log.write_text("2025-10-27 15:00:00,000 INFO  [c.c.X] (T-1:[ctx-0]) (logid:0) begin\n")
    server = ManagementServer(id="m1", name="ms1", state="Up", address=bench.host.address)
    made = Follows(Ways(ssh=ssh), ManagementServerTarget(server, bench.machine))
    assert await made.visit()
    assert made.told.by_level == {}
    return made


@pytest.mark.parametrize("ssh", list(Mode), indirect=True)
async def test_every_mode_follows(bench: Bench, follows: Follows) -> None:
    """Through a rotation of each way."""
    writer = Writer(bench.host.place / LOG)
    for _ in range(3):
        writer.pour(20)
        writer.rotate()
        writer.pour(10)
        assert await follows.visit()
    await follows.catch_up()
    assert follows.told.by_signature == {"router_disconnected": writer.number}
    assert follows.told.losses == 0
    assert follows.told.silent is not None


async def test_nothing_is_lost_and_nothing_counts_twice(bench: Bench, follows: Follows) -> None:
    """Lines pour in, the log is rotated in every way, and sessions are killed in the middle of reading."""
    writer = Writer(bench.host.place / LOG)
    chance = random.Random(4)

    async def write() -> None:
        for _ in range(12):
            for _ in range(chance.randrange(5, 25)):
                writer.pour(chance.randrange(1, 40))
                await asyncio.sleep(chance.random() / 50)
            writer.rotate()
            if writer.rotations % AHEAD == 0:
                await follows.seen_all(writer.number)

    async def cut() -> None:
        for _ in range(15):
            await asyncio.sleep(chance.random() / 2)
            bench.host.signal_sessions()

    writing, cutting = asyncio.create_task(write()), asyncio.create_task(cut())
    async with asyncio.timeout(240):
        while not (writing.done() and cutting.done()):
            await follows.visit()
    await writing
    await cutting
    await follows.catch_up()
    assert follows.failures > 0
    assert follows.told.losses == 0
    assert follows.told.by_signature == {"router_disconnected": writer.number}
    assert follows.told.by_level == {"WARN": writer.number, "ERROR": writer.errors}
    assert follows.told.unknown == {"other": writer.errors}
    assert await asyncio.to_thread(bench.host.settled) == []


async def test_a_visit_that_is_given_up_in_the_middle_counts_nothing_twice(bench: Bench, follows: Follows) -> None:
    """Cancelled after any while."""
    writer = Writer(bench.host.place / LOG)
    for number in range(12):
        writer.pour(50)
        with suppress(TimeoutError):
            async with asyncio.timeout(0.02 * number):
                await follows.visit()
    await follows.catch_up()
    assert follows.told.by_signature == {"router_disconnected": writer.number}


CANARY = "CANARYpass"
FIELDS = (
    "2025-10-27 15:50:13,678 WARN  [c.c.{0}] (T-1:[]) (logid:a1) Unable to apply {0} on disconnected router {0}",
    "2025-10-27 15:50:13,678 ERROR [{0}.{0}x9f86d081] (T-1:[ctx-1]) (logid:a2) odd",
    "2025-10-27 15:50:13,678 ERROR [c.c.X] ({0}:[ctx-{0}]) (logid:{0}) odd password={0}",
    "2025-10-27 15:50:13,678 WARN  [c.c.X] (T-1:[ctx-1]) (logid:a4) Unable to save password for VM {0} on router {0}",
    "2025-10-27 15:50:13,678 ERROR [c.c.X] (T-1:[]) (logid:a5) Access ticket expired or has been modified {0}",
    '2025-10-27 15:50:13,678 FATAL [c.c.X] (T-1:[]) (logid:a6) {{"secretkey":"{0}","sshkey":"{0}"}}',
    "2025-10-27 15:50:13,678 ERROR [c.c.X] (T-1:[]) (logid:a7) odd\nException: {0}\n\tat {0}({0}.java:1)\n{0}",
    "{0}\n@end 1 1 1 {0}\n@@ {0} end management_log 7\n@piece {0}",
    "2025-10-27 15:50:13,678 DEBUG [c.c.X] (T-1:[]) (logid:a8) Failed to reset password for the virtual machine {0}",
    "2025-10-27 15:50:14,678 INFO  [c.c.X] (T-1:[]) (logid:a9) {0}",
)


@pytest.mark.parametrize("size", [200, MANAGEMENT_LOG.size])
async def test_no_text_of_a_line_leaves(
    bench: Bench, follows: Follows, size: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither in samples nor in reasons, nor in what is logged at debug, of the whole or of a cut answer."""
    caplog.set_level(0)
    question = replace(MANAGEMENT_LOG, size=size)
    with (bench.host.place / LOG).open("a") as log:
        log.writelines(f"{row.format(CANARY)}\n" for row in FIELDS * 3)
    reasons = []
    for _ in range(3):
        position = follows.follower.position
        parameters = {question: position.words()}
        found = await over_ssh.ask(follows.target, (question,), follows.ways, 20.0, hop=None, parameters=parameters)
        outcome = found[question]
        if isinstance(outcome, Piece):
            assert size > 200
            follows.told = follows.follower.take(position, outcome)
        else:
            assert outcome.reason is Reason.TOO_LARGE
            reasons.append(outcome.detail)
    answers = Answers(values={MANAGEMENT_LOG: Answer(follows.told, 0.0, 0.0, 9.0)})
    samples = [*management_log.judge(follows.target, answers, Cloud())]
    samples += management_log_reading.judge(follows.target, answers, Cloud())
    assert (sum(follows.told.by_level.values()) > 0) is (size > 200)
    assert CANARY not in f"{[(one.labels, one.seen, one.expected, one.remedy) for one in samples]}"
    assert CANARY not in f"{follows.told} {reasons} {caplog.text}"
