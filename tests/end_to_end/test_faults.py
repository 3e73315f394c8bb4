"""Break each thing in the lab: exactly its declared set of findings appears, and goes when it is mended."""

from __future__ import annotations

import os

import pytest

from exporter.lab.faults import CATALOGUE, Fault
from tests.watching import Watch

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120)]

ALL = os.environ.get("CI") != "true" or os.environ.get("FAULT_TESTS") == "all"
"""CI has 25 minutes for everything, and a fault takes some seconds: it tries each third one, everybody else all."""
FAULTS = [fault for fault in CATALOGUE.values() if fault.expects][:: 1 if ALL else 3]
UNKNOWN = [fault for fault in CATALOGUE.values() if fault.issue and not fault.expects]


async def test_a_healthy_cloud_has_no_finding_and_nothing_unchecked(watch: Watch) -> None:
    """The lab is healthy by default; whatever alarms here would page somebody at night."""
    await watch.look(2)
    assert watch.problems() == {}
    assert watch.failures() == set()
    assert {tile.state for tile in watch.snapshot().tiles} == {"healthy"}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
async def test_each_fault_shows_its_declared_set_and_nothing_else(watch: Watch, fault: Fault) -> None:
    """Cause and named consequences appear, and disappear when it is mended."""
    await watch.lab.set(fault.name, on=True)
    try:
        await watch.look(2)
        if fault.after:
            watch.clock.moved += fault.after
            await watch.look()
        broken = watch.problems()
    finally:
        await watch.lab.set(fault.name, on=False)
    assert set(broken) == fault.expects
    await watch.look()
    assert watch.problems() == {}


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
    assert problems == {}
    assert failures
    assert states[fault.issue] == "unknown"
    await watch.look(2)
    assert watch.failures() == set()
