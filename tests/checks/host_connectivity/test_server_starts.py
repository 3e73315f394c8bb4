"""When management servers were started: what changes with each start and with nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exporter.checks.host_connectivity.server_starts import judge_rows, judge_service
from exporter.questions.database.state import DATABASE_SERVERS, ServerRow
from exporter.questions.management.service import MANAGEMENT_SERVICE
from tests.checks.host_connectivity import management_scene as scene


def of_rows(*rows: ServerRow) -> dict[tuple[str, ...], float]:
    """Return what the database tells."""
    found = list(judge_rows(scene.DATABASE, scene.answers({DATABASE_SERVERS: rows}), scene.cloud()))
    return scene.values(found, "management_server_run_started_timestamp_seconds")


def of_service(started: float | None, state: str = "active") -> list[float]:
    """Return what systemd tells."""
    service = replace(scene.service(state=state), started=started)
    found = list(
        judge_service(scene.target(scene.server()), scene.answers({MANAGEMENT_SERVICE: service}), scene.cloud())
    )
    return list(scene.values(found, "management_server_service_started_seconds").values())


def test_each_run_has_its_time() -> None:
    """It is the same at each look, however clocks and ages go, and another one after a start."""
    looks = [of_rows(scene.row(1, run="1795280400123", running=running, age=age)) for running, age in [(5, 1), (65, 3)]]
    assert looks == [{("mgmt-1",): 1795280400.123}] * 2
    assert of_rows(scene.row(1, run="1795280460000"), scene.row(2, run="7000")) == {
        ("mgmt-1",): 1795280460.0,
        ("mgmt-2",): 7.0,
    }


@pytest.mark.parametrize("run", ["", "0", "-1", "x", "1.5", "9" * 16, "\u0663"])
def test_a_run_that_is_none(run: str) -> None:
    """Nothing is said of it."""
    assert of_rows(scene.row(1, run=run)) == {}


@pytest.mark.parametrize("state", ["active", "activating", "failed"])
def test_the_service_between_two_tries(state: str) -> None:
    """systemd keeps the time of the last one, so that none is lost."""
    assert of_service(900.25, state) == [900.25]


def test_a_service_that_was_never_active() -> None:
    """Nothing is said of it."""
    assert of_service(None) == []
