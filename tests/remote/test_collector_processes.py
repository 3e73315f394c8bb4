"""What a visit costs the host in processes: counted, in a process namespace of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from exporter.clock import SystemClock
from exporter.questions.wrapper import assemble
from exporter.sources.sections import read_sections
from exporter.sources.ssh import Asked, Mode, Request, Ssh
from tests.collector_shells import NONCE, SHELLS
from tests.process_counting import count
from tests.real_parts import require
from tests.remote_questions import made
from tests.ssh_bench import Bench, running

pytestmark = pytest.mark.real

EACH = 1  # the shell that becomes the tool
VISIT = 4  # the shell that runs the collector, and the watch over the client: itself, timeout(1) and head(1)


def test_processes_are_counted_as_they_are() -> None:
    """The command itself, what it starts, and what that starts."""
    assert count("/bin/true").processes == 1
    assert count("sh", "-c", "/bin/true; /bin/true | /bin/true; exit 3").processes == 4
    counted = count("sh", "-c", "read -r word; echo $word; echo lost >&2; exit 7", script=b"said\n")
    assert (counted.output, counted.code, counted.processes) == (b"said\n", 7, 1)


@pytest.mark.parametrize("name", ["dash", "bash"])
@pytest.mark.parametrize("questions", [0, 1, 9])
def test_a_question_costs_one_process_of_the_collectors_own(name: str, questions: int) -> None:
    """And the visit four; a shell that becomes its tool is no process more."""
    require(SHELLS[name][0])
    asked = [made(f"q{number}", "read -r load rest </proc/loadavg; exec true\n") for number in range(questions)]
    script = assemble(asked)
    words = ("-s", "--", script.version, NONCE, "host", *(question.name for question in asked))
    counted = count(*SHELLS[name], *words, script=script.text.encode())
    found = read_sections(counted.output, NONCE, {question.name: question.size for question in asked})
    assert found.is_done
    assert [section.code for section in found.sections.values()] == [0] * questions
    assert EACH * questions < counted.processes <= (VISIT + EACH * questions if questions else 1)


NINE = tuple(made(f"nth{number}", "exec true\n") for number in range(9))
AROUND = {Mode.SUDO: 4, Mode.FORCED: 2, Mode.ROOT: 2}
"""Of sshd, of the account's shell and of sudo, at most, for one session on an open connection."""


@pytest.mark.parametrize("mode", list(Mode))
async def test_a_whole_visit_leaves_half_of_forty_to_the_tools(mode: Mode, nine: Bench) -> None:
    """By a real sshd, with a real sudo; logging in is not counted, because it is done once."""
    ssh = Ssh(nine.settings(mode), SystemClock(), nine.script)
    request = Request(tuple(Asked(question.name) for question in NINE))
    try:
        await ssh.login(nine.machine)
        before = nine.host.next_number()
        found = await ssh.collect(nine.machine, request, seconds=20)
        started = nine.host.next_number() - before - 1
    finally:
        await ssh.close()
    assert found.failure is None
    assert started <= VISIT + EACH * len(NINE) + AROUND[mode]
    assert started >= EACH * len(NINE)


@pytest.fixture(scope="module")
def nine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A host that knows nine small questions."""
    yield from running(tmp_path_factory.mktemp("bench"), NINE)
