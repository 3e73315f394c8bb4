"""Following management-server.log with the real tools: rename, compression, truncation, half lines, and lost pieces."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.model import UnreadableError
from exporter.questions.management_log import MANAGEMENT_LOG, Piece, Position, read_piece

SHELLS = ("dash", "bash")  # of Debian, Ubuntu and RHEL, where management servers run


def warning(number: int) -> str:
    return f"2025-10-27 15:50:13,678 WARN  [c.c.X] (T-1:[ctx-1]) (logid:{number}) warning {number}\n"


def talk(number: int) -> str:
    return f"2025-10-27 15:50:13,678 DEBUG [c.c.X] (T-1:[ctx-1]) (logid:{number}) talk {number}\n"


class Follower:
    """Reads as the exporter does, visit by visit, with one of the shells."""

    def __init__(self, root: Path, shell: str = "dash") -> None:
        self.folder = root / "var/log/cloudstack/management"
        self.folder.mkdir(parents=True)
        self.log = self.folder / "management-server.log"
        self.log.write_text("")
        self._root = root
        self._shell = shell
        self.position = Position()
        self.numbers: list[int] = []

    def write(self, *lines: str, file: Path | None = None) -> None:
        with (file or self.log).open("a") as log:
            log.write("".join(lines))

    def look(self, *, is_settled: bool = True, limit: int | None = None) -> Piece:
        text = MANAGEMENT_LOG.text if limit is None else MANAGEMENT_LOG.text.replace(str(32 << 20), str(limit))
        told = subprocess.run(
            [self._shell, "-c", text, "management_log", *self.position.words(is_settled=is_settled)],
            env={**os.environ, "ROOT": str(self._root), "LC_ALL": "C"},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True, timeout=60,
        )  # fmt: skip
        piece = read_piece(told.stdout.decode("utf-8", "replace"))
        self.position = piece.next
        self.numbers += [int(line.rpartition(" ")[2]) for line in piece.lines if " WARN " in line]
        return piece


@pytest.fixture(params=SHELLS)
def follower(request: pytest.FixtureRequest, tmp_path: Path) -> Follower:
    made = Follower(tmp_path, request.param)
    made.write(*(warning(number) for number in range(5)))
    made.look()
    assert made.numbers == []  # reading starts at the end
    return made


def test_only_what_is_new_is_read_and_only_what_matters_is_sent(follower: Follower) -> None:
    """Warnings and worse; nothing twice, nothing left out."""
    follower.write(warning(10), talk(11), warning(12))
    piece = follower.look()
    assert piece.read == len(warning(10) + talk(11) + warning(12))
    follower.look()
    follower.write(talk(13))
    assert follower.look().lines == ()
    assert follower.numbers == [10, 12]


def test_half_a_line_waits_for_its_end(follower: Follower) -> None:
    """A line that is being written is read when it is whole."""
    whole = warning(20)
    follower.write(warning(19), whole[:40])
    follower.look()
    follower.write(whole[40:])
    follower.look()
    assert follower.numbers == [19, 20]


def test_a_message_waits_for_what_is_printed_below_it(follower: Follower) -> None:
    """The newest message is held back while more may follow, and given when nothing came."""
    follower.write(warning(30), "java.lang.Exception: one\n")
    assert follower.look(is_settled=False).lines == ()
    follower.write("\tat a.b.C(C.java:1)\n", "Caused by: two\n")
    assert follower.look(is_settled=True).lines == (warning(30).strip(), "java.lang.Exception: one", "Caused by: two")
    assert follower.look(is_settled=True).lines == ()


def test_renamed_at_midnight(follower: Follower) -> None:
    """What came before the rename is read from the old file, then the new one from its beginning."""
    follower.write(warning(40))
    follower.log.rename(follower.folder / "management-server.log.2025-10-27")
    follower.write(warning(41))
    pieces = [follower.look(), follower.look()]
    assert follower.numbers == [40, 41]
    assert not any(piece.is_lost for piece in pieces)


def test_renamed_and_compressed(follower: Follower) -> None:
    """log4j compresses at once: the rest is read from the newest .gz."""
    follower.write(warning(50), warning(51))
    old = follower.folder / "management-server.log.2025-10-27.gz"
    old.write_bytes(gzip.compress(follower.log.read_bytes()))
    follower.log.unlink()
    keep = follower.folder / "other"  # so that the new file does not get the inode of the old one
    keep.write_text("")
    follower.write(warning(52))
    follower.look()
    follower.look()
    assert follower.numbers == [50, 51, 52]


def test_compressed_later_in_the_middle_of_reading(follower: Follower) -> None:
    """The place in the renamed file holds in the compressed one."""
    follower.write(*(warning(number) for number in range(60, 70)))
    renamed = follower.folder / "management-server.log.1"
    follower.log.rename(renamed)
    follower.write(warning(70))
    follower.look(limit=3 * len(warning(60)) + 10)
    (follower.folder / "management-server.log.1.gz").write_bytes(gzip.compress(renamed.read_bytes()))
    renamed.unlink()
    for _ in range(3):
        follower.look()
    assert follower.numbers == list(range(60, 71))


def test_copied_and_truncated(follower: Follower) -> None:
    """logrotate's copytruncate: the copy holds what was not read yet."""
    follower.write(warning(80))
    shutil.copy2(follower.log, follower.folder / "management-server.log.1")
    with follower.log.open("r+") as log:
        log.truncate(0)
    follower.write(warning(81))
    follower.look()
    follower.look()
    assert follower.numbers == [80, 81]


def test_truncated_without_a_copy_is_said_to_be_lost(follower: Follower) -> None:
    """What cannot be found is named, and reading goes on."""
    follower.write(warning(90))
    with follower.log.open("r+") as log:
        log.truncate(0)
    follower.write(warning(91))
    assert follower.look().is_lost
    assert follower.numbers == [91]
    assert not follower.look().is_lost


def test_a_flood_is_read_in_pieces(follower: Follower) -> None:
    """No visit reads more than its limit; the rest waits, and nothing is lost or told twice."""
    follower.write(*(warning(number) for number in range(100, 200)))
    looks = [follower.look(limit=1000) for _ in range(15)]
    assert follower.numbers == list(range(100, 200))
    assert looks[0].behind > looks[1].behind
    assert looks[-1].behind == 0


def test_bytes_that_are_no_text(follower: Follower) -> None:
    """Binary in the log costs itself only."""
    with follower.log.open("ab") as log:
        log.write(bytes(range(256)) * 20 + b"\n")
    follower.write(warning(210))
    follower.look()
    follower.look()
    assert follower.numbers == [210]


def test_no_log_at_all_is_a_failure(tmp_path: Path) -> None:
    """The last line of what is said names the file."""
    told = subprocess.run(
        ["sh", "-c", MANAGEMENT_LOG.text, "management_log", "i0", "o0", "whole"],
        env={**os.environ, "ROOT": str(tmp_path)}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
    )  # fmt: skip
    assert told.returncode != 0
    assert b"management-server.log" in told.stdout


@given(st.text(max_size=400))
def test_garbage_is_no_piece(text: str) -> None:
    """Whatever comes, there is a piece or a clear refusal."""
    try:
        piece = read_piece(text)
    except UnreadableError:
        return
    assert piece.next.offset >= 0
