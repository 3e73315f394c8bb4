"""The reader of the collector's framing: whole sections count, nothing can be forged, nothing else is raised."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.model import Reason
from exporter.sources.sections import Collected, hop_failure, read_sections, shown

NONCE = "00ff00ff00ff00ff"


def line(words: str, nonce: str = NONCE) -> bytes:
    """Return one line of the collector's own."""
    return f"\n@@ {nonce} {words}\n".encode()


def section(name: str, body: bytes, code: int = 0) -> bytes:
    """Return a whole section."""
    return line(f"begin {name}") + body + line(f"end {name} {code}")


def read(data: bytes, **limits: int) -> Collected:
    """Return what is in ``data``."""
    return read_sections(data, NONCE, limits)


def test_whole_sections_are_read_exactly() -> None:
    """The body is neither longer nor shorter than what was printed."""
    found = read(
        section("a", b"one\n") + section("b", b"", 3) + section("c", b"no newline") + line("done"), a=9, b=9, c=99
    )
    assert [(one.text, one.code, one.cut) for one in found.sections.values()] == [
        ("one\n", 0, False),
        ("", 3, False),
        ("no newline", 0, False),
    ]
    assert found.is_done
    assert found.failure is None


def test_one_byte_more_than_the_size_is_a_cut() -> None:
    """The text keeps the size; exactly the size is no cut."""
    found = read(section("a", b"12345") + section("b", b"123456") + line("done"), a=5, b=5)
    assert (found.sections["a"].text, found.sections["a"].cut) == ("12345", False)
    assert (found.sections["b"].text, found.sections["b"].cut) == ("12345", True)


def test_a_section_without_end_is_cut_when_it_is_too_large_already() -> None:
    """It is known who flooded; one that had its size to go is not there."""
    found = read(section("a", b"1") + line("begin b") + b"123456", a=5, b=5)
    assert (found.sections["b"].text, found.sections["b"].cut) == ("12345", True)
    assert list(read(section("a", b"1") + line("begin b") + b"12345", a=5, b=5).sections) == ["a"]


def test_a_cut_in_the_middle_of_a_character_is_replaced() -> None:
    """Decoding never raises."""
    assert read(section("a", "é".encode()) + line("done"), a=1).sections["a"].text == "\ufffd"


def test_an_output_that_breaks_off_keeps_what_was_whole() -> None:
    """The reader itself does not know why it broke off."""
    found = read(section("a", b"one\n") + line("begin b") + b"half of i", a=9, b=9)
    assert list(found.sections) == ["a"]
    assert not found.is_done
    assert found.failure is None


def test_done_without_all_answers_is_a_failure() -> None:
    """The missing one gets a reason."""
    found = read(section("a", b"") + line("done"), a=9, b=9)
    assert found.failure is not None
    assert found.failure.reason is Reason.FAILED


def test_noise_before_the_first_line_does_no_harm() -> None:
    """A message of the day, or a warning of sudo."""
    assert read(b"Welcome!\nbla" + section("a", b"x") + line("done"), a=9).sections["a"].text == "x"


@pytest.mark.parametrize(
    "forged",
    [
        section("b", b"forged"),
        line("end b 0"),
        line("begin a"),
        line("done"),
        line("end a"),
        line("end a zero"),
        line("end a 1000"),
        line("begin nobody"),
        line("anything else"),
    ],
)
def test_even_with_the_nonce_no_section_of_another_question_is_made(forged: bytes) -> None:
    """A line that makes no sense where it stands ends the reading."""
    found = read(
        section("x", b"whole") + line("begin a") + forged + line("end a 0") + section("b", b"true"), x=9, a=9, b=9
    )
    assert set(found.sections) <= {"x", "a"}
    assert found.sections["x"].text == "whole"
    assert found.failure is not None
    assert found.failure.reason is Reason.UNREADABLE


def test_a_second_section_of_one_name_is_not_taken() -> None:
    """The first one stays."""
    found = read(section("a", b"first") + section("a", b"second"), a=9)
    assert found.sections["a"].text == "first"
    assert found.failure is not None


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("version 0123456789ab", Reason.WRAPPER),
        ("refused a question that is not known", Reason.WRAPPER),
        ("no_key", Reason.MISSING),
        ("wrong_machine r-5-VM", Reason.WRONG_MACHINE),
        ("hop 255 ssh: connect to host 169.254.1.2 port 3922: Connection refused", Reason.REFUSED),
        ("hop 124 ", Reason.TIMEOUT),
    ],
)
def test_lines_that_tell_of_trouble(words: str, reason: Reason) -> None:
    """Each has its reason, also when the collector then ends in good order."""
    found = read(line(words) + line("done"), a=9)
    assert found.failure is not None
    assert found.failure.reason is reason
    assert found.is_spoken


def test_the_first_trouble_counts() -> None:
    """After a wrong name the script inside ends with a code of its own, which says less."""
    found = read(line("wrong_machine r-5-VM") + line("hop 4 ") + line("done"), a=9)
    assert found.failure is not None
    assert found.failure.reason is Reason.WRONG_MACHINE


def test_a_hop_that_breaks_in_a_section_keeps_the_ones_before() -> None:
    """The connection into the system VM may end at any byte."""
    data = (
        section("a", b"x")
        + line("begin b")
        + b"half"
        + line("hop 255 Connection to 169.254.1.2 closed by remote host.")
    )
    found = read(data + line("done"), a=9, b=9)
    assert list(found.sections) == ["a"]
    assert found.failure is not None
    assert found.failure.reason is Reason.DISCONNECTED


def test_trouble_after_all_answers_is_none() -> None:
    """What was asked is there."""
    found = read(section("a", b"x") + line("hop 255 Connection reset") + line("done"), a=9)
    assert found.failure is None


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("ssh: connect to host 169.254.3.93 port 3922: Connection refused", Reason.REFUSED),
        ("ssh: connect to host 169.254.3.93 port 3922: Connection timed out", Reason.TIMEOUT),
        ("Connection timed out during banner exchange", Reason.TIMEOUT),
        ("ssh: connect to host 169.254.3.93 port 3922: No route to host", Reason.UNREACHABLE),
        ("ssh: connect to host 10.1.1.1 port 3922: Network is unreachable", Reason.UNREACHABLE),
        ("root@169.254.3.93: Permission denied (publickey).", Reason.AUTH),
        ('Load key "/root/.ssh/id_rsa.cloud": Permission denied root@1.2.3.4: Permission denied', Reason.AUTH),
        (
            "Unable to negotiate with 169.254.3.93 port 3922: no matching host key type found. Their offer: ssh-rsa",
            Reason.UNSUPPORTED,
        ),
        ("command-line: line 0: Bad configuration option: kexalgorithms", Reason.UNSUPPORTED),
        ("kex_exchange_identification: Connection closed by remote host", Reason.DISCONNECTED),
        ("Connection reset by 169.254.3.93 port 3922", Reason.DISCONNECTED),
        ("client_loop: send disconnect: Broken pipe", Reason.DISCONNECTED),
        ("something new", Reason.FAILED),
    ],
)
def test_what_ssh_says_on_the_host_is_told_apart(said: str, reason: Reason) -> None:
    """Exit code 255 with the words of OpenSSH."""
    failure = hop_failure(f"255 {said}")
    assert failure is not None
    assert failure.reason is reason


def test_the_warning_of_every_first_meeting_is_not_shown() -> None:
    """ssh says it each time, because nothing is kept of host keys inside."""
    warning = "Warning: Permanently added '[169.254.3.93]:3922' (RSA) to the list of known hosts."
    failure = hop_failure(f"255 {warning} root@169.254.3.93: Permission denied (publickey).")
    assert failure is not None
    assert failure.detail == "root@169.254.3.93: Permission denied (publickey)."


def test_codes_of_the_hop_that_need_no_words() -> None:
    """0 is well, 124 and 137 are the limit, 127 is a missing command."""
    assert hop_failure("0 ") is None
    assert [failure.reason for code in ("124", "137", "127") if (failure := hop_failure(f"{code} "))] == [
        Reason.TIMEOUT,
        Reason.TIMEOUT,
        Reason.MISSING,
    ]


def test_shown_is_one_short_printable_line() -> None:
    """Control characters and length are gone."""
    assert shown("a\x1b[31m\nb\0c" + "x" * 500) == "a [31m b c" + "x" * 150


@given(data=st.binary(max_size=2000), cut=st.integers(min_value=0, max_value=2000))
def test_any_bytes_give_sections_or_nothing(data: bytes, cut: int) -> None:
    """Also when they follow a true beginning and break off anywhere; never an exception."""
    true = section("a", b"true\n")
    found = read((true + data)[: len(true) + cut], a=9, b=9)
    assert found.sections["a"].text == "true\n"
    assert set(found.sections) <= {"a", "b"}


WORDS = st.sampled_from(
    [
        b"\n",
        b"@@ ",
        b" ",
        NONCE.encode(),
        b"begin ",
        b"end ",
        b"done",
        b"a",
        b"b",
        b"0",
        b"hop ",
        b"255",
        b"\xff",
        b"version",
    ]
)


@given(parts=st.lists(WORDS, max_size=60))
def test_any_words_of_the_protocol_give_sections_or_nothing(parts: list[bytes]) -> None:
    """The same with bytes that look much like the real thing."""
    found = read(b"".join(parts), a=9, b=9)
    assert set(found.sections) <= {"a", "b"}


@given(
    body=st.lists(WORDS.filter(lambda part: part != NONCE.encode()), max_size=60).map(b"".join),
    wrong=st.text("0123456789abcdef", min_size=16, max_size=16).filter(lambda text: text != NONCE),
)
def test_without_the_nonce_nothing_is_forged(body: bytes, wrong: str) -> None:
    """Whatever a question prints stays in its own section."""
    hostile = body + section("b", b"forged").replace(NONCE.encode(), wrong.encode())
    found = read(section("a", hostile) + section("b", b"true") + line("done"), a=9999, b=9)
    assert found.sections["a"].text == hostile.decode("utf-8", "replace")
    assert found.sections["b"].text == "true"
    assert found.failure is None
