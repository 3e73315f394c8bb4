"""``lint-template``: what in template images breaks the guests made from them; the images are only read."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from exporter.lint.child import Child
from exporter.lint.here import hypervisor_here
from exporter.lint.limits import Limits, be_modest
from exporter.lint.rules import discover
from exporter.lint.wire import dumped
from exporter.questions.template_images import SERIOUS, SEVERITIES, ImageReport

CLEAN, FLAWED, USAGE, UNREAD = 0, 1, 2, 3
EPILOG = (
    f"exit code: {CLEAN} no flaw of severity high or medium; {FLAWED} such flaws; {USAGE} wrong usage, or this is a"
    f" hypervisor host; {UNREAD} no such flaw was found, but an image, or a rule of such severity, could not be read"
)
WORK = "/var/tmp"  # noqa: S108 - only where a directory of our own is made; /tmp is often memory


def add_arguments(to: argparse.ArgumentParser) -> None:
    """Add the arguments of ``lint-template``."""
    default = Limits()
    to.epilog = EPILOG
    to.add_argument("images", nargs="+", type=Path, metavar="IMAGE", help="qcow2, raw, vhd, vhdx or vmdk; only read")
    to.add_argument(
        "--password-enabled",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="whether it is registered as password-enabled, so that what sets the password must be in it, or not",
    )
    to.add_argument("--json", action="store_true", help="print a JSON array, one object per image")
    to.add_argument("--seconds", type=_positive, default=default.seconds, metavar="N", help="for one image")
    to.add_argument("--work", type=Path, default=Path(WORK), metavar="DIR", help="where an image is laid out meanwhile")
    to.add_argument("--work-bytes", type=int, default=default.work_bytes, metavar="N", help="most bytes of it there")
    to.add_argument("--here-anyway", action="store_true", help="also on a hypervisor host")


def _positive(word: str) -> float:
    seconds = float(word)
    if not 0 < seconds <= 86400:
        message = "seconds, at most a day"
        raise argparse.ArgumentTypeError(message)
    return seconds


def lint_template(given: argparse.Namespace, here: Callable[[], str] = hypervisor_here) -> int:
    """Print the reports and return the exit code; ``here`` names a hypervisor's daemon that runs on this machine."""
    daemon = "" if given.here_anyway else here()
    if daemon:
        sys.stderr.write(
            f"{daemon} runs here: on a hypervisor host reading an image takes disk and memory from guests."
            " Read it elsewhere, or say --here-anyway.\n"
        )
        return USAGE
    if not given.work.is_dir():
        sys.stderr.write(f"--work {given.work}: no such directory\n")
        return USAGE
    be_modest()
    try:
        reports = asyncio.run(_reports(given))
    except asyncio.CancelledError:  # SIGTERM
        return 128 + signal.SIGTERM
    if given.json:
        sys.stdout.write(dumped(reports).decode())
    else:
        sys.stdout.write("".join(f"{line}\n" for line in text(reports)))
    return exit_code(reports)


async def _reports(given: argparse.Namespace) -> tuple[ImageReport, ...]:
    """Return one report per image, one after another, each read by a process of its own.

    What an image holds keeps this process from nothing: the limit of time holds, and SIGTERM or Ctrl-C ends all of it
    with nothing left behind.
    """
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    child = Child(given.seconds, given.work_bytes, given.work, password_enabled=given.password_enabled)
    return tuple([await child.report(image, str(image)) for image in given.images])


def exit_code(reports: Iterable[ImageReport]) -> int:
    """Return 1 when an image has a flaw of severity high or medium, else 3 when it cannot be told that none has."""
    all_reports = tuple(reports)
    serious = {rule.name for rule in discover() if rule.severity in SERIOUS}
    if any(one.serious for one in all_reports):
        return FLAWED
    if any(one.reason is not None or serious & set(one.unknown) for one in all_reports):
        return UNREAD
    return CLEAN


def text(reports: Iterable[ImageReport]) -> Iterator[str]:
    """Yield the lines that people read."""
    for one in reports:
        if one.reason is not None:
            yield f"{one.image}: could not be read: {one.reason}: {one.detail}"
            continue
        counted = [f"{number} {severity}" for severity in SEVERITIES if (number := _number(one, severity))]
        yield f"{one.image}: {one.format}, {one.system}: {', '.join(counted) or 'nothing found'}"
        for flaw in one.flaws:
            yield f"  {flaw.severity:<6}  {flaw.rule}: {': '.join(filter(None, (flaw.path, flaw.seen)))}"
            yield f"          {flaw.breaks}"
            yield f"          remedy: {flaw.remedy}"
        if one.unknown:
            yield f"  unknown, because it could not be read: {', '.join(one.unknown)}"


def _number(one: ImageReport, severity: str) -> int:
    return sum(flaw.severity == severity for flaw in one.flaws)
