"""A child process per image: whatever it does, there is one report under the right name, and nothing is left."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.lint.child import Child
from exporter.lint.wire import dumped, loaded
from exporter.model import Reason, UnreadableError
from exporter.questions.template_images import SEVERITIES, Flaw, ImageReport
from tests.disk_images import LINUX, busy, converted, ext, working_in
from tests.real_parts import require

pytestmark = pytest.mark.timeout(120)
FLAW = Flaw("machine_id", "medium", "/etc/machine-id", "an id", "breaks", "remedy")
REPORT = ImageReport(image="/x/a.qcow2", format="qcow2", system="linux", flaws=(FLAW,), unknown=("hosts",))


def acting(work: Path, code: str, seconds: float = 60.0) -> Child:
    """Return a child that does something else than lint."""
    return Child(seconds, 2**30, work, (sys.executable, "-c", code))


async def test_a_real_child(tmp_path: Path) -> None:
    """It reads a real image; its work directory is gone."""
    require("qemu-img", "debugfs", "mke2fs")
    image = converted(ext(tmp_path / "a", {**LINUX, "etc/machine-id": "1" * 32}), "qcow2")
    work = tmp_path / "work"
    work.mkdir()
    found = await Child(60.0, 2**30, work).report(image, "below/a.qcow2")
    assert (found.image, found.system, found.reason) == ("below/a.qcow2", "linux", None)
    assert "machine_id" in {flaw.rule for flaw in found.flaws}
    assert list(work.iterdir()) == []


@pytest.mark.parametrize(
    ("enabled", "rules"),
    [(None, {"password_service_absent"}), (True, {"password_service_missing"}), (False, set())],
)
async def test_a_child_knows_whether_there_must_be_a_password(
    tmp_path: Path, enabled: bool | None, rules: set[str]
) -> None:
    """As whoever asked was told, or not told."""
    require("debugfs", "mke2fs")
    found = await Child(60.0, 2**30, tmp_path, password_enabled=enabled).report(ext(tmp_path / "a"), "a")
    assert {flaw.rule for flaw in found.flaws if flaw.rule.startswith("password")} == rules


async def test_a_name_that_looks_like_an_option(tmp_path: Path) -> None:
    """It is a name."""
    image = tmp_path / "--help.raw"
    image.write_bytes(bytes(4096))
    found = await Child(60.0, 2**30, tmp_path).report(Path("--help.raw"), "--help.raw")
    assert (found.reason, found.detail) == (Reason.MISSING, "there is no such file")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("raise SystemExit(7)", "code 7"),
        ("import sys; sys.stderr.write('first\\nsecond\\x1b[31m line\\n'); raise SystemExit(2)", "second?[31m line"),
        ("print('[]')", "code 0"),
        ("print('no json')", "code 0"),
        ("print('[' * 100000)", "code 0"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "code -11"),
        ("print('x' * 20_000_000)", "code 0"),
    ],
)
async def test_a_child_that_fails_is_a_reason(tmp_path: Path, code: str, words: str) -> None:
    """Never an empty, clean report."""
    found = await acting(tmp_path, code).report(Path("a.raw"), "a.raw")
    assert (found.image, found.reason) == ("a.raw", Reason.FAILED)
    assert words in found.detail
    assert list(tmp_path.iterdir()) == []


async def test_a_child_that_hangs_is_ended(tmp_path: Path) -> None:
    """With all it has started, even when it does not listen to SIGTERM."""
    told = tmp_path / "pids"
    code = (
        "import os, signal, subprocess, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        f"other = subprocess.Popen(['sleep', '600']); open({str(told)!r}, 'w').write(f'{{os.getpid()}} {{other.pid}}');"
        "time.sleep(600)"
    )
    slow = replace(acting(tmp_path, code, 2.0), over=1.0, grace=0.2)
    found = await slow.report(Path("a.raw"), "a.raw")
    assert found.reason is Reason.TIMEOUT
    for pid in told.read_text().split():
        while Path(f"/proc/{pid}").exists() and ") Z " not in Path(f"/proc/{pid}/stat").read_text():
            await asyncio.sleep(0.01)
    assert [path.name for path in tmp_path.iterdir()] == ["pids"]


async def test_a_child_that_is_busy_is_ended(tmp_path: Path) -> None:
    """It hears neither its own limit nor SIGTERM while it goes through what somebody put into an image."""
    require("debugfs", "mke2fs")
    image, work = busy(tmp_path / "busy.raw"), tmp_path / "work"
    work.mkdir()
    found = await Child(600.0, 2**30, work, over=-596.0, grace=0.2).report(image, "busy.raw")
    assert (found.reason, found.detail.startswith("not read within 600 s")) == (Reason.TIMEOUT, True)
    assert list(work.iterdir()) == []
    assert working_in(work) == []


async def test_a_child_sees_no_secrets_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The configuration takes secrets from the environment; a process that reads untrusted images has none of it."""
    monkeypatch.setenv("CLOUDSTACK_SECRET_KEY", "CANARY")
    code = "import os, sys; sys.stderr.write(' '.join(sorted(os.environ))); raise SystemExit(9)"
    found = await acting(tmp_path, code).report(Path("a.raw"), "a.raw")
    assert "PYTHONPATH" in found.detail
    assert "CLOUDSTACK" not in found.detail


async def test_a_work_directory_that_is_not_there(tmp_path: Path) -> None:
    """A reason that names it."""
    found = await acting(tmp_path / "none", "").report(Path("a.raw"), "a.raw")
    assert (found.reason, "none: No such file" in found.detail) == (Reason.FAILED, True)


async def test_a_child_that_cannot_be_started(tmp_path: Path) -> None:
    """A reason, and its directory is gone."""
    found = await Child(60.0, 2**30, tmp_path, ("/nonexistent/python",)).report(Path("a.raw"), "a.raw")
    assert (found.reason, "no process can be started" in found.detail) == (Reason.FAILED, True)
    assert list(tmp_path.iterdir()) == []


def test_reports_come_back_as_they_went() -> None:
    """With their reasons."""
    reports = (REPORT, ImageReport(image="b", reason=Reason.TIMEOUT, detail="late"))
    assert loaded(dumped(reports)) == reports


@pytest.mark.parametrize(
    "raw",
    [b"", b"{}", b"[{}]", b'[{"image": 7}]', b'[{"image": "a", "reason": "nonsense"}]', b"\xff", b"[" * 5000]
    + [
        dumped((ImageReport(image="a", flaws=(flaw,)),))
        for flaw in (Flaw("a", "worst", "", ""), Flaw("a", "high", "", "\n"))
    ]
    + [dumped((ImageReport(image="a", flaws=(FLAW,) * 2000),))],
)
def test_what_is_no_report_is_unreadable(raw: bytes) -> None:
    """A child is trusted no more than the image that it reads."""
    with pytest.raises(UnreadableError):
        loaded(raw)


@given(
    st.one_of(
        st.binary(max_size=200), st.recursive(st.none() | st.text(max_size=5), st.lists).map(repr).map(str.encode)
    )
)
def test_whatever_comes_it_is_reports_or_unreadable(raw: bytes) -> None:
    """Nothing else."""
    with contextlib.suppress(UnreadableError):
        assert all(flaw.severity in SEVERITIES for one in loaded(raw) for flaw in one.flaws)
