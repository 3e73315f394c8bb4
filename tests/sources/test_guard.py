"""The guard: pauses grow, and the log says a change once."""

from __future__ import annotations

import logging

import pytest

from exporter.model import Failure, Reason
from exporter.sources.guard import LONGEST_PAUSE, Guard

TIMEOUT = Failure(Reason.TIMEOUT, "no answer")


def test_the_first_two_failures_cause_no_pause() -> None:
    """A single lost visit does not make us blind for longer than its interval."""
    guard = Guard("router r-1-VM", 60)
    guard.failed(TIMEOUT, 0)
    guard.failed(TIMEOUT, 60)
    assert not guard.is_paused(60.1)


def test_the_pause_doubles_up_to_its_limit() -> None:
    """A machine that is away is asked ever less, but never less than every quarter of an hour."""
    guard, pauses = Guard("router r-1-VM", 60), []
    for _ in range(9):
        guard.failed(TIMEOUT, 0)
        pauses.append(guard.paused_until)
    assert pauses == [0, 0, 60, 120, 240, 480, LONGEST_PAUSE, LONGEST_PAUSE, LONGEST_PAUSE]


def test_one_success_ends_the_pause() -> None:
    """After a good visit the next failure counts from one."""
    guard = Guard("router r-1-VM", 60)
    for _ in range(5):
        guard.failed(TIMEOUT, 0)
    guard.succeeded()
    guard.failed(TIMEOUT, 0)
    assert not guard.is_paused(0)


def test_a_change_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """The first failure, another reason, and the recovery; nothing in between."""
    guard = Guard("router r-1-VM", 60)
    with caplog.at_level(logging.INFO):
        for failure in (TIMEOUT, TIMEOUT, Failure(Reason.AUTH, "key rejected"), TIMEOUT):
            guard.failed(failure, 0)
        guard.succeeded()
        guard.succeeded()
    assert [record.getMessage() for record in caplog.records] == [
        "router r-1-VM cannot be visited: timeout no answer",
        "router r-1-VM cannot be visited: auth key rejected",
        "router r-1-VM cannot be visited: timeout no answer",
        "router r-1-VM answers again after 4 failed visits",
    ]
