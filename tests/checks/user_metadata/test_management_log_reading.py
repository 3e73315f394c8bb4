"""What is said of how management-server.log is written and read."""

from __future__ import annotations

import pytest

from exporter.checks.user_metadata.management_log_reading import BEHIND, LOSSES, SILENT, judge
from exporter.model import Sample
from exporter.questions.management.log import MANAGEMENT_LOG
from exporter.questions.management.log_lines import LogTold
from exporter.thresholds import LOG_SILENT_SECONDS
from tests.checks.user_metadata import log_scene as scene


def found(told: LogTold, state: str = "Up") -> dict[str, Sample]:
    return {one.metric.name: one for one in scene.judged(judge, {MANAGEMENT_LOG: told}, state)}


def test_a_log_that_is_written_and_read() -> None:
    """Zero is said."""
    samples = found(LogTold(silent=4))
    assert {name: one.value for name, one in samples.items()} == {SILENT.name: 4, BEHIND.name: 0, LOSSES.name: 0}


def test_a_server_that_is_up_and_writes_nothing() -> None:
    """It hangs."""
    sample = found(LogTold(silent=LOG_SILENT_SECONDS + 60))[SILENT.name]
    assert sample.metric.problem is not None
    assert sample.metric.problem.holds(sample.value, 0)
    assert sample.seen == "CloudStack says Up, nothing was written for 16 minutes"


@pytest.mark.parametrize("state", ["Down", "Maintenance", "PreparingForMaintenance", "ReadyToShutDown", "Unknown", ""])
def test_a_server_that_is_not_up_may_be_silent(state: str) -> None:
    """What it has written and what was lost of it is told all the same."""
    assert found(LogTold(silent=9999, losses=1), state).keys() == {BEHIND.name, LOSSES.name}


def test_a_log_of_warnings_only_may_be_silent() -> None:
    """For days, when nothing is wrong."""
    assert SILENT.name not in found(LogTold(silent=None))


def test_how_far_reading_is_behind() -> None:
    """And how often something was lost."""
    samples = found(LogTold(behind=5_000_000, losses=2, silent=0))
    assert (samples[BEHIND.name].value, samples[LOSSES.name].value) == (5_000_000, 2)
