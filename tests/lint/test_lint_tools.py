"""Programs that misbehave: each is ended, with all it started."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from exporter.lint import tools
from exporter.lint.files import LintError
from exporter.lint.limits import Limits
from exporter.lint.tools import Ran, Tools
from exporter.model import Reason
from tests.disk_images import MIB


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    """Return a way to run a script in the place of debugfs."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setattr(tools, "PATH", f"{folder}:{tools.PATH}")

    async def run(script: str, most: int = 1000, **more: object) -> Ran:
        (folder / "debugfs").write_text(f"#!/bin/bash\n{script}\n")
        (folder / "debugfs").chmod(0o755)
        limits = more.pop("limits", Limits(seconds=20))
        return await Tools(tmp_path, limits).run("debugfs", "a b", files=(0,), most=most, **more)  # type: ignore[arg-type]

    return run


async def test_a_program_sees_nothing_of_ours(run: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty environment, a directory of its own, no descriptor of ours, the least priority."""
    monkeypatch.setenv("SECRET", "s3cret")
    secret = os.open("/etc/passwd", os.O_RDONLY)
    os.set_inheritable(secret, True)
    try:
        ran = await run('env; pwd; echo "$1"; nice; ulimit -c; ls /dev/fd; read -r x || echo end')  # type: ignore[operator]
    finally:
        os.close(secret)
    lines = ran.out.decode().splitlines()
    assert "s3cret" not in ran.out.decode()
    assert {f"TMPDIR={tmp_path}", "LC_ALL=C", str(tmp_path), "a b", "19", "0", "end"} <= set(lines)
    assert str(secret) not in lines[lines.index("19") :]


async def test_output_is_cut_and_its_writer_ended(run: object) -> None:
    """On both streams."""
    ran = await run("yes", most=5000)  # type: ignore[operator]
    assert (len(ran.out), ran.is_cut) == (5000, True)
    ran = await run("yes >&2")  # type: ignore[operator]
    assert (ran.out, ran.is_cut, len(ran.errors)) == (b"", True, tools.MOST_ERRORS)
    ran = await run("printf 12345; exit 3", most=5)  # type: ignore[operator]
    assert ran == Ran(3, b"12345", "", is_cut=False)


async def test_children_end_with_the_call(run: object, tmp_path: Path) -> None:
    """Also when time is up, and those that went into the background."""
    os.mkfifo(tmp_path / "alive")
    held = os.open(tmp_path / "alive", os.O_RDONLY | os.O_NONBLOCK)
    script = f"exec 9>{tmp_path}/alive; sleep 1000 & sleep 1000 >/dev/null 2>&1 & echo begun >&9; wait"
    task = asyncio.create_task(run(script))  # type: ignore[operator]
    try:
        assert await _read(held) == b"begun\n"
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await _read(held) == b""
    finally:
        os.close(held)


async def _read(pipe: int) -> bytes:
    """Return what somebody writes into a pipe, empty once everybody who held its other end is gone."""
    ready = asyncio.Event()
    asyncio.get_running_loop().add_reader(pipe, ready.set)
    try:
        async with asyncio.timeout(20):
            await ready.wait()
        return os.read(pipe, 100)
    finally:
        asyncio.get_running_loop().remove_reader(pipe)


async def test_memory_and_files_are_bounded(run: object) -> None:
    """By the kernel."""
    limits = Limits(seconds=20, memory_bytes=64 * MIB, virtual_bytes=MIB)
    ran = await run("x=$(head -c 80000000 /dev/zero | tr '\\0' x); echo ${#x}", limits=limits)  # type: ignore[operator]
    assert (ran.code == 0, ran.out) == (False, b"")
    ran = await run("head -c 2000000 /dev/zero > large; stat -c %s large", limits=limits)  # type: ignore[operator]
    assert ran.out == b"1048576\n"


async def test_who_watches_ends_it(run: object) -> None:
    """With the reason that it raises."""

    async def watch() -> None:
        await asyncio.sleep(0.01)
        raise LintError(Reason.TOO_LARGE, "full")

    with pytest.raises(LintError, match="full"):
        await run("sleep 1000", watch=watch)  # type: ignore[operator]
