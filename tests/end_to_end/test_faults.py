"""Break each thing in the lab: exactly its declared set of findings appears, and goes when it is mended."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from exporter.checks import discover
from exporter.clock import SystemClock
from exporter.lab.faults import CATALOGUE, Fault
from tests.watching import Watch

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120)]

PARTS = 5
"""CI has 25 minutes for everything, and a fault takes some seconds: it tries each fifth one, everybody else all."""


LOGIN_AGAIN = 11.0
"""Seconds after which a machine that could not be logged in to is dialled again."""


def chosen(words: Mapping[str, str], commit: str, day: int) -> slice:
    """Return which faults are tried: all, or in CI one of five parts.

    Which one FAULT_TESTS says (all, or 0 to 4), else the commit, else the day: so all workers of a run try the same, a
    run can be made again, and none of the parts is left out for long. A fault for each metric would be 153 of 265.
    """
    word = words.get("FAULT_TESTS", "" if words.get("CI") == "true" else "all")
    if word == "all":
        return slice(None)
    number = int(word) if word else int(commit, 16) if commit else day
    return slice(number % PARTS, None, PARTS)


def head() -> str:
    """Return the hash of the commit that is tested, empty where git or its folder is not there."""
    if not shutil.which("git"):
        return ""
    command = ("git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD")
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


FAULTS = [fault for fault in CATALOGUE.values() if fault.expects][
    chosen(os.environ, head(), int(SystemClock().unix() // 86400))
]
UNKNOWN = [fault for fault in CATALOGUE.values() if fault.issue and not fault.expects]


async def test_each_part_is_tried_by_some_run() -> None:
    """Of five commits or days, one after the other; who is not CI tries all, and each part can be asked for."""
    numbers = list(range(20))
    ci, today = {"CI": "true"}, 20778
    by_commit = [chosen(ci, f"{2**159 + commit:040x}", today) for commit in range(PARTS)]
    by_day = [chosen(ci, "", today + day) for day in range(PARTS)]
    by_name = [chosen(ci | {"FAULT_TESTS": word}, "abc", today) for word in map(str, range(PARTS))]
    for parts in (by_commit, by_day, by_name):
        assert sorted(one for part in parts for one in numbers[part]) == numbers
    for words in ({}, ci | {"FAULT_TESTS": "all"}):
        assert numbers[chosen(words, "abc", today)] == numbers


async def test_every_problem_is_shown_by_some_fault() -> None:
    """What no fault brings about may never be found; and what a fault names is declared."""
    problems = {metric.name for found in discover() for metric in found.check.metrics if metric.problem}
    assert problems == {name for fault in CATALOGUE.values() for name in fault.expects}


async def test_a_healthy_cloud_has_no_finding_and_nothing_unchecked(watch: Watch) -> None:
    """The lab is healthy by default; whatever alarms here would page somebody at night."""
    await watch.look(2)
    assert watch.problems() == {}
    assert watch.failures() == set()
    assert {tile.state for tile in watch.snapshot().tiles} == {"healthy"}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
async def test_each_fault_shows_its_declared_set_and_nothing_else(watch: Watch, fault: Fault) -> None:
    """Cause and named consequences appear, and when it is mended all is answered and healthy.

    The exporter knows the Cloud before; what it leaves to the next test is what it has found.
    """
    if watch.app.engine.inventory.cloud is None:
        await watch.look()
    await watch.lab.set(fault.name, on=True)
    try:
        await watch.look(fault.looks)
        if fault.after:
            watch.clock.moved += fault.after
            await watch.look()
        broken = watch.problems()
    finally:
        await watch.lab.set(fault.name, on=False)
        watch.clock.moved += max(fault.stays, LOGIN_AGAIN)
    assert set(broken) == fault.expects
    await watch.look()
    assert watch.problems() == {}
    if watch.failures():  # a busy machine may be late once
        await watch.look()
    assert watch.failures() == set()


@pytest.mark.parametrize("fault", UNKNOWN, ids=lambda fault: fault.name)
async def test_what_may_not_be_asked_is_unknown_and_no_problem(watch: Watch, fault: Fault) -> None:
    """The issue's tile says unknown, with a reason beside it, and is as before when it is mended."""
    await watch.lab.set(fault.name, on=True)
    try:
        await watch.look(2)
        watch.clock.moved += 3600  # what was known before has expired
        await watch.look(2)
        problems, failures = watch.problems(), watch.failures()
        states: dict[object, str] = {tile.issue: tile.state for tile in watch.snapshot().tiles}
    finally:
        await watch.lab.set(fault.name, on=False)
        watch.clock.moved += LOGIN_AGAIN
    assert problems == {}
    assert failures
    assert states[fault.issue] == "unknown"
    await watch.look(2)
    assert watch.failures() == set()
