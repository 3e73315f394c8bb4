"""Followers of logs: what counts, where reading goes on, silence, and who is forgotten."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from exporter.model import Failure, Reason
from exporter.questions.management.log_lines import LogTold
from exporter.questions.management.log_piece import Piece, Position
from exporter.visits.following import FOLLOWED, PATIENCE, Follower, Followers

NOW = 1_800_000_000
PLACE = Position(1000, 1000, 256, 7, "open")
DEAD = "Unable to apply dhcp entry on disconnected router r-4-VM"


def line(logid: str = "aa", level: str = "WARN") -> str:
    return f"2025-10-27 15:50:13,678 {level} [c.c.X] (T-1:[ctx-1]) (logid:{logid}) {DEAD}"


def piece(*lines: str, **changes: Any) -> Piece:
    """Return a piece of 100 bytes behind PLACE that ends with the log."""
    given: dict[str, Any] = {
        "next": replace(PLACE, offset=1100, seen=1100), "end": 1100, "total": 1100, "more": 0, "is_lost": False,
        "is_torn": False, "is_packed": False, "now": NOW, "changed": NOW - 5, "talk": 3, "last": "2025-10-27 15:50:20",
        "lines": lines,
    }  # fmt: skip
    return Piece(**{**given, **changes})


@pytest.fixture
def follower() -> Follower:
    return Follower(position=PLACE)


def test_reading_starts_at_the_end_with_counters_at_0() -> None:
    """A new follower, so after a restart of the exporter as well."""
    follower = Follower()
    assert follower.position.words() == ("o0", "s0", "k0", "c0", "start")
    told = follower.take(follower.position, piece())
    assert told == LogTold(silent=5)
    assert follower.position.words() == ("o1100", "s1100", "k256", "c7", "open")


def test_a_piece_counts_once_and_at_its_own_place_only(follower: Follower) -> None:
    """A visit that was overtaken by another one brings what is known already."""
    asked = follower.position
    assert follower.take(asked, piece(line())).by_signature == {"router_disconnected": 1}
    late = follower.take(asked, piece(line("bb")))
    assert late.by_signature == {"router_disconnected": 1}
    assert follower.position.offset == 1100


def test_a_torn_piece_counts_nothing_and_is_asked_again_at_once(follower: Follower) -> None:
    """Its place is kept."""
    told = follower.take(follower.position, piece(line(), is_torn=True, next=None, is_lost=True))
    assert (told.by_signature, told.losses) == ({}, 0)
    assert follower.position is PLACE
    assert follower.wants_more


def test_what_is_told_is_not_changed_by_the_next_piece(follower: Follower) -> None:
    """An answer is remembered while the next one is compared with it."""
    first = follower.take(follower.position, piece(line()))
    follower.take(follower.position, piece(line("bb")))
    assert first.by_signature == {"router_disconnected": 1}


def test_lately_is_by_the_newest_message_of_any_level(follower: Follower) -> None:
    """What an outage has kept for hours is no news when it is read at last."""
    told = follower.take(follower.position, piece(line(), last="2025-10-27 18:00:00"))
    assert (told.by_signature, told.lately) == ({"router_disconnected": 1}, {})
    told = follower.take(follower.position, piece(line("bb").replace("15:50", "17:59"), last=""))
    assert told.lately == {"router_disconnected": 1}


def test_a_log_of_warnings_only_is_never_called_silent() -> None:
    """Until it tells something less, then silence means something."""
    follower = Follower()
    assert follower.take(follower.position, piece(line(), talk=0, changed=NOW - 9999)).silent is None
    assert follower.take(follower.position, piece(talk=1, changed=NOW - 9999)).silent == 9999
    assert follower.take(follower.position, piece(talk=0, changed=NOW - 9999)).silent == 9999


@pytest.mark.parametrize("hours", [-26, -1, 0, 1, 13])
def test_the_clock_of_the_server_may_be_hours_off(follower: Follower, hours: int) -> None:
    """Both times are its own."""
    shift = hours * 3600
    assert follower.take(follower.position, piece(now=NOW + shift, changed=NOW + shift - 30)).silent == 30


def test_a_clock_that_goes_backwards_hides_no_silence(follower: Follower) -> None:
    """The file is then of the future; looks that find it unchanged count instead, and a write begins anew."""
    silent = [
        follower.take(follower.position, piece(now=now, changed=NOW - 5)).silent
        for now in (NOW, NOW + 60, NOW - 7200, NOW - 7140, NOW - 7080)
    ]
    assert silent == [5, 65, 60, 120, 180]
    assert follower.take(follower.position, piece(now=NOW - 7020, changed=NOW - 7021)).silent == 1


def test_what_is_behind(follower: Follower) -> None:
    """The rest of an older file, and the current one."""
    told = follower.take(follower.position, piece(total=1500, more=70))
    assert told.behind == 470
    assert follower.wants_more
    assert follower.take(follower.position, piece()).behind == 0
    assert not follower.wants_more


def test_a_compressed_file_that_gives_no_more_is_passed_after_a_second_look(follower: Follower) -> None:
    """At the first it may still be being written."""
    follower.position = replace(PLACE, seen=1100)
    for losses, mode, again in ((0, "open", False), (1, "past", True)):
        told = follower.take(follower.position, piece(is_packed=True, total=5000))
        assert (told.losses, follower.position.mode, follower.wants_more) == (losses, mode, again)


def test_a_compressed_file_that_gives_more_is_not_damaged(follower: Follower) -> None:
    """Nor one of which all was seen, nor another one than before."""
    follower.position = replace(PLACE, seen=1100)
    follower.take(follower.position, piece(is_packed=True, total=5000))
    follower.take(follower.position, piece(is_packed=True, total=5000, end=1200))
    follower.position = replace(PLACE, seen=1100, sum=8)
    follower.take(follower.position, piece(is_packed=True, total=5000))
    told = follower.take(follower.position, piece(is_packed=True, end=1100, total=1100))
    assert (told.losses, follower.position.mode) == (0, "open")


def test_one_place_is_not_asked_in_vain_for_ever(follower: Follower) -> None:
    """Reading begins anew at the end of the log, and the loss is said; counters go on."""
    follower.take(PLACE, piece(line()))
    place = follower.position
    for _ in range(PATIENCE - 1):
        follower.failed(Failure(Reason.TIMEOUT))
    assert follower.position is place
    follower.failed(Failure(Reason.TOO_LARGE))
    assert follower.position == Position()
    told = follower.take(follower.position, piece(line("bb")))
    assert (told.losses, told.by_signature) == (1, {"router_disconnected": 2})


def test_failures_of_the_way_keep_the_place(follower: Follower) -> None:
    """And what came once begins the count anew."""
    for reason in (Reason.DISCONNECTED, Reason.PERMISSION, Reason.MISSING) * PATIENCE:
        follower.failed(Failure(reason))
    for _ in range(2):
        follower.failed(Failure(Reason.TIMEOUT))
        follower.failed(Failure(Reason.DISCONNECTED))
    assert follower.position is PLACE
    follower.failed(Failure(Reason.TIMEOUT))
    follower.take(follower.position, piece())
    for _ in range(PATIENCE - 1):
        follower.failed(Failure(Reason.TIMEOUT))
    assert follower.position.offset == 1100


def test_servers_that_are_gone_are_forgotten() -> None:
    """Those that nobody asked for longest, above a number that nobody has."""
    followers = Followers()
    first = followers.of("ms-first")
    for number in range(FOLLOWED - 1):
        followers.of(f"ms-{number}")
    assert followers.of("ms-first") is first
    followers.of("ms-new")
    assert len(followers.by_server) == FOLLOWED
    assert followers.of("ms-first") is first
    assert "ms-0" not in followers.by_server
