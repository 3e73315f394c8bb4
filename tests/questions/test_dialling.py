"""Whether places are reached: established connections that owe nothing, real dials, and what comes of them."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.model import UnreadableError
from exporter.questions.dialling import DIALLING, read_reach
from tests.real_parts import require

SS = "Recv-Q Send-Q Local Address:Port Peer Address:Port Process\n"


@pytest.fixture
def listener() -> Iterator[int]:
    """Yield the port of somebody who listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def closed() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def dialled(
    folder: Path, *places: str, ss: str | None = None, netstat: str = "", shell: str = "dash"
) -> dict[str, str]:
    """Return word by place; ``ss`` and ``netstat`` are what these tools print, None where there is no such tool."""
    for name, text in (("ss", ss), ("netstat", netstat)):
        tool = folder / name
        tool.write_text(f"#!/bin/sh\ncat <<'END'\n{text}END\n" if text is not None else "#!/bin/sh\nexit 127\n")
        tool.chmod(0o755)
    done = subprocess.run(
        [shell, "-c", DIALLING, "name", *places],
        env={"PATH": f"{folder}:/usr/bin:/bin", "LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    )
    assert done.stderr == ""
    return {place.word: str(reach) for place, reach in read_reach(done.stdout).items()}


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_what_listens_is_open_and_what_does_not_is_refused(
    tmp_path: Path, listener: int, closed: int, shell: str
) -> None:
    """Each place has its own word, in the order of nothing in particular."""
    require("bash")
    words = dialled(tmp_path, f"127.0.0.1@{listener}", f"127.0.0.1@{closed}", f"nosuch.invalid@{closed}", shell=shell)
    assert words == {
        f"127.0.0.1@{listener}": "open",
        f"127.0.0.1@{closed}": "refused",
        f"nosuch.invalid@{closed}": "unresolved",
    }


@pytest.mark.parametrize(
    ("ss", "netstat"),
    [
        (SS + "0      0      10.0.0.9:872   127.0.0.1:{0}  \n", ""),
        (SS + "0      0      [::ffff:10.0.0.9]:872   [::ffff:127.0.0.1]:{0}  \n", ""),
        ("State  " + SS + "ESTAB 0      0      10.0.0.9:872   127.0.0.1:{0}  \n", ""),
        (None, "Proto Recv-Q Send-Q Local\ntcp        0      0 10.0.0.9:872   127.0.0.1:{0}   ESTABLISHED\n"),
    ],
)
def test_a_connection_that_stands_is_proof(tmp_path: Path, closed: int, ss: str | None, netstat: str) -> None:
    """Nothing is dialled: nobody listens there, and yet it is not refused."""
    words = dialled(tmp_path, f"127.0.0.1@{closed}", ss=ss and ss.format(closed), netstat=netstat.format(closed))
    assert words == {f"127.0.0.1@{closed}": "established"}


@pytest.mark.parametrize(
    "line",
    [
        "0      312    10.0.0.9:872   127.0.0.1:{0}  \n",  # as of an NFS server that was cut off (samples)
        "0      0      127.0.0.1:{0}   10.0.0.9:872  \n",  # somebody came from that port
        "0      0      10.0.0.9:872   127.0.0.1:1{0}  \n",
        "0      0      10.0.0.9:872   1127.0.0.1:{0}  \n",
    ],
)
def test_a_connection_that_owes_an_answer_or_leads_elsewhere_is_none(tmp_path: Path, closed: int, line: str) -> None:
    """Of a server that has gone the connection stands for a quarter of an hour."""
    assert dialled(tmp_path, f"127.0.0.1@{closed}", ss=SS + line.format(closed)) == {f"127.0.0.1@{closed}": "refused"}


def test_a_socket_that_waits_in_netstat_is_no_connection(tmp_path: Path, closed: int) -> None:
    """netstat prints all states."""
    line = f"tcp        0      0 10.0.0.9:872   127.0.0.1:{closed}   TIME_WAIT\n"
    assert dialled(tmp_path, f"127.0.0.1@{closed}", netstat=line) == {f"127.0.0.1@{closed}": "refused"}


def test_silence_is_a_timeout_and_costs_the_others_nothing(tmp_path: Path, listener: int) -> None:
    """A listener whose queue is full drops what comes; the one behind it in the list was dialled at the same time."""
    with socket.socket() as full:
        full.bind(("127.0.0.2", 0))
        full.listen(0)
        port = full.getsockname()[1]
        held = [socket.socket() for _ in range(4)]
        try:
            for one in held:
                one.setblocking(False)
                one.connect_ex(("127.0.0.2", port))
            words = dialled(tmp_path, f"127.0.0.2@{port}", f"127.0.0.1@{listener}")
        finally:
            for one in held:
                one.close()
    assert words == {f"127.0.0.2@{port}": "timeout", f"127.0.0.1@{listener}": "open"}


def test_no_place_is_an_answer() -> None:
    """A machine that has nowhere to go."""
    assert read_reach("") == {}


@pytest.mark.parametrize(
    "text",
    [
        "10.0.0.1@2049",
        "10.0.0.1@2049 Open",
        "10.0.0.1 open",
        "10.0.0.1@2049 open\n10.0.0.1@2049 open",
        "a b@1 open",
        "bash: line 3: nothing",
    ],
)
def test_what_is_not_an_outcome_is_unreadable(text: str) -> None:
    """Garbage never becomes a value."""
    with pytest.raises(UnreadableError):
        read_reach(text)


@given(
    st.text() | st.lists(st.from_regex(r"[a-c]{1,2}@[1-9]{1,2} (open|refused|opened)", fullmatch=True)).map("\n".join)
)
def test_whatever_comes_is_read_or_refused(text: str) -> None:
    """No other exception."""
    try:
        read = read_reach(text)
    except UnreadableError:
        return
    assert "".join(f"{place.word} {word}\n" for place, word in read.items()).split() == text.split()
