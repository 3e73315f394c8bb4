"""Times of logs: without a year, with a zone, and none at all."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.model import UnreadableError
from exporter.questions.management.log_times import apache_time, syslog_age

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Mar  1 11:59:00", 60),
        ("Mar 1 12:00:30", 0),
        ("Feb 28 12:00:00", 86400),
        ("Mar 15 12:00:00", 351 * 86400),
        ("Dec 31 12:00:00", 60 * 86400),
        ("Feb 29 12:00:00", None),
        ("Mar  1 11:58:60", 61),
    ],
)
def test_a_stamp_without_a_year(text: str, seconds: float | None) -> None:
    """The newest that fits: of last year when it lies ahead, now when a little ahead, none when no year had it."""
    assert syslog_age(text, NOW) == seconds


def test_a_zone_is_reckoned_with() -> None:
    """The same moment by two clocks."""
    assert apache_time("21/Nov/2026:06:36:23 +0000") == apache_time("21/Nov/2026:08:36:23 +0200")
    assert apache_time("21/Nov/2026:06:36:23 -0030") == apache_time("21/Nov/2026:07:06:23 +0000")


@given(text=st.text() | st.from_regex(r"\d{1,2}/(Jan|Feb|Xxx)/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}", fullmatch=True))
def test_garbage_is_no_time(text: str) -> None:
    """A time with a zone, or UnreadableError; the same for stamps without a year."""
    try:
        assert apache_time(text).tzinfo is not None
    except UnreadableError:
        with pytest.raises(UnreadableError):
            syslog_age(text, NOW)


@given(text=st.from_regex(r"(Jan|Feb|Dec|Abc)  ?\d{1,2} \d\d:\d\d:\d\d", fullmatch=True))
def test_an_age_is_never_negative(text: str) -> None:
    """Nor longer than two years."""
    try:
        age = syslog_age(text, NOW)
    except UnreadableError:
        return
    assert age is None or 0 <= age <= 2 * 366 * 86400
