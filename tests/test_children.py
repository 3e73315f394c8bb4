"""Children that are begun whole, and end with all that they have started."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from exporter.children import begun, ended

SCRIPT = "sleep 1000 & sleep 1000 >/dev/null 2>&1 & echo begun; wait"
"""Whoever holds its output lives: the shell, and what it has put into the background with it."""


@asynccontextmanager
async def _pipe() -> AsyncIterator[tuple[int, asyncio.StreamReader]]:
    """Yield the end of a pipe that children hold, and what reads it until nobody holds that any more."""
    there, here = os.pipe()
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(there, "rb", 0))
    try:
        yield here, reader
    finally:
        transport.close()


async def test_a_child_ends_with_all_that_it_has_started() -> None:
    """Those in the background too; one that has ended is let go of."""
    async with _pipe() as (held, reader):
        process = await begun("/bin/sh", "-c", SCRIPT, stdout=held, stdin=asyncio.subprocess.PIPE)
        os.close(held)
        assert await reader.readline() == b"begun\n"
        await ended(process)
        assert await reader.read() == b""
        assert process.returncode == -9
    await ended(await begun("/bin/true", stdout=asyncio.subprocess.PIPE))


@pytest.mark.parametrize("turns", range(12))
async def test_a_start_that_is_given_up_leaves_nothing(turns: int) -> None:
    """However far it had come: after so many turns of the loop."""
    async with _pipe() as (held, reader):
        pipe = asyncio.subprocess.PIPE
        task = asyncio.create_task(begun("/bin/sh", "-c", SCRIPT, stdin=pipe, stdout=held, stderr=pipe))
        for _ in range(turns):
            await asyncio.sleep(0)
        if task.done():  # then it was no start any more
            await ended(task.result())
        else:
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        os.close(held)
        assert await reader.read() in (b"", b"begun\n")


async def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    """Is told as it is."""
    with pytest.raises(FileNotFoundError):
        await begun(str(tmp_path / "none"))
