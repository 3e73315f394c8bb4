"""How fresh a server is, from what MySQL and MariaDB of all versions say; and how a MySQL is spoken to."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.model import Question, UnreadableError, Via
from exporter.questions.database.rows import Rows
from exporter.sources.database import Database
from exporter.sources.database_freshness import CLOCK_LIMIT, Freshness, clock, heartbeat, replication
from exporter.sources.database_session import SETTINGS
from tests.sources.false_database import GREETING, OK, command, packet, pretender, result

CELLS = st.one_of(st.none(), st.integers(), st.floats(), st.text(max_size=8), st.binary(max_size=8), st.decimals())


def status(*lags: object, name: str = "Seconds_Behind_Master", channel: str = "") -> Rows:
    return Rows(("Channel_Name", name), tuple((channel, lag) for lag in lags))


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (status(), None),
        (status(0), (0.0, False)),
        (status(7, name="Seconds_Behind_Source"), (7.0, False)),
        (status(None), (None, True)),
        (status(3, 90), (90.0, False)),  # several sources: the worst counts
        (status(3, None), (None, True)),
        (status(None, channel="group_replication_applier"), None),  # says nothing of lag
        (Rows(("Slave_IO_State",), (("x",),)), (None, True)),
    ],
)
def test_the_lag_of_a_replica(rows: Rows, expected: tuple[float | None, bool] | None) -> None:
    """Of both spellings, of one source or several; a source that is not followed has none."""
    assert replication(rows) == expected


@pytest.mark.parametrize(
    ("freshness", "words"),
    [
        (Freshness(), ""),
        (Freshness(60.0, is_read_only=True), ""),
        (Freshness(61.0, is_read_only=True), "it is 61 s behind, 60 s are allowed"),
        (Freshness(is_read_only=True, is_stopped=True), "its replication has stopped"),
        (Freshness(ahead=CLOCK_LIMIT), ""),
        (Freshness(ahead=CLOCK_LIMIT + 1), "its clock is 121 s ahead of ours"),
        (Freshness(ahead=-7200), "its clock is 7200 s behind ours"),
        # it is written: what it follows, or should follow, says nothing
        (Freshness(None, 60.0, is_stopped=True), ""),
        (Freshness(9999.0, 60.0), ""),
        (Freshness(9999.0, 61.0), "it is 9999 s behind, 60 s are allowed"),
    ],
)
def test_why_a_server_is_of_the_past(freshness: Freshness, words: str) -> None:
    """In words for people; nothing when it is not. Then its heartbeats are none, and it cannot be judged."""
    assert freshness.past(60.0) == words
    assert freshness.trouble(60.0) == words


@pytest.mark.parametrize(
    ("freshness", "words"),
    [
        (Freshness(None, 150.0), ""),  # a primary, or a replica that does not say so
        (Freshness(None, 151.0), "the newest heartbeat of a management server there is 151 s old"),
        (Freshness(None, 18_000.0), "the newest heartbeat of a management server there is 18000 s old"),
        (Freshness(None, None), "it shows no heartbeat of a management server, or of the future only"),
        (Freshness(0.0, 150.0, is_read_only=True), ""),
        (Freshness(0.0, 151.0, is_read_only=True), "the newest heartbeat of a management server there is 151 s old"),
        (Freshness(None, 60.0, is_read_only=True), ""),
        (Freshness(None, 61.0, is_read_only=True), "the newest heartbeat of a management server there is 61 s old"),
        (
            Freshness(None, 61.0, is_stopped=True),
            "the newest heartbeat of a management server there is 61 s old, and its replication has stopped",
        ),
    ],
)
def test_old_heartbeats_forbid_judging_and_are_told_all_the_same(freshness: Freshness, words: str) -> None:
    """A replica whose source stopped tells no lag, a writable one nothing at all; or all management servers died."""
    assert freshness.trouble(60.0) == words
    assert freshness.past(60.0) == ""


@pytest.mark.parametrize(
    ("freshness", "role", "behind"),
    [
        (Freshness(None, 1.0), "primary", 1.0),
        (Freshness(None, 18_000.0), "primary", 18_000.0),
        (Freshness(None, 2.0, is_stopped=True), "primary", 2.0),  # its peer is down
        (Freshness(0.0, 1.0, is_read_only=True), "replica", 1.0),
        (Freshness(90.0, 1.0), "replica", 90.0),
        (Freshness(None, 5.0, is_read_only=True), "replica", 5.0),
        (Freshness(None, None, is_read_only=True, is_stopped=True), "replica", None),
    ],
)
def test_what_is_said_of_a_server(freshness: Freshness, role: str, behind: float | None) -> None:
    """Its role, and how far it is behind at most: a heartbeat is the bound where replication tells nothing."""
    assert (freshness.role, freshness.behind) == (role, behind)


@pytest.mark.parametrize(
    ("told", "is_read_only"),
    [
        (0, False), (1, True), (b"0", False), (b"1", True), ("OFF", False), (b"OFF", False), ("off", False),
        ("ON", True), (b"ON", True), ("NO_LOCK", True), (b"NO_LOCK_NO_ADMIN", True), (3, True),
    ],
)  # fmt: skip
def test_read_only_is_a_number_or_a_word(told: object, *, is_read_only: bool) -> None:
    """MariaDB 12 has made words of it."""
    assert clock(Rows(("unix", "is_read_only"), ((1790000000, told),))) == (1790000000.0, is_read_only)


@pytest.mark.parametrize("told", ["MAYBE", None, "", b"\xff", 1.5])
def test_a_read_only_that_is_neither_is_not_guessed(told: object) -> None:
    """Whoever could be written would be taken for the primary."""
    with pytest.raises(UnreadableError):
        clock(Rows(("unix", "is_read_only"), ((1790000000, told),)))


def test_which_of_those_that_cannot_be_judged_is_better() -> None:
    """Less behind; a read-only one that follows nobody, or one that tells nothing, is worst."""
    lagging, worse, old = Freshness(100.0), Freshness(90.0, ahead=-300), Freshness(None, 18_000.0)
    stopped, silent = Freshness(None, is_read_only=True, is_stopped=True), Freshness(None, None)
    assert lagging.badness() < worse.badness() < old.badness() < stopped.badness() == silent.badness()


@given(names=st.lists(st.sampled_from(["Seconds_Behind_Master", "Channel_Name", "x"]), unique=True), data=st.data())
def test_whatever_comes_is_read_or_refused(names: list[str], data: st.DataObject) -> None:
    """Never another exception."""
    rows = Rows(tuple(names), tuple(data.draw(st.lists(st.tuples(*(CELLS for _ in names)), max_size=3))))
    for read in (clock, replication, heartbeat):
        try:
            read(rows)
        except UnreadableError:
            continue


@pytest.mark.parametrize(
    ("version", "shown"),
    [
        (b"8.4.3", ["SHOW REPLICA STATUS"]),
        (b"8.0.19", ["SHOW REPLICA STATUS", "SHOW SLAVE STATUS"]),
        (b"5.5.5-10.4.32-MariaDB-log", ["SHOW ALL SLAVES STATUS"]),
    ],
)
async def test_each_server_is_spoken_to_in_its_own_words(version: bytes, shown: list[str]) -> None:
    """No MySQL can be had here; this is what one is sent, and that its answer is taken."""
    heard: list[str] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(packet(0, GREETING.replace(b"10.11.6-MariaDB", version)))
        await command(reader)
        writer.write(packet(2, OK))
        while True:
            heard.append((await command(reader))[1:].decode())
            writer.write(answer(heard[-1]))
            await writer.drain()

    def answer(text: str) -> bytes:
        if text.startswith("SELECT UNIX_TIMESTAMP"):
            return result(("unix", "is_read_only"), (b"1790000000", b"1"))
        if text == shown[-1]:
            return result(("Seconds_Behind_Source" if b"8." in version else "Seconds_Behind_Master",), (b"12",))
        if text.startswith("SHOW"):
            return packet(1, b"\xff\x28\x04#42000You have an error in your SQL syntax")
        return result(("1",), (b"1",)) if text.startswith("SELECT") else packet(1, OK)

    question: Question[Any] = Question("database_any", Via.DATABASE, "SELECT 1", str, "SELECT", "a test", seconds=1.5)
    async with pretender(talk) as given_:
        database = Database(given_)
        async with database.turn(10.0) as turn:
            assert turn.session.freshness.lag == 12.0
            (told,) = (await turn.ask([question])).values()
        await database.close()
    assert isinstance(told, Rows)
    assert [text for text in heard if text.startswith("SHOW")] == shown
    assert (
        heard[-2] == f"SET SESSION {'max_statement_time = 1.5' if b'Maria' in version else 'max_execution_time = 1500'}"
    )
    assert [text for text in heard if text in SETTINGS] == list(SETTINGS)
