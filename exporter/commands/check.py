"""``check``: visit once, print a report, and say by the exit code how it is."""

from __future__ import annotations

import asyncio
import difflib
import sys
from collections.abc import Iterable
from dataclasses import replace

from exporter.app import App, build
from exporter.blindness import COMMAND
from exporter.checks import discover
from exporter.clock import SystemClock
from exporter.cloud.targets import key
from exporter.config import Config
from exporter.findings import Finding, Snapshot
from exporter.judging import Key
from exporter.model import Issue
from exporter.report import CLEAN, NOT_CHECKED, exit_code, text
from exporter.schedule import SLOTS_PER_KIND, Entry


def check(config: Config, issue: Issue | None, target: str | None) -> int:
    """Print the report on standard output, progress on standard error; return the exit code."""
    return asyncio.run(_check(config, issue, target))


async def _check(config: Config, issue: Issue | None, target: str | None) -> int:
    checks = tuple(registered for registered in discover() if issue in {None, registered.issue})
    async with build(config, SystemClock(), checks) as app:
        app.engine.board.is_partial = issue is not None or target is not None
        _say("reading the inventory")
        if not await _refresh(app):
            return NOT_CHECKED
        entries = _chosen(app, target)
        if target is not None and not _is_known(app, target):
            _say(f"no target is named {target}{_similar(app, target)}")
            return NOT_CHECKED
        for entry in entries:
            entry.memory.ask_all()  # there is no second visit to which anything could be left
        await _visit(app, entries, "visited")
        has_looked = await _look_again(app, entries)
        if target is not None and not entries and not app.engine.board.is_about(target):
            _say(f"nothing{f' of {issue}' if issue else ''} is checked about {target}")
            return NOT_CHECKED
        snapshot = _about(app.engine.board.snapshot(), target)
        unseen = "" if app.engine.board.is_about(target) else _asked_for(issue, target)
        sys.stdout.write(text(snapshot, unseen))
        return exit_code(snapshot, unseen) or (CLEAN if has_looked else NOT_CHECKED)


def _asked_for(issue: Issue | None, target: str | None) -> str:
    """Return in words what was to be checked."""
    return " about ".join(filter(None, (issue, target))) or "this cloud"


async def _refresh(app: App) -> bool:
    """Read the inventory; return whether that succeeded, and say why it did not."""
    is_new = await app.engine.refresh()
    failure = app.engine.inventory.failure
    if failure is not None:
        _say(f"CloudStack cannot be read: {failure.reason}: {failure.detail}")
    return is_new


def _chosen(app: App, target: str | None) -> list[Entry]:
    """Return the entries to visit: those that have a way, and of ``target`` alone if it is given."""
    schedule = app.engine.schedule
    return [
        entry
        for entry in schedule.entries.values()
        if type(entry.target) in schedule.visits and target in {None, entry.target.name}
    ]


def _names(app: App) -> set[str]:
    cloud = app.engine.inventory.cloud
    found = {entry.target.name for entry in app.engine.schedule.entries.values()}
    if cloud is not None:
        found |= {host.name for host in cloud.hosts.values()}  # one that is held back and off is no target
        found |= {router.name for router in cloud.routers.values()} | {vm.name for vm in cloud.system_vms.values()}
    return found


def _is_known(app: App, target: str) -> bool:
    return target in _names(app)


def _similar(app: App, target: str) -> str:
    near = difflib.get_close_matches(target, sorted(_names(app)), n=3)
    return f"; did you mean {', '.join(near)}?" if near else ""


async def _visit(app: App, entries: Iterable[Entry], word: str) -> None:
    """Visit the entries at once, as far as the schedule's slots allow, and tell how far it is."""
    places = asyncio.Semaphore(SLOTS_PER_KIND)  # no more, or those behind one busy machine would wait for too long

    async def visit(entry: Entry) -> None:
        async with places:
            await app.engine.schedule.visit(entry)

    waiting = [asyncio.create_task(visit(entry)) for entry in entries]
    for number, done in enumerate(asyncio.as_completed(waiting), start=1):
        await done
        _say(f"{word} {number} of {len(waiting)}", is_progress=number < len(waiting))
    app.engine.settle()


async def _look_again(app: App, entries: list[Entry]) -> bool:
    """Look a second time at what a verdict needs to see twice, with a new inventory between.

    Return False when there was no new inventory, so that some verdicts are still open.
    """
    wanted = _second_look(app)
    again = [entry for entry in entries if key(entry.target) in wanted]
    if not again:
        return True
    _say("some verdicts need a second look; reading the inventory again")
    if not await _refresh(app):
        return False
    current = app.engine.schedule.entries
    there = [current[key(entry.target)] for entry in again if key(entry.target) in current]
    for entry in there:
        entry.memory.ask_all()
    await _visit(app, there, "looked again at")
    return True


def _second_look(app: App) -> set[Key]:
    """Return the targets to visit again: those that asked for it, and the members of groups that did."""
    engine = app.engine
    wanted = set(engine.wants_second_look)
    for group in wanted & engine.groups.keys():
        wanted |= set(engine.members(group))
    return wanted


def _about(snapshot: Snapshot, target: str | None) -> Snapshot:
    """Return the snapshot narrowed to one target; API commands that are missing may be about any."""
    if target is None:
        return snapshot
    return replace(
        snapshot,
        tiles=(),
        findings=tuple(row for row in snapshot.findings if _names_it(row, target)),
        blind=tuple(row for row in snapshot.blind if target in row.subject.split("+") or row.subject_kind == COMMAND),
    )


def _names_it(finding: Finding, target: str) -> bool:
    """Return whether a finding is about a machine, alone or in a pair (``r-7-VM+r-8-VM``)."""
    return any(target in value.split("+") for value in (finding.subject, *finding.labels.values()))


def _say(line: str, *, is_progress: bool = False) -> None:
    """Tell progress on standard error; a terminal shows counts on one line."""
    if not sys.stderr.isatty():
        if not is_progress:
            sys.stderr.write(f"{line}\n")
        return
    sys.stderr.write(f"\r\033[K{line}" + ("" if is_progress else "\n"))
    sys.stderr.flush()
