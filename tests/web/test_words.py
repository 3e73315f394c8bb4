"""Times, states and reasons as people read them."""

from __future__ import annotations

import pytest

from exporter.model import Reason
from exporter.web.shell import SYMBOLS
from exporter.web.words import REASONS, STATES, age, count, moment, reason, state


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "0 s"),
        (0.9, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (3660, "1 h 1 min"),
        (86400, "1 d"),
        (86400 * 3 + 7300, "3 d 2 h"),
        (86400 * 40 + 7300, "40 d"),
    ],
)
def test_age(seconds: float, words: str) -> None:
    """Ages have the two largest units that matter."""
    assert age(seconds) == words


@pytest.mark.parametrize(
    ("unix", "words"),
    [(1_795_251_695.9, "2026-11-21 09:01:35 UTC"), (0, "never"), (-1, "never"), (1e300, "never"), (1e12, "never")],
)
def test_moment(unix: float, words: str) -> None:
    """Times are UTC, and what is no time is never."""
    assert moment(unix) == words


def test_count() -> None:
    """Nouns agree with their number."""
    assert [count(number, "problem") for number in (0, 1, 2000)] == ["0 problems", "1 problem", "2,000 problems"]


def test_every_reason_has_a_heading() -> None:
    """The closed list is covered, and a word that is not on it stands for itself."""
    assert set(REASONS) == set(Reason)
    assert reason("timeout") == "No answer in time"
    assert reason("brand_new") == "brand_new"


def test_every_state_has_a_word_and_a_shape_of_its_own() -> None:
    """Colour is never the only sign; a state without a word is unknown, never healthy."""
    assert set(STATES) == set(SYMBOLS)
    shown = {SYMBOLS[name] for name in ("problem", "unknown", "healthy", "accepted", "not_configured", "no_checks")}
    assert len(shown) == 6
    assert state("brand_new") == "unknown"
