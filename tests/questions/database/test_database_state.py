"""What the database says of its schema and of management servers, read from whatever a driver may bring."""

from __future__ import annotations

import datetime as dt
import decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.model import UnreadableError
from exporter.questions.database.rows import Rows
from exporter.questions.database.state import DATABASE_SERVERS, DATABASE_VERSIONS, STATE, SchemaVersion

SERVER = {
    "id": "ms-1",
    "name": "ms1",
    "msid": "90520731123456",
    "state": "Up",
    "version": "4.22.0.0",
    "heartbeat_age": 1,
    "running": decimal.Decimal("86400.1234"),
    "beat": "2026-11-21 17:00:00",
    "run": "1795280400123",
}
CELLS = st.one_of(
    st.none(), st.integers(), st.floats(), st.text(max_size=20), st.binary(max_size=20), st.decimals(), st.datetimes()
)


def server(**changes: Any) -> Rows:
    row = {**SERVER, **changes}
    return Rows(tuple(row), (tuple(row.values()),))


def versions(*rows: tuple[Any, ...]) -> Rows:
    return Rows(("version", "step"), rows)


def test_versions_come_in_their_order() -> None:
    """The last is the schema's."""
    told = DATABASE_VERSIONS.read(versions(("4.21.0.0", "Complete"), ("4.22.0.0", "Upgrade")))
    assert told == (SchemaVersion("4.21.0.0", "Complete"), SchemaVersion("4.22.0.0", "Upgrade"))
    assert [version.is_complete for version in told] == [True, False]


@pytest.mark.parametrize("step", ["Upgrade", "", None, "complete?", "Cleanup"])
def test_what_is_not_complete_is_not(step: str | None) -> None:
    """Whatever else stands there."""
    (told,) = DATABASE_VERSIONS.read(versions(("4.22.0.0", step)))
    assert not told.is_complete


def test_no_version_at_all_is_not_cloudstacks_database() -> None:
    """An empty table would otherwise be a complete schema."""
    with pytest.raises(UnreadableError, match="empty"):
        DATABASE_VERSIONS.read(versions())


def test_a_management_server_is_read_whole() -> None:
    """Numbers of any kind become seconds."""
    (told,) = DATABASE_SERVERS.read(server())
    assert (told.id, told.name, told.msid, told.state, told.version) == tuple(SERVER[key] for key in list(SERVER)[:5])
    assert told.heartbeat_age == 1.0
    assert told.running == pytest.approx(86400.1234)
    assert (told.beat, told.run) == ("2026-11-21 17:00:00", "1795280400123")


def test_a_server_that_never_wrote_anything() -> None:
    """It has neither heartbeat nor run; the row is read all the same."""
    (told,) = DATABASE_SERVERS.read(server(beat=None, run=None))
    assert (told.beat, told.run) == ("", "")


@pytest.mark.parametrize(
    ("running", "expected"),
    [
        (None, None),
        (0, 0.0),
        (-3, 0.0),  # the two clocks differ a little
        (-119.9, 0.0),
        (-121, None),  # the future
        (599.5, 599.5),
        (4 * 365 * 86400, 4 * 365 * 86400.0),
        (1_790_000_000, None),  # runid 1: not a time at all
        (1_788_210_000, None),  # runid in seconds
        (decimal.Decimal(-1_790_000_000_000), None),  # runid in microseconds
    ],
)
def test_an_implausible_start_is_unknown(running: object, expected: float | None) -> None:
    """The unit of runid is known by hearsay; a wrong one must neither hold everything up nor count as long ago."""
    (told,) = DATABASE_SERVERS.read(server(running=running))
    assert told.running == expected


@pytest.mark.parametrize("age", [-2, -7200])
def test_a_heartbeat_of_the_future_is_told(age: int) -> None:
    """A clock a little behind that of its management server, or hours: whether that is of now is for the check."""
    (told,) = DATABASE_SERVERS.read(server(heartbeat_age=age))
    assert told.heartbeat_age == age


@pytest.mark.parametrize("age", ["soon", b"\xff", float("nan"), dt.datetime(2026, 1, 1)])  # noqa: DTZ001
def test_an_age_that_is_no_number_is_unreadable(age: object) -> None:
    """Rather than a living server."""
    with pytest.raises(UnreadableError):
        DATABASE_SERVERS.read(server(heartbeat_age=age))


@pytest.mark.parametrize("question", STATE, ids=lambda question: question.name)
@given(data=st.data())
def test_whatever_comes_is_read_or_refused(question: Any, data: st.DataObject) -> None:
    """Never another exception, never a number that is none."""
    names = data.draw(st.lists(st.sampled_from([*SERVER, "step", "x"]), unique=True, max_size=8))
    row = st.tuples(*(CELLS for _ in names))
    rows = Rows(tuple(names), tuple(data.draw(st.lists(row, max_size=3))))
    try:
        told = question.read(rows)
    except UnreadableError:
        return
    assert isinstance(told, tuple)
    assert len(told) == len(rows)
