"""Child processes that are begun whole, and ended with all that they have started."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from typing import Any


async def begun(*command: str, **options: Any) -> asyncio.subprocess.Process:
    """Return a process of a session of its own; the options are those of ``asyncio.create_subprocess_exec``.

    asyncio gives up a start in the middle when its caller is cancelled: it kills the program, not what that has started
    by then, and may wait for its end for ever. Here a start comes about, and is then ended whole.

    Raises:
        OSError: it cannot be started.
    """
    starting = asyncio.ensure_future(asyncio.create_subprocess_exec(*command, start_new_session=True, **options))
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        await asyncio.wait((starting,))
        with contextlib.suppress(OSError):
            await ended(starting.result())
        raise


def killed(process: asyncio.subprocess.Process) -> None:
    """Kill the process and its children, those in the background too."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


async def ended(process: asyncio.subprocess.Process) -> None:
    """Kill the process and its children unless it has ended by itself, and let go of it."""
    if process.returncode is None:
        killed(process)
        await asyncio.shield(process.wait())
    let_go(process)


def let_go(process: asyncio.subprocess.Process) -> None:
    """Close the pipes of a process that has ended."""
    # asyncio has no public way to let go of a pipe that nobody reads any more
    process._transport.close()  # type: ignore[attr-defined]
