"""Following management-server.log with the real tools: rename, compression, truncation, half lines, and lost pieces."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.model import UnreadableError
from exporter.questions.management.log import (
    BEHIND_LIMIT,
    MANAGEMENT_LOG,
    PACKED_LIMIT,
    READ_LIMIT,
    SIZE,
)
from exporter.questions.management.log_lines import messages
from exporter.questions.management.log_piece import Piece, Position, read_piece
from exporter.questions.management.log_signatures import SIGNATURES
from exporter.visits.following import Follower
from tests.real_parts import require

SHELLS = {"dash": ("dash",), "bash": ("bash", "--posix"), "busybox": ("busybox", "sh")}
AWKS = {"gawk": ("gawk",), "mawk": ("mawk",), "busybox": ("busybox", "awk")}
PACKERS = {"xz": "xz", "zst": "zstd", "bz2": "bzip2"}
DATED = "management-server.log-20251027"
"""As logrotate's dateext names what it rotates."""
NOBODY = 65534


def warning(number: int) -> str:
    return f"2025-10-27 15:50:13,678 WARN  [c.c.X] (T-1:[ctx-1]) (logid:{number}) warning {number}\n"


def talk(number: int) -> str:
    return f"2025-10-27 15:50:13,678 DEBUG [c.c.X] (T-1:[ctx-1]) (logid:{number}) talk {number}\n"


class Log:
    """A log that is written, rotated and followed, visit by visit, with one of the shells and one of the awks."""

    def __init__(self, root: Path, shell: str = "dash", awk: str = "gawk") -> None:
        require(SHELLS[shell][0], AWKS[awk][0])
        self.folder = root / "var/log/cloudstack/management"
        self.folder.mkdir(parents=True)
        self.path = self.folder / "management-server.log"
        self.path.write_text("")
        self.follower = Follower()
        self.numbers: list[int] = []
        self.lines: tuple[str, ...] = ()
        self._root, self._shell = root, shell
        tools = root / "tools"
        tools.mkdir()
        (tools / "awk").write_text(f'#!/bin/sh\nexec {shutil.which(AWKS[awk][0])} {" ".join(AWKS[awk][1:])} "$@"\n')
        (tools / "awk").chmod(0o755)
        self.path_of_tools = f"{tools}:{os.environ['PATH']}"

    def write(self, *lines: str, file: Path | None = None) -> None:
        with (file or self.path).open("a") as log:
            log.write("".join(lines))

    def older(self, name: str) -> Path:
        return self.folder / f"management-server.log.{name}"

    def rename(self, name: str = "2025-10-27") -> Path:
        return self.path.rename(self.older(name))

    def truncate(self) -> None:
        with self.path.open("r+") as log:
            log.truncate(0)

    def compress(self, path: Path, by: str = "gz") -> Path:
        """Compress as gzip(1), xz(1), zstd(1) and bzip2(1) do: the date stays."""
        packed = path.with_name(f"{path.name}.{by}")
        if by == "gz":
            packed.write_bytes(gzip.compress(path.read_bytes()))
        else:
            require(PACKERS[by])
            packed.write_bytes(subprocess.run([PACKERS[by], "-c", path], capture_output=True, check=True).stdout)
        shutil.copystat(path, packed)
        path.unlink()
        return packed

    def ask(self, **limits: int) -> tuple[int, str]:
        """Return exit code and output of one call; ``limits`` replace those of the text."""
        text = MANAGEMENT_LOG.text
        for name, given_limit in limits.items():
            known = {"read": READ_LIMIT, "sent": SIZE - 65536, "behind": BEHIND_LIMIT, "packed": PACKED_LIMIT}[name]
            text = text.replace(str(known), str(given_limit))
        shell = [shutil.which(SHELLS[self._shell][0]) or "", *SHELLS[self._shell][1:]]
        told = subprocess.run(
            [*shell, "-c", text, "management_log", *self.follower.position.words()],
            env={"PATH": self.path_of_tools, "ROOT": str(self._root), "LC_ALL": "C"},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=120,
        )  # fmt: skip
        return told.returncode, told.stdout.decode("utf-8", "replace")

    def look(self, **limits: int) -> Piece:
        """Visit once."""
        code, output = self.ask(**limits)
        assert code == 0, output
        piece = read_piece(output)
        if not piece.is_torn:
            self.lines = piece.lines
            self.numbers += [
                int(line.rpartition(" ")[2]) for line in piece.lines if " WARN " in line and line[-1].isdigit()
            ]
        self.follower.take(self.follower.position, piece)
        return piece

    def catch_up(self, looks: int = 6, **limits: int) -> None:
        for _ in range(looks):
            self.look(**limits)


@pytest.fixture(params=[("dash", "gawk"), ("bash", "gawk"), ("dash", "mawk"), ("busybox", "busybox")], ids="-".join)
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Log:
    made = Log(tmp_path, *request.param)
    made.write(*(warning(number) for number in range(5)))
    made.look()
    assert made.numbers == []  # reading starts at the end
    return made


@pytest.fixture
def one(tmp_path: Path) -> Log:
    """A log for what does not depend on the shell."""
    made = Log(tmp_path)
    made.write(*(talk(number) for number in range(5)))
    made.look()
    return made


def test_only_what_is_new_is_read_and_only_what_matters_is_sent(log: Log) -> None:
    """Warnings and worse; nothing twice, nothing left out."""
    log.write(warning(10), talk(11), warning(12))
    piece = log.look()
    assert piece.talk == 1
    log.look()
    log.write(talk(13))
    assert log.look().lines == ()
    assert log.numbers == [10, 12]
    assert log.follower.losses == 0


def test_half_a_line_waits_for_its_end(log: Log) -> None:
    """A line that is being written is read when it is whole."""
    whole = warning(20)
    log.write(warning(19), whole[:40])
    log.catch_up(3)
    log.write(whole[40:])
    log.catch_up(3)
    assert log.numbers == [19, 20]


def test_a_message_waits_for_what_is_printed_below_it(log: Log) -> None:
    """The newest message is held back while more may follow, and told once when nothing came."""
    log.write(warning(30), "java.lang.Exception: one\n")
    assert log.look().lines == ()
    log.write("\tat a.b.C(C.java:1)\n", "Caused by: two\n")
    assert log.look().lines == ()
    assert log.look().lines == (warning(30).strip(), "java.lang.Exception: one", "Caused by: two")
    assert log.look().lines == ()


def test_renamed_at_midnight(log: Log) -> None:
    """What came before the rename is read from the old file, then the new one from its beginning."""
    log.write(warning(40))
    log.rename()
    log.write(warning(41))
    log.catch_up()
    assert log.numbers == [40, 41]
    assert log.follower.losses == 0


def test_renamed_in_the_middle_of_a_line(log: Log) -> None:
    """A writer that died leaves half a line, which is told as it is."""
    log.write(warning(42), "2025-10-27 15:50:13,678 WARN  [c.c.X] (T-1:[ctx-1]) (logid:43) warning 43")
    log.rename()
    log.write(warning(44))
    log.catch_up()
    assert log.numbers == [42, 43, 44]


def test_renamed_and_compressed(log: Log) -> None:
    """The rest is read from the compressed file, also when the new file has the inode of the old one."""
    log.write(warning(50), warning(51))
    log.compress(log.rename())
    log.write(warning(52))
    log.catch_up()
    assert log.numbers == [50, 51, 52]
    assert log.follower.losses == 0


def test_rotated_with_the_date_in_the_name(log: Log) -> None:
    """logrotate's dateext, by rename, and once more by copying on the next day."""
    log.write(warning(810))
    log.path.rename(log.folder / DATED)
    log.write(warning(811))
    log.catch_up()
    os.utime(log.folder / DATED, (1_761_000_000,) * 2)  # a day ago
    log.write(warning(812))
    shutil.copy(log.path, log.folder / "management-server.log-20251028")
    log.truncate()
    log.write(warning(813))
    log.catch_up()
    assert log.numbers == [810, 811, 812, 813]
    assert log.follower.losses == 0


@pytest.mark.parametrize("by", ["gz", *PACKERS])
def test_every_usual_way_of_packing(log: Log, by: str) -> None:
    """The rest of the file that was followed, and a whole one behind it, come from packed files."""
    log.write(warning(820), warning(821))
    log.compress(log.path.rename(log.folder / DATED), by)
    log.write(warning(822))
    second = log.rename("1")
    os.utime(second, (second.stat().st_mtime + 5,) * 2)
    log.compress(second, by)
    log.write(warning(823))
    log.catch_up(8)
    assert log.numbers == [820, 821, 822, 823]
    assert log.follower.losses == 0


@pytest.mark.parametrize("by", PACKERS)
def test_packed_in_the_middle_of_reading(log: Log, by: str) -> None:
    """The place in the plain file holds in the packed one; while both are there, the packed one is not whole."""
    log.write(*(warning(number) for number in range(830, 840)))
    renamed = log.path.rename(log.folder / DATED)
    log.write(warning(840))
    log.look(read=3 * len(warning(830)) + 10)
    (log.folder / f"{DATED}.{by}").write_bytes(b"")
    log.look(read=3 * len(warning(830)) + 10)
    log.compress(renamed, by)
    log.catch_up()
    assert log.numbers == list(range(830, 841))
    assert log.follower.losses == 0


@pytest.mark.parametrize("first", ["xz", ""])
def test_what_nobody_here_can_unpack_is_lost(one: Log, first: str) -> None:
    """Be it the file that is followed or one behind it: the loss is said, and reading goes on."""
    one.write(warning(850))
    known = one.rename("1")
    if first:
        one.compress(known, first)
    one.write(warning(851))
    second = one.rename("2")
    os.utime(second, (second.stat().st_mtime + 5,) * 2)
    one.compress(second, "xz")
    tools = one._root / "tools"
    for tool in ("cksum", "cat", "date", "grep", "gzip", "head", "ls", "od", "stat", "tail", "tr", "wc"):
        (tools / tool).symlink_to(shutil.which(tool) or "")
    one.path_of_tools = str(tools)
    one.write(warning(852))
    one.catch_up(8)
    assert one.numbers == ([852] if first else [850, 852])
    assert one.follower.losses == 1


@pytest.mark.parametrize("by", PACKERS)
def test_a_packed_file_that_is_cut(one: Log, by: str) -> None:
    """What is missing of it is lost, whether or not anything can be read."""
    one.write(*(f"{warning(number)[:-1]} {os.urandom(40).hex()} {number}\n" for number in range(860, 920)))
    packed = one.compress(one.rename(), by)
    packed.write_bytes(packed.read_bytes()[:-20])
    one.write(warning(920))
    one.catch_up(8)
    assert one.numbers[-1] == 920
    assert len(one.numbers) == len(set(one.numbers))
    assert one.follower.losses == 1


def test_a_packed_file_without_end(one: Log) -> None:
    """Not more of it is unpacked than is caught up; that it is given up is said."""
    one.write(*(warning(number) for number in range(930, 990)))
    one.compress(one.rename(), "xz")
    one.write(warning(990))
    one.catch_up(4, packed=1000, behind=2000)
    assert one.numbers == [990]
    assert one.follower.losses == 1


@pytest.mark.parametrize("is_there", [True, False])
def test_unpacking_is_nice(one: Log, tmp_path: Path, *, is_there: bool) -> None:
    """To the management server; where that tool is missing it is unpacked all the same."""
    tools, noted = one._root / "tools", tmp_path / "noted"
    if is_there:
        (tools / "nice").write_text(f'#!/bin/sh\necho "$*" >>{noted}\nexec "$@"\n')
        (tools / "nice").chmod(0o755)
    for tool in ("cksum", "cat", "date", "grep", "gzip", "head", "ls", "od", "stat", "tail", "tr"):
        (tools / tool).symlink_to(shutil.which(tool) or "")
    one.path_of_tools = str(tools)
    one.write(warning(55))
    one.compress(one.rename())
    one.write(warning(56))
    one.catch_up()
    assert one.numbers == [55, 56]
    assert one.follower.losses == 0
    words = [line.split() for line in noted.read_text().splitlines()] if is_there else []
    assert bool(words) is is_there
    assert {tuple(line[:2]) for line in words} <= {("gzip", "-cd")}


def test_compressed_later_in_the_middle_of_reading(log: Log) -> None:
    """The place in the renamed file holds in the compressed one."""
    log.write(*(warning(number) for number in range(60, 70)))
    renamed = log.rename("1")
    log.write(warning(70))
    log.look(read=3 * len(warning(60)) + 10)
    log.compress(renamed)
    log.catch_up()
    assert log.numbers == list(range(60, 71))


def test_renumbered_while_it_is_followed(log: Log) -> None:
    """logrotate moves every file one number up; the middle one was never seen under its first name."""
    log.write(warning(71))
    log.rename("1")
    log.write(warning(72))
    log.look()
    log.older("1").rename(log.older("2"))
    log.compress(log.older("2"))
    log.rename("1")
    log.write(warning(73))
    log.catch_up()
    assert log.numbers == [71, 72, 73]
    assert log.follower.losses == 0


def test_several_files_behind(log: Log) -> None:
    """Each file between is read whole, in order, compressed or not."""
    for number, day in enumerate(("24", "25", "26")):
        log.write(warning(75 + number))
        path = log.rename(f"2025-10-{day}")
        os.utime(path, (1_761_000_000 + 86400 * number,) * 2)
        if day != "26":
            log.compress(path)
    log.write(warning(78))
    log.catch_up(8)
    assert log.numbers == [75, 76, 77, 78]
    assert log.follower.losses == 0


def test_both_the_plain_and_the_growing_compressed_file(log: Log) -> None:
    """While it is compressed a file is there twice, and the compressed one is not whole."""
    log.write(*(warning(number) for number in range(300, 340)))
    renamed = log.rename()
    whole = gzip.compress(renamed.read_bytes())
    packed = log.older("2025-10-27.gz")
    packed.write_bytes(whole[: len(whole) // 2])
    log.write(warning(340))
    log.look()
    packed.write_bytes(whole)
    renamed.unlink()
    log.catch_up()
    assert log.numbers == list(range(300, 341))
    assert log.follower.losses == 0


def test_an_older_file_that_is_being_compressed_is_not_newer(log: Log) -> None:
    """logrotate's delaycompress: the date of what is being written is of now, its content of yesterday."""
    log.write(*(warning(number) for number in range(350, 390)))
    log.catch_up(2)
    log.rename("2")
    log.write(warning(390))
    log.catch_up(4)
    log.write(warning(391))
    log.rename("1")
    whole = gzip.compress(log.older("2").read_bytes())
    log.older("2.gz").write_bytes(whole[: len(whole) // 2])
    log.write(warning(392))
    log.catch_up(4)
    assert log.numbers == list(range(350, 393))
    assert log.follower.losses == 0


def test_renumbered_between_two_listings(one: Log) -> None:
    """With as many files as are kept, all names are the same afterwards; what they name is not."""
    one.older("4").write_text(talk(4))
    one.older("3").write_text(talk(3))
    for number, name in ((395, "2"), (396, "1")):
        one.write(warning(number))
        one.rename(name)
    one.write(warning(397))
    for age, name in enumerate(("1", "2", "3", "4")):
        os.utime(one.older(name), (1_700_000_000 - age,) * 2)
    moves = [f"mv {one.older(old)} {one.older(new)}" for old, new in (("3", "4"), ("2", "3"), ("1", "2"))]
    moves += [f"mv {one.path} {one.older('1')}", f": >{one.path}", f"rm {one._root}/tools/tail"]
    tail = one._root / "tools/tail"
    tail.write_text(f'#!/bin/sh\n{" && ".join(moves)}\nexec /usr/bin/tail "$@"\n')
    tail.chmod(0o755)
    assert one.look().is_torn
    assert not tail.exists()
    one.write(warning(398))
    one.catch_up(8)
    assert one.numbers == [395, 396, 397, 398]
    assert one.follower.losses == 0


def test_copied_and_truncated(log: Log) -> None:
    """logrotate's copytruncate: the copy holds what was not read yet."""
    log.write(warning(80))
    shutil.copy(log.path, log.older("1"))
    log.truncate()
    log.write(warning(81))
    log.catch_up()
    assert log.numbers == [80, 81]
    assert log.follower.losses == 0


def test_copied_and_truncated_and_longer_than_before(log: Log) -> None:
    """Neither inode nor length tell that it is another content; its first bytes do."""
    log.write(warning(82))
    shutil.copy(log.path, log.older("1"))
    log.truncate()
    log.write(*(warning(number) for number in range(83, 99)))
    log.catch_up()
    assert log.numbers == list(range(82, 99))
    assert log.follower.losses == 0


def test_truncated_without_a_copy_is_said_to_be_lost(log: Log) -> None:
    """What cannot be found is named, and reading goes on."""
    log.write(warning(90))
    log.truncate()
    log.write(warning(91))
    assert log.look().is_lost
    log.look()
    assert log.numbers == [91]
    assert not log.look().is_lost
    assert log.follower.losses == 1


def test_a_flood_is_read_in_pieces(log: Log) -> None:
    """No call reads or brings more than its limits; the rest waits, and nothing is lost or told twice."""
    log.write(*(warning(number) for number in range(100, 200)))
    first, second = log.look(read=1000), log.look(sent=500)
    assert 500 < sum(map(len, second.lines)) < 800
    log.catch_up(14, read=1000)
    log.catch_up(4)
    assert log.numbers == list(range(100, 200))
    assert first.behind > second.behind > log.look().behind == 0


def test_a_warning_with_pages_below_it_costs_its_first_lines(log: Log) -> None:
    """A stack trace longer than a call may read does not stop the reading, and its message counts once."""
    log.write(warning(205), "java.lang.Exception: x\n", *("\tat a.b.C(C.java:1)\n" for _ in range(300)), warning(206))
    log.catch_up(12, read=1000)
    assert log.numbers == [205, 206]


def test_bytes_that_are_no_text(log: Log) -> None:
    """Binary in the log, zeros among it, costs itself only and shifts nothing."""
    for number in (210, 211, 212):
        with log.path.open("ab") as file:
            file.write(bytes(range(256)) * 20 + b"\n" + b"\0" * 5000 + b"\n")
        log.write(warning(number))
        log.look()
    log.catch_up(2)
    assert log.numbers == [210, 211, 212]
    assert log.follower.losses == 0


def test_a_line_of_megabytes(log: Log) -> None:
    """It is cut; what is longer than a call may read is counted once and passed over."""
    log.write(warning(220)[:-1] + " " + "x" * 3_000_000 + "\n", warning(221), warning(222)[:-1], "y" * 3_000_000, "\n")
    log.write(warning(223))
    log.catch_up(9, read=1_000_000)
    assert log.numbers == [221, 223]
    assert log.follower.counts.by_level["WARN"] == 4


def test_an_empty_log(tmp_path: Path) -> None:
    """It is begun when it has something; before that it is no failure."""
    log = Log(tmp_path)
    log.catch_up(2)
    log.write(warning(230))
    log.catch_up(2)
    log.rename()
    log.path.touch()
    log.catch_up(2)
    log.write(warning(231))
    log.catch_up(3)
    assert log.numbers == [230, 231]
    assert log.follower.losses == 0


def test_no_log_at_all_is_missing(one: Log) -> None:
    """Exit code 127 is the code of what is not there; the place is kept, should it come back."""
    one.write(warning(240))
    one.rename()
    code, output = one.ask()
    assert code == 127
    assert "management-server.log" in output.splitlines()[-1]
    one.write(warning(241))
    one.catch_up()
    assert one.numbers == [240, 241]


def test_a_log_that_may_not_be_read(one: Log) -> None:
    """It says so, and that is a reason of its own."""
    one.path.chmod(0o600)
    command = ["dash", "-c", MANAGEMENT_LOG.text, "management_log", *Position().words()]
    environment = {**os.environ, "ROOT": str(one._root), "LC_ALL": "C"}
    for path in (one._root, *one._root.parents):
        if path.stat().st_uid == os.getuid() and path != Path("/"):
            path.chmod(path.stat().st_mode | 0o055)
    told = subprocess.run(command, env=environment, capture_output=True, check=False, user=NOBODY, group=NOBODY)
    assert told.returncode == 1
    assert told.stdout.endswith(b"Permission denied, or no file\n")


def test_the_folder_of_cloudstack_4_0(tmp_path: Path) -> None:
    """Where there is no newer one."""
    log = Log(tmp_path)
    old = tmp_path / "var/log/cloud"
    old.mkdir()
    log.folder.rename(old / "management")
    log.folder, log.path = old / "management", old / "management/management-server.log"
    log.look()
    log.write(warning(250))
    log.catch_up(2)
    assert log.numbers == [250]


def test_thousands_of_older_files(one: Log) -> None:
    """They cost one listing."""
    for number in range(3000):
        path = one.older(f"2015-{number}.gz")
        path.write_bytes(b"")
        os.utime(path, (1_400_000_000 + number,) * 2)
    one.older("odd name with blanks").write_text("x")
    one.older("[*]").write_text("x")
    one.older("folder").mkdir()
    one.write(warning(260))
    one.compress(one.rename())
    one.write(warning(261))
    one.catch_up()
    assert one.numbers == [260, 261]
    assert one.follower.losses == 0


@pytest.mark.parametrize(
    ("damage", "read"),
    [
        (lambda whole: whole[: len(whole) // 2], range(0)),
        (lambda whole: whole[:-8] + bytes(4) + whole[-4:], range(400, 460)),
        (lambda _: b"", range(0)),
        (lambda _: b"no gzip at all" * 10, range(0)),
    ],
    ids=["cut", "wrong checksum", "empty", "none"],
)
def test_a_damaged_compressed_file(one: Log, damage: Callable[[bytes], bytes], read: range) -> None:
    """What can be had of it is read, the rest is said to be lost, and reading goes on behind it."""
    one.write(*(f"{warning(number)[:-1]} {os.urandom(40).hex()} {number}\n" for number in range(400, 460)))
    packed = one.compress(one.rename())
    packed.write_bytes(damage(packed.read_bytes()))
    one.write(warning(460))
    one.catch_up(8)
    assert one.numbers[-1] == 460
    assert set(one.numbers) >= {*read, 460}
    assert len(one.numbers) == len(set(one.numbers))
    assert one.follower.losses == (0 if len(read) == 60 else 1)


def test_far_behind_is_given_up(one: Log) -> None:
    """Reading goes on at the end, and the loss is said."""
    one.write(*(warning(number) for number in range(500, 600)))
    piece = one.look(behind=2000)
    assert (piece.is_lost, piece.behind) == (True, 0)
    one.write(warning(600))
    one.catch_up(2)
    assert one.numbers == [600]
    assert one.follower.losses == 1


def test_far_inside_a_compressed_file_is_given_up(one: Log) -> None:
    """All before it would have to be unpacked again at each call."""
    one.write(*(warning(number) for number in range(610, 660)))
    one.catch_up(2)
    one.write(warning(660))
    one.compress(one.rename())
    one.write(warning(661))
    one.catch_up(3, packed=1000)
    assert one.numbers == [*range(610, 660), 661]
    assert one.follower.losses == 1


def test_a_log_of_ten_gigabytes_costs_nothing(one: Log) -> None:
    """Reading starts at its end, and so it does after it grew too much at once."""
    with one.path.open("r+b") as file:
        file.truncate(10_000_000_000)
    piece = one.look()
    assert (piece.is_lost, piece.behind) == (True, 0)
    one.write("\n", warning(670))
    one.catch_up(2)
    assert one.numbers == [670]


def test_files_that_are_moved_while_they_are_read(one: Log) -> None:
    """Nothing of such a piece counts; the next one is asked from the same place."""
    one.write(warning(680))
    tail = one._root / "tools/tail"
    moved = one.older("1")
    tail.write_text(f'#!/bin/sh\n[ -e {moved} ] || mv {one.path} {moved}\n: >>{one.path}\nexec /usr/bin/tail "$@"\n')
    tail.chmod(0o755)
    assert one.look().is_torn
    tail.unlink()
    one.write(warning(681))
    one.catch_up()
    assert one.numbers == [680, 681]


def test_truncated_while_it_is_read(one: Log) -> None:
    """As above: what came may be of neither content."""
    one.write(warning(690))
    tail = one._root / "tools/tail"
    copy = one.older("1")
    tail.write_text(
        f'#!/bin/sh\n[ -e {copy} ] || {{ cp {one.path} {copy}; : >{one.path}; }}\nexec /usr/bin/tail "$@"\n'
    )
    tail.chmod(0o755)
    assert one.look().is_torn
    tail.unlink()
    one.write(warning(691))
    one.catch_up()
    assert one.numbers == [690, 691]


def test_what_counts_below_a_warning_is_sent(log: Log) -> None:
    """The words in the collector agree with the table of signatures."""
    samples = Path(__file__).parents[2] / "samples/log/signatures.tsv"
    rows = [line.split("\t") for line in samples.read_text().splitlines() if line[:1] != "#"]
    low = {row.name for row in SIGNATURES if row.levels & {"INFO", "DEBUG"}}
    for name, _, _, text in rows:
        level = "DEBUG" if name == "password_reset_failed" else "INFO"
        log.write(f"2025-10-27 15:50:13,678 {level:<5} [c.c.X] (T-1:[ctx-1]) (logid:{name}{len(text)}) {text}\n")
    log.catch_up(2)
    assert set(log.follower.counts.by_signature) == low


@given(st.text(max_size=400))
def test_garbage_is_no_piece(text: str) -> None:
    """Whatever comes, there is a piece or a clear refusal."""
    head = "@piece found plain 0 10 0 5 5 123 10\n"
    for told in (text, head + text, f"{head}{text}\n@end 5 9 1 -\n@whole"):
        try:
            piece = read_piece(told)
        except UnreadableError:
            continue
        assert piece.end >= 0
        assert all(message.level for message in messages(piece.lines))


@pytest.mark.parametrize(
    "tail", ["@end 10 9 1 -\n@whole", "@end 5 9 1 -\n@half", "@end 5 9 1 -", "@whole", "@end 5 9 x -\n@whole", ""]
)
def test_a_piece_without_its_end_is_none(tail: str) -> None:
    """Else what was cut off would be passed over."""
    with pytest.raises(UnreadableError):
        read_piece(f"@piece found plain 0 10 0 5 5 123 10\n{tail}")
