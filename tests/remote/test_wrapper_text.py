"""How the collector is put together from its frame and the catalogue."""

from __future__ import annotations

import math
import re
import subprocess
from dataclasses import replace

import pytest

from exporter.checks import discover
from exporter.config.models import Intervals
from exporter.judging import plan
from exporter.model import Question, Via
from exporter.questions import catalogue
from exporter.questions.wrapper import assemble, collector, quoted, script, version
from exporter.sources.ssh_words import QUESTION
from tests.remote_questions import ALL, HELLO, INSIDE

RESERVE = 10.0  # seconds of a visit for logging in and returning
LARGEST_ANSWER = 4 * 1024 * 1024  # bytes: `ip -d -j link` of a host with 500 VLANs; it is sent compressed
LARGEST_VARIABLE = 128 * 1024  # bytes: MAX_ARG_STRLEN of Linux


def test_the_version_is_part_of_the_text_and_follows_it() -> None:
    """Twelve hex digits; another text, limit or size makes another version."""
    assert re.fullmatch("[0-9a-f]{12}", version())
    assert collector().count(f"\nVERSION={version()}\n") == 2
    assert "@VERSION@" not in collector()
    changed = [
        replace(HELLO, text=HELLO.text + " "),
        replace(HELLO, seconds=9.0),
        replace(HELLO, size=9),
        replace(HELLO, name="hello2"),
        replace(HELLO, via=Via.SYSTEM_VM),
    ]
    versions = {assemble((HELLO, INSIDE)).version, *(assemble((one, INSIDE)).version for one in changed)}
    assert len(versions) == 6


def test_what_no_host_ever_sees_does_not_change_the_version() -> None:
    """A better help text needs no new installation anywhere."""
    assert assemble((replace(HELLO, why="better words", every=7),)).version == assemble((HELLO,)).version


def test_it_is_assembled_the_same_way_every_time() -> None:
    """The order is that of the catalogue."""
    assert assemble(ALL) == assemble(ALL)
    assert script() is script()


@pytest.mark.parametrize("text", ["", "plain", "it's", "'", "''", '$x `y` "z" \\', "a\nb", "é\t"])
def test_quoted_is_one_word_of_the_shell(text: str) -> None:
    """Once, and once more for the script inside."""
    for word in (quoted(text), f"'{quoted(text)[1:-1]}'"):
        done = subprocess.run(["sh"], input=f"printf %s {word}".encode(), capture_output=True, check=True)
        assert done.stdout.decode() == text
    twice = quoted(f"printf %s {quoted(text)}")
    done = subprocess.run(["sh"], input=f"eval {twice}".encode(), capture_output=True, check=True)
    assert done.stdout.decode() == text


def sent() -> list[Question[object]]:
    """Return the questions of the catalogue that travel by SSH."""
    return [question for question in catalogue() if question.via in {Via.HOST, Via.SYSTEM_VM}]


def test_every_question_of_the_catalogue_is_known_where_it_is_asked() -> None:
    """On the host, or inside, and there only."""
    outside, _, inside = collector().partition("\nINSIDE='")
    for question in sent():
        place, other = (
            (outside, inside) if question.via is Via.HOST else (inside, outside.partition("question_inside")[0])
        )
        assert f"        {question.name}) seconds=" in place
        assert f"        {question.name}) seconds=" not in other


def test_names_and_texts_fit_what_carries_them() -> None:
    """Names are words of the collector; a text, and all of them for the inside, fit one variable."""
    for question in sent():
        assert QUESTION.fullmatch(question.name)
        assert len(question.text.encode()) < LARGEST_VARIABLE
        assert question.seconds >= 1
        assert 1 <= question.size <= LARGEST_ANSWER
    assert len(collector().encode()) < LARGEST_VARIABLE


def test_what_a_machine_is_asked_ends_in_time_even_if_all_of_it_hangs() -> None:
    """One after the other, so the limits together stay below the deadline of a visit; inside, the frame sees to it."""
    for target, questions in plan(discover()).items():
        needed = sum(math.ceil(question.seconds) for question in questions if question.via is Via.HOST)
        assert needed + RESERVE <= Intervals().deadline, target


def test_nothing_is_asked_that_touches_every_mount() -> None:
    """A dead NFS server blocks whoever touches its mount, beyond any signal."""
    for question in sent():
        words = re.findall(r"[\w./-]+", question.text)
        assert not {"df", "umount", "lsof", "fuser", "sync"} & set(words), question.name
