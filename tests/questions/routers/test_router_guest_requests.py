"""Who asked a router's web server: the reader, and the true text over real logs."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.model import UnreadableError
from exporter.questions.routers.guest_requests import ROUTER_GUEST_REQUESTS, GuestRequests, read_guest_requests
from tests.remote_texts import Machine, sample, shells

LOG = "/var/log/apache2/access.log"
HEAD = "log 9 20/Nov/2026:19:00:00 +0000\nnow 21/Nov/2026:19:00:00 +0000\n"
WORDS = st.sampled_from(["log", "now", "9", "-", "21/Nov/2026:19:00:00 +0000", "10.1.1.10", "999.1.1.1", "\n", HEAD])


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Return a router without files of its own."""
    return Machine.at(tmp_path)


@pytest.fixture(params=shells())
def shell(request: pytest.FixtureRequest) -> str:
    """Return each shell in turn."""
    return str(request.param)


def line(address: str, path: str = "/latest/meta-data/", time: str = "21/Nov/2026:06:36:23 +0000") -> str:
    """Return a line of the log as Apache writes it."""
    return f'{address} - - [{time}] "GET {path} HTTP/1.1" 200 12 "-" "Cloud-Init/22.4"\n'


@given(text=st.text() | st.lists(WORDS).map(" ".join) | st.lists(WORDS).map(lambda found: HEAD + "\n".join(found)))
def test_garbage_is_unreadable(text: str) -> None:
    """Whatever comes back is addresses, or UnreadableError."""
    try:
        found = read_guest_requests(text)
    except UnreadableError:
        return
    assert text.startswith("log ")
    assert all(address.count(".") == 3 for address in found.addresses)


@pytest.mark.parametrize("text", ["", "log 9 -", HEAD.replace("20/Nov/2026:19:00:00 +0000", "-"), f"{HEAD}10.1.1.999"])
def test_what_is_no_answer(text: str) -> None:
    """No head, lines without any time, no address."""
    with pytest.raises(UnreadableError):
        read_guest_requests(text)


def test_a_real_log(machine: Machine, shell: str) -> None:
    """Three guests and the router itself asked for their data; who only asked for / did not."""
    machine.file(LOG, sample("router", "apache-access.log") + line("10.1.1.50", "/") + line("::1"))
    found = machine.read(ROUTER_GUEST_REQUESTS, shell=shell)
    assert found.addresses == {"10.1.1.1", "10.1.1.10", "10.1.1.11", "10.1.1.99"}
    assert found.seconds is not None


def test_an_empty_log_and_none(machine: Machine, shell: str) -> None:
    """It was just rotated: nobody has asked, and nothing says since when. Without a log nothing is known."""
    assert machine.ask(ROUTER_GUEST_REQUESTS, shell=shell) == (127, "no log of the web server\n")
    machine.file(LOG)
    assert machine.read(ROUTER_GUEST_REQUESTS, shell=shell) == GuestRequests()


def test_one_line_counts_and_half_a_line_does_not(machine: Machine, shell: str) -> None:
    """A cut first line would name another address."""
    machine.file(LOG, line("10.1.1.10"))
    assert machine.read(ROUTER_GUEST_REQUESTS, shell=shell).addresses == {"10.1.1.10"}
    rest = "".join(line("10.1.1.20", "/favicon.ico") for _ in range(11_000))
    whole = line("110.1.1.10") + rest
    machine.file(LOG, whole + "#" * (1048576 - len(whole)) + "\n")
    assert machine.read(ROUTER_GUEST_REQUESTS, shell=shell).addresses == frozenset()


def test_what_was_rotated_still_counts(machine: Machine, shell: str) -> None:
    """Without a hole between the two logs."""
    machine.file(LOG + ".1", line("10.1.1.30", time="01/Nov/2026:06:36:23 +0000"))
    machine.file(LOG, line("10.1.1.10"))
    found = machine.read(ROUTER_GUEST_REQUESTS, shell=shell)
    assert found.addresses == {"10.1.1.10", "10.1.1.30"}
    machine.file(LOG, line("10.1.1.10") * 12_000)
    assert machine.read(ROUTER_GUEST_REQUESTS, shell=shell).addresses == {"10.1.1.10"}


def test_what_else_stands_there_stays_there(machine: Machine) -> None:
    """Paths, agents and names are the tenants' own."""
    machine.file(LOG, 'x secret [y] "GET /latest/user-data HTTP/1.1" 200\n' + line("10.1.1.10", "/latest/secret"))
    code, output = machine.ask(ROUTER_GUEST_REQUESTS)
    assert code == 0
    assert "secret" not in output
