"""How many connections a host tracks, of those that it can."""

from __future__ import annotations

import pytest

from exporter.checks.security_groups.connections import USED, judge
from exporter.thresholds import SYSTEM_VM_CONNECTIONS_RATIO
from tests.checks.security_groups import guarded_host as scene


@pytest.mark.parametrize(
    ("tracked", "trackable", "used"),
    [
        ("262144", "262144", 1.0),
        ("235930", "262144", 0.9),
        ("4242", "262144", 0.016),
        ("0", "262144", 0.0),
        ("4242", "0", 0.0),
        ("-", "-", 0.0),
    ],
    ids=["full", "nearly", "healthy", "idle", "no limit", "not tracked"],
)
def test_the_share(tracked: str, trackable: str, used: float) -> None:
    """Zero where the kernel tracks none or has no limit."""
    (found,) = scene.judged(judge, scene.Texts(tracked=(tracked, trackable)), looks=1)
    assert (found.metric, found.value) == (USED, used)


def test_more_than_the_limit_is_a_problem() -> None:
    """The words name both numbers."""
    assert USED.problem is not None
    (found,) = scene.judged(judge, scene.Texts(tracked=("250000", "262144")), looks=1)
    assert found.value > SYSTEM_VM_CONNECTIONS_RATIO
    assert found.seen == "250000 of 262144 connections"
    assert USED.problem.limit == SYSTEM_VM_CONNECTIONS_RATIO


def test_a_host_without_machines_is_judged_too() -> None:
    """Whoever fills the table, the next machine there would not be reached."""
    (found,) = scene.judged(judge, scene.Texts(tracked=("10", "10")), seen_by=scene.cloud(()))
    assert found.value == 1
