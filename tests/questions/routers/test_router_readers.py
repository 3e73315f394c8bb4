"""Readers of what routers say of themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.model import UnreadableError
from exporter.questions.routers.firewall import read_firewall
from exporter.questions.routers.sockets import ANY, Socket, read_processes, read_sockets
from exporter.questions.routers.state import ConfiguredAddress, Role, read_addresses, read_identity, read_role
from tests.remote_texts import sample

READERS: tuple[Callable[[str], Any], ...] = (
    read_identity,
    read_role,
    read_addresses,
    read_processes,
    read_sockets,
    read_firewall,
)
KNOWN = """LISTEN UNCONN tcp 0 10.1.1.1:8080 [::]:53 *:x Status: PRIMARY 1: eth0 inet 10.1.1.1/24 999.1.1.1/99
uptime 1.5 script -A INPUT :INPUT DROP -s -j ACCEPT -p --dport 8080 99999999999 ' \u0663 policy type filter hook"""
CHAINS = ("\n", "type filter hook input priority filter; policy drop;\n", ":INPUT DROP [0:0]\n-A INPUT ")
WORDS = st.sampled_from([*KNOWN.split(), *CHAINS])


@pytest.mark.parametrize("read", READERS)
@given(text=st.text() | st.lists(WORDS).map(" ".join))
def test_garbage_is_unreadable(read: Callable[[str], Any], text: str) -> None:
    """Whatever comes back, a reader returns a value or raises UnreadableError, never anything else."""
    try:
        read(text)
    except UnreadableError:
        return


@pytest.mark.parametrize("read", [read_identity, read_role, read_addresses, read_sockets, read_firewall])
def test_an_empty_answer_is_unreadable(read: Callable[[str], Any]) -> None:
    """Of these, every router that answers at all has something to say."""
    with pytest.raises(UnreadableError):
        read("")


def test_no_known_process_is_an_answer() -> None:
    """A process list without services is the fact that none of them runs."""
    assert read_processes("") == ()


@pytest.mark.parametrize("text", ["uptime", "uptime x", "hello 1\nuptime 1", "uptime 1e3"])
def test_identity_that_is_unreadable(text: str) -> None:
    """Words that we did not print and an uptime that is no number are unreadable."""
    with pytest.raises(UnreadableError):
        read_identity(text)


@pytest.mark.parametrize("text", ["Status: ", "Status: QUEEN", "PRIMARY", "not redundant at all"])
def test_role_that_is_unreadable(text: str) -> None:
    """Only the four words of checkrouter.sh are roles."""
    with pytest.raises(UnreadableError):
        read_role(text)


@pytest.mark.parametrize(("role", "serves"), [(role, role in (Role.ALONE, Role.PRIMARY)) for role in Role])
def test_who_serves(role: Role, serves: bool) -> None:
    """A lone router and a primary serve the shared address, the others do not."""
    assert role.is_serving is serves


def test_addresses_with_labels_and_peers() -> None:
    """Virtual gateways, other ends of tunnels and interfaces of VLANs are read."""
    text = (
        "1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever\n"
        "2: eth2    inet 10.1.1.1/24 brd 10.1.1.255 scope global secondary eth2\\       valid_lft forever\n"
        "3: eth3.5@eth3    inet 10.9.0.1/24 scope global eth3.5\\       valid_lft forever\n"
        "9: ppp0    inet 10.8.0.1 peer 10.8.0.2/32 scope global ppp0\\       valid_lft forever\n"
    )
    assert read_addresses(text) == (
        ConfiguredAddress("lo", "127.0.0.1", 8),
        ConfiguredAddress("eth2", "10.1.1.1", 24),
        ConfiguredAddress("eth3.5", "10.9.0.1", 24),
        ConfiguredAddress("ppp0", "10.8.0.1", 32),
    )


def test_sockets_of_a_real_router() -> None:
    """The recorded lists of ss: the password server, apache2 once although it has three processes, DHCP on any."""
    found = read_sockets(sample("router", "ss-tcp") + sample("router", "ss-udp"))
    assert Socket("tcp", "10.1.1.1", 8080, ("python",)) in found
    assert Socket("tcp", "10.1.1.1", 80, ("apache2",)) in found
    assert Socket("udp", ANY, 67, ("dnsmasq",)) in found
    assert len(found) == 12


def test_sockets_of_old_tools() -> None:
    """Headings, users without pid=, interfaces behind % and netstat's columns are understood."""
    ss = (
        "State      Recv-Q Send-Q     Local Address:Port       Peer Address:Port \n"
        'LISTEN     0      5               10.1.1.1:8080                  *:*      users:(("socat",2081,6))\n'
        'LISTEN     0      5             *%eth0:8080                      *:*      users:(("socat",2082,6))\n'
        "LISTEN     0      128                 [::]:3922               [::]:*\n"
    )
    assert read_sockets(ss) == (
        Socket("tcp", "10.1.1.1", 8080, ("socat",)),
        Socket("tcp", ANY, 8080, ("socat",)),
        Socket("tcp", ANY, 3922),
    )
    netstat = (
        "Active Internet connections (only servers)\n"
        "Proto Recv-Q Send-Q Local Address           Foreign Address         State       PID/Program name\n"
        "tcp        0      0 10.1.1.1:8080           0.0.0.0:*               LISTEN      2081/socat\n"
        "tcp6       0      0 :::3922                 :::*                    LISTEN      300/sshd: /usr/sbin\n"
        "udp        0      0 0.0.0.0:67              0.0.0.0:*                           1093/dnsmasq\n"
    )
    assert read_sockets(netstat) == (
        Socket("tcp", "10.1.1.1", 8080, ("socat",)),
        Socket("tcp", ANY, 3922, ("sshd:",)),
        Socket("udp", ANY, 67, ("dnsmasq",)),
    )


def test_a_socket_listens_at_its_address_only() -> None:
    """A socket on every address covers each; another port or address does not."""
    assert Socket("tcp", ANY, 8080).listens_at("10.1.1.1", 8080)
    assert Socket("tcp", "10.1.1.1", 8080).listens_at("10.1.1.1", 8080)
    assert not Socket("tcp", "10.1.2.1", 8080).listens_at("10.1.1.1", 8080)
    assert not Socket("tcp", ANY, 80).listens_at("10.1.1.1", 8080)


@pytest.mark.parametrize(
    "text", ["LISTEN 0 5 nowhere x", "ESTAB 0 0 10.1.1.1:1 10.1.1.2:2", "LISTEN 0 5 10.1.1.1:http *:*"]
)
def test_sockets_that_are_unreadable(text: str) -> None:
    """Other states and names for ports are not what we asked for."""
    with pytest.raises(UnreadableError):
        read_sockets(text)
