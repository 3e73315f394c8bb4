"""The true collector in dash, busybox and bash: framing, limits, hops, and that nothing stays behind."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from exporter.model import Reason
from exporter.questions.wrapper import PATH, assemble, collector
from exporter.sources.sections import read_sections
from tests.collector_shells import LIMITS, NONCE, SCRIPT, SHELLS, Collector
from tests.real_parts import require_root
from tests.remote_questions import made


def test_sections_come_back_with_text_and_code(shell: Collector) -> None:
    """Parameters arrive one by one, quotes in a text survive, errors are part of the answer."""
    found = shell.collect("hello:10.1.1.1,10.1.2.1@8080,r-4-VM,7", "exact", "fails", "lacks")
    assert found.failure is None
    assert found.is_done
    assert found.sections["hello"].text == f"4:10.1.1.1 10.1.2.1@8080 r-4-VM 7\nit's \n{os.getuid()}\n"
    assert (found.sections["exact"].text, found.sections["exact"].cut) == ("0123456789", False)
    assert (found.sections["fails"].text, found.sections["fails"].code) == ("sorry\n", 7)
    assert found.sections["lacks"].code == 127


def test_binary_output_stays_in_its_section(shell: Collector) -> None:
    """NUL, invalid UTF-8 and escape sequences are carried, and the next section is whole."""
    found = shell.collect("binary", "hello")
    assert found.sections["binary"].text == "a\0b\ufffd\x1b[31mc"
    assert found.sections["hello"].code == 0


def test_without_questions_only_the_version_is_compared(shell: Collector) -> None:
    """A login check runs nothing."""
    code, output = shell.run(SCRIPT.version, NONCE, "host")
    assert (code, output) == (0, f"\n@@ {NONCE} done\n".encode())


def test_a_hanging_question_costs_only_its_own_answer(dash: Collector) -> None:
    """It keeps what it printed, is told as ended by time, and the next one is answered."""
    found = dash.collect("slow", "hello")
    assert (found.sections["slow"].code, found.sections["slow"].text) == (124, "before\n")
    assert found.sections["hello"].code == 0


def test_a_question_that_ignores_the_polite_signal_is_killed(dash: Collector) -> None:
    """By the only signal that it gets."""
    found = dash.collect("stubborn", "hello")
    assert found.sections["stubborn"].code in (124, 137)
    assert found.sections["hello"].code == 0


def test_a_question_that_says_too_much_is_cut(shell: Collector) -> None:
    """It gets its size and not a byte more, and costs no other question anything."""
    found = shell.collect("much", "hello")
    assert found.sections["much"].cut
    assert found.sections["much"].text == "0" * 1000
    assert found.sections["hello"].code == 0


def test_what_a_question_leaves_behind_ends_with_it(shell: Collector) -> None:
    """So that it holds nobody up and prints nothing into the next section; busybox lets it live."""
    process = shell.start(SCRIPT.version, NONCE, "host", "held", "hello")
    seen = _read_until(process, b" done\n")
    found = read_sections(seen, NONCE, {"held": 100, "hello": 100})
    assert (found.sections["held"].text, found.sections["held"].code) == ("started\n", 0)
    assert found.sections["hello"].code == 0
    if "busybox" not in shell.shell:
        assert process.wait(20) == 0
        assert shell.left() == {}


def test_a_question_that_takes_longer_than_the_watch_sleeps_is_let_be(shell: Collector) -> None:
    """The wake-up of the shell that waits for it costs it nothing."""
    found = shell.collect("patient", "hello")
    assert (found.sections["patient"].text, found.sections["patient"].code) == ("done\n", 7)
    assert found.sections["hello"].code == 0


HOLDING = """
import ctypes, sys, time
call = ctypes.CDLL(None, use_errno=True).ptrace
call.argtypes = [ctypes.c_long] * 4
assert call(0x4206, int(sys.argv[1]), 0, 0) == 0  # PTRACE_SEIZE; its end is told to nobody but us, and we do not listen
print("held", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("name", ["dash", "bash"])
def test_a_question_that_does_not_end_when_killed_is_given_up(name: str) -> None:
    """As one that waits for hardware: it is told as ended by time, and the others are asked."""
    require_root("holding a process needs root")
    collector_ = Collector(SHELLS[name])
    try:
        process = collector_.start(SCRIPT.version, NONCE, "host", "slow", "hello")
        assert process.stdout is not None
        seen = _read_until(process, b"before\n")
        [number] = [number for number in collector_.living() if os.getsid(number) == number != process.pid]
        with subprocess.Popen([sys.executable, "-c", HOLDING, str(number)], stdout=subprocess.PIPE) as holder:
            assert holder.stdout is not None
            assert holder.stdout.readline() == b"held\n"
            seen += process.stdout.read()
            holder.kill()
        assert process.wait(20) == 0
        assert collector_.left() == {}
    finally:
        collector_.stop()
    found = read_sections(seen, NONCE, LIMITS)
    assert found.is_done
    assert (found.sections["slow"].code, found.sections["hello"].code) == (124, 0)


def _read_until(process: subprocess.Popen[bytes], wanted: bytes) -> bytes:
    """Return what it prints up to ``wanted`` and perhaps a little more."""
    assert process.stdout is not None
    seen = b""
    while wanted not in seen:
        said = process.stdout.read1(4096)
        assert said, seen
        seen += said
    return seen


@pytest.mark.parametrize("name", ["dash", "bash"])
@pytest.mark.parametrize("code", [0, 1, 124, 129, 142, 255])
def test_exit_codes_are_told_as_they_are(name: str, code: int) -> None:
    """Also those that mean something to the collector itself."""
    asked = made("ends", f"exit {code}\n")
    script = assemble((asked, made("after", "exec true\n")))
    collector_ = Collector(SHELLS[name], script.text)
    try:
        _, output = collector_.run(script.version, NONCE, "host", "ends", "after")
    finally:
        collector_.stop()
    found = read_sections(output, NONCE, {"ends": 10, "after": 10})
    assert [section.code for section in found.sections.values()] == [code, 0]


@pytest.mark.parametrize("name", ["dash", "bash"])
@pytest.mark.parametrize(("asked", "before"), [("long", ()), ("flood", ()), ("long", ("nohup",))])
def test_when_the_client_goes_everything_ends_at_once(name: str, asked: str, before: tuple[str, ...]) -> None:
    """The end of standard input ends the running question long before its limit; no process is left."""
    collector_ = Collector(SHELLS[name])
    try:
        process = collector_.start(SCRIPT.version, NONCE, "host", asked, "long", "long", before=before)
        assert process.stdin is not None
        assert process.stdout is not None
        _read_until(process, f"begin {asked}".encode())
        process.stdin.close()
        while process.stdout.read(65536):
            pass
        assert process.wait(20) == 1
        assert collector_.left() == {}
    finally:
        collector_.stop()


@pytest.mark.parametrize("name", ["dash", "bash"])
def test_a_collector_that_is_told_to_end_takes_everything_with_it(name: str) -> None:
    """As sudo passes it on, or someone does by hand."""
    collector_ = Collector(SHELLS[name])
    try:
        process = collector_.start(SCRIPT.version, NONCE, "host", "long")
        assert process.stdout is not None
        _read_until(process, b"before")
        process.terminate()
        assert process.wait(20) == 1
        assert collector_.left() == {}
    finally:
        collector_.stop()


def test_no_process_list_shows_the_text_of_a_question(dash: Collector) -> None:
    """A question that looks for a process must not find itself, nor CloudStack our words."""
    process = dash.start(SCRIPT.version, NONCE, "host", "long")
    assert process.stdout is not None
    _read_until(process, b"before")
    until = time.monotonic() + 20
    lines: list[str] = []
    while not any("sleep 300" in line for line in lines) and time.monotonic() < until:
        lines = list(dash.living().values())
    assert any("sleep 300" in line for line in lines)
    assert not any("echo before" in line for line in lines)


def test_the_environment_of_the_caller_does_not_count(dash: Collector, tmp_path: Path) -> None:
    """ROOT and PATH are those of the script; a planted tool is not run."""
    (tmp_path / "id").write_text("#!/bin/sh\necho planted\n")
    (tmp_path / "id").chmod(0o755)
    dash.environment = {"ROOT": "/planted", "PATH": f"{tmp_path}:{os.environ['PATH']}", "IFS": "1", "name": "x"}
    found = dash.collect("hello:1")
    assert found.sections["hello"].text == f"1:1\nit's \n{os.getuid()}\n"


def test_no_file_is_written(dash: Collector, tmp_path: Path) -> None:
    """The collector works where nothing can be written at all."""
    script = (
        f"mount --make-rprivate / && mount -o remount,ro,bind / 2>/dev/null; mount -t tmpfs -o ro none {tmp_path}; "
    )
    require_root("a mount of our own needs root")
    dash.environment = {"TMPDIR": str(tmp_path)}
    process = dash.start(
        SCRIPT.version, NONCE, "host", "hello", before=("unshare", "-m", "sh", "-c", script + 'exec "$@"', "sh")
    )
    assert process.stdout is not None
    found = read_sections(process.stdout.read(), NONCE, LIMITS)
    assert found.sections["hello"].code == 0


def test_the_collector_of_the_catalogue_is_good_shell(shell: Collector) -> None:
    """Every shell reads the whole of what is shipped, inside and outside."""
    inside = collector().split("\nINSIDE='", 1)[1]
    assert inside
    checked = subprocess.run([*shell.shell, "-n"], input=collector().encode(), capture_output=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, b"")


LOCAL_SSH = """#!/bin/sh
# Stands for ssh: runs here what would run there.
while [ "$1" != sh ]; do shift; done
exec "$@"
"""


def with_system_vm(collector_: Collector, place: Path) -> Collector:
    """Return the collector with a system VM behind it that is this machine."""
    for path, text in (
        ("root/.ssh/id_rsa.cloud", ""),
        ("proc/sys/kernel/hostname", "r-4-VM\n"),
        ("bin/ssh", LOCAL_SSH),
    ):
        file = place / path
        file.parent.mkdir(parents=True)
        file.write_text(text)
        file.chmod(0o755)
    collector_.text = SCRIPT.moved(root=str(place), path=f"{place}/bin:/usr/bin:/bin")
    return collector_


@pytest.fixture
def hopping(shell: Collector, tmp_path: Path) -> Collector:
    """The collector in one of the shells, with a system VM behind it."""
    return with_system_vm(shell, tmp_path)


def hop(seconds: int, machine: str = "r-4-VM") -> tuple[str, ...]:
    """Return the words of a hop."""
    return ("hop", machine, "127.0.0.9@3922", "modern", str(seconds))


def test_the_script_inside_works_in_every_shell(hopping: Collector) -> None:
    """It is quoted twice on its way."""
    found = hopping.collect("inside:7", "inside_much", way=hop(20))
    assert found.failure is None
    assert found.sections["inside"].text.startswith("1:7\n")
    assert found.sections["inside_much"].cut


def test_a_full_name_is_the_machine_too_and_another_one_is_not(hopping: Collector, tmp_path: Path) -> None:
    """Nothing is asked of a machine with another name."""
    hostname = tmp_path / "proc/sys/kernel/hostname"
    hostname.write_text("r-4-VM.cs1cloud.internal\n")
    assert hopping.collect("inside", way=hop(20)).failure is None
    for other in ("r-44-VM", "r-4", "", "$(id)", "r-4-VM x"):
        hostname.write_text(f"{other}\n")
        found = hopping.collect("inside", way=hop(20))
        assert found.sections == {}
        assert found.failure is not None
        assert found.failure.reason is Reason.WRONG_MACHINE


def test_when_everything_inside_hangs_the_last_question_still_has_its_second(dash: Collector, tmp_path: Path) -> None:
    """Timeouts are taken from what the visit has, and the collector ends by itself before its limit."""
    names = [f"inside_hanging_{n}" for n in range(5)]
    found = with_system_vm(dash, tmp_path).collect(*names, "inside", way=hop(17))
    assert found.is_done
    assert [found.sections[name].code for name in names] == [124] * 5
    assert found.sections["inside"].code == 0


def test_the_path_is_at_the_top_once_outside_and_once_inside() -> None:
    """Labs move both; the lines are exact."""
    moved = SCRIPT.moved(root="/lab", path="/lab/bin")
    assert moved.count("\nROOT=/lab\n") == 2
    assert moved.count("\nPATH=/lab/bin\n") == 2
    assert PATH not in moved


@pytest.mark.parametrize("surplus", [0, 1])
def test_a_script_of_whole_blocks_leaves_nothing_for_its_questions(
    dash: Collector, tmp_path: Path, surplus: int
) -> None:
    """A shell reads 8192 bytes at a time; a byte after the script would look like the client's end to a question."""
    collector_ = with_system_vm(dash, tmp_path)
    before, inside = collector_.text.split("\nINSIDE='", 1)
    sent = inside[: inside.index("'\n\n# On a host")].replace("'\\''", "'")
    padding = "#" * ((surplus - len(sent) - 1) % 8192) + "\n"
    collector_.text = f"{before}\nINSIDE='{padding}{inside}"
    found = collector_.collect("inside_hanging_0", way=hop(12))
    assert found.sections["inside_hanging_0"].code == 124
