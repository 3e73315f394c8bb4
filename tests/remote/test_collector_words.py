"""The words of a call: what is not of a closed type is refused, and nothing is run."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from exporter.model import Reason
from exporter.sources.sections import read_sections
from tests.collector_shells import NONCE, SCRIPT, Collector

INJECTIONS = [
    "hello;id",
    "hello:$(id)",
    "hello:`id`",
    "hello:1\nid",
    "hello:1\n@@ 0123456789abcdef done",
    "hello:*",
    "hello:?",
    "hello:[a-z]",
    "hello:~root",
    "hello:$HOME",
    "hello:a b",
    "hello:a|b",
    "hello:a&b",
    "hello:a>b",
    "hello:'a'",
    'hello:"a"',
    "hello:\\a",
    "hello:é",
    "hello:\u2028",
    "hello:-rf",
    "hello:..",
    "hello:../etc/passwd",
    "hello:/etc/passwd",
    "hello:.hidden",
    "hello:a_b",
    "hello:" + "a" * 64,
    "hello:" + "1" * 11,
    "hello:256.1.1.1",
    "hello:1.2.3",
    "hello:1.2.3.4.5",
    "hello:01.2.3.4",
    "hello:1..2.3",
    "hello:1.2.3.4@",
    "hello:1.2.3.4@0",
    "hello:1.2.3.4@65536",
    "hello:1.2.3.4@80@80",
    "hello:na_me@80",
    "hello:1.2.3.4@a",
    "hello:",
    "hello:,",
    "hello:1,",
    "hello:,1",
    "hello:1,,2",
    "nobody_knows_me",
    "inside",
    "HELLO",
    "*",
    "",
]


@pytest.mark.parametrize("word", INJECTIONS)
def test_a_word_of_no_known_type_is_refused_and_nothing_is_run(shell: Collector, word: str) -> None:
    """Not even the questions before it are asked."""
    code, output = shell.run(SCRIPT.version, NONCE, "host", "hello", word)
    assert code == 2
    assert output.startswith(f"\n@@ {NONCE} refused ".encode())
    assert b"begin" not in output
    assert output.count(b"\n") == 2


@pytest.mark.parametrize("word", [word for word in INJECTIONS if word not in {"", "hello:a b"}])
def test_the_same_words_are_refused_under_a_forced_command(dash: Collector, word: str, tmp_path: Path) -> None:
    """Words that come as one text are split without globbing and checked like any others.

    In a text an empty word does not exist, and a blank parts two words; so these are left out.
    """
    code, output = _forced(dash, f"collect {SCRIPT.version} {NONCE} host hello {word}", tmp_path)
    assert code == 2
    assert b" refused " in output
    assert b"begin" not in output


def _forced(collector_: Collector, command: str, place: Path) -> tuple[int, bytes]:
    """Return exit code and output of the installed wrapper under a forced command."""
    wrapper = place / "collect"
    wrapper.write_text(collector_.text)
    wrapper.chmod(0o755)
    process = subprocess.Popen(
        [*collector_.shell, str(wrapper)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"SSH_ORIGINAL_COMMAND": command},
        start_new_session=True,
    )
    collector_.started.append(process)
    assert process.stdout is not None
    output = process.stdout.read()
    return process.wait(20), output


def test_under_a_forced_command_the_words_come_in_the_environment(shell: Collector, tmp_path: Path) -> None:
    """The same words give the same answer."""
    code, output = _forced(shell, f"collect {SCRIPT.version} {NONCE} host hello:7 exact", tmp_path)
    found = read_sections(output, NONCE, {"hello": 65536, "exact": 10})
    assert code == 0
    assert found.sections["hello"].text.startswith("1:7\n")
    assert found.sections["exact"].text == "0123456789"


@pytest.mark.parametrize(
    "command",
    ["", "id", "collectx", "sh -c id", "scp -f /etc/shadow", "internal-sftp", "collect", "collect " + "a" * 40000],
)
def test_another_command_is_refused(dash: Collector, command: str, tmp_path: Path) -> None:
    """A key that may start the wrapper can start nothing else."""
    code, output = _forced(dash, command, tmp_path)
    assert code in (2, 3)
    assert b"begin" not in output
    assert b"uid=" not in output


@pytest.mark.parametrize(
    "nonce", ["", "0123456789abcde", "0123456789abcdef0", "0123456789abcdeg", "0123456789ABCDEF", "*"]
)
def test_a_nonce_that_is_none_is_refused(shell: Collector, nonce: str) -> None:
    """The nonce is 16 hex digits, or nothing is run."""
    code, output = shell.run(SCRIPT.version, nonce, "host", "hello")
    assert code == 2
    assert b"begin" not in output


@pytest.mark.parametrize("version", ["000000000000", "", SCRIPT.version[:-1], SCRIPT.version + "0"])
def test_another_version_is_a_reason_not_a_guess(dash: Collector, version: str) -> None:
    """It tells its own version and runs nothing."""
    code, output = dash.run(version, NONCE, "host", "hello")
    assert code in (2, 3)
    assert b"begin" not in output
    if version:
        found = read_sections(output, NONCE, {"hello": 10})
        assert found.failure is not None
        assert found.failure.reason is Reason.WRAPPER
        assert SCRIPT.version in found.failure.detail


@pytest.mark.parametrize(
    "words",
    [
        (),
        (SCRIPT.version,),
        (SCRIPT.version, NONCE),
        (SCRIPT.version, NONCE, "elsewhere", "hello"),
        (SCRIPT.version, NONCE, "hop"),
        (SCRIPT.version, NONCE, "hop", "r-4-VM"),
        (SCRIPT.version, NONCE, "hop", "r-4-VM", "127.0.0.9", "modern"),
        (SCRIPT.version, NONCE, "hop", "r-4-VM", "127.0.0.9", "newest", "5"),
        (SCRIPT.version, NONCE, "hop", "r-4-VM", "127.0.0.9", "modern", "0"),
        (SCRIPT.version, NONCE, "hop", "r-4-VM", "127.0.0.9", "modern", "601"),
        (SCRIPT.version, NONCE, "hop", "r-4-VM", "127.0.0.9", "modern", "1e1"),
        (SCRIPT.version, NONCE, "hop", "r-4-VM", "r-4-VM", "modern", "5"),
        (SCRIPT.version, NONCE, "hop", "r-4-VM", "127.0.0.9@99999", "modern", "5"),
        (SCRIPT.version, NONCE, "hop", "-oProxyCommand", "127.0.0.9", "modern", "5"),
        (SCRIPT.version, NONCE, "hop", "r-4-VM", "127.0.0.9", "modern", "5", "hello"),
        (SCRIPT.version, NONCE, "hop", "r-4-VM", "127.0.0.9", "modern", "5", "inside:$(id)"),
    ],
)
def test_a_call_of_another_form_is_refused(shell: Collector, words: tuple[str, ...]) -> None:
    """Missing, unknown and out-of-range words end the call before anything is run."""
    code, output = shell.run(*words)
    assert code in (2, 3)
    assert b"refused" in output or b"version" in output
    assert b"begin" not in output
