"""The process that reads one image and prints its report: ``python -m exporter.lint``, started by ``child`` alone.

Whatever stands in the image may keep it busy for as long as it likes: who started it ends it, and else the kernel does.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from exporter.lint.judge import report
from exporter.lint.limits import Limits, be_modest
from exporter.lint.wire import dumped
from exporter.questions.template_images import ImageReport

ORPHANED = 60  # seconds beyond the limit in which whoever started it would have ended it


def _given(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m exporter.lint", allow_abbrev=False)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--work-bytes", type=int, required=True)
    parser.add_argument("--password-enabled", action=argparse.BooleanOptionalAction, default=None)
    parser.add_argument("image", type=Path)
    return parser.parse_args(words)


async def _report(given: argparse.Namespace) -> ImageReport:
    """Return the report; SIGTERM ends the programs that read the image too."""
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    limits = Limits(seconds=given.seconds, work_bytes=given.work_bytes)
    return await report(
        given.image, str(given.image), limits=limits, work=given.work, password_enabled=given.password_enabled
    )


def main(words: list[str]) -> int:
    """Print the report as JSON and return 0, whatever is in it."""
    given = _given(words)
    be_modest()
    signal.alarm(int(given.seconds) + ORPHANED)
    try:
        made = asyncio.run(_report(given))
    except asyncio.CancelledError:  # SIGTERM
        return 128 + signal.SIGTERM
    sys.stdout.write(dumped((made,)).decode())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
