"""Untaken DHCP offers: the reader, and the true text over logs of real servers."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.model import UnreadableError
from exporter.questions.router_dhcp import ROUTER_DHCP_OFFERS, UntakenOffers, read_router_dhcp_offers
from tests.questions.real_dhcp import ADDRESS, MAC, play
from tests.real_parts import require, require_root
from tests.remote_texts import Machine, sample, shells

LOG = "/var/log/dnsmasq.log"
WORDS = st.sampled_from(["log", "1", "0", "70", "eth0", MAC, ADDRESS, "999.1.1.1", "-1", "x", "\n", "\nlog 4 2\n"])
GUEST = f"eth0 {MAC} {ADDRESS}"
ASKED = f"DHCPDISCOVER(eth0) {MAC} ", f"DHCPOFFER(eth0) {ADDRESS} {MAC} "
ACK = f"DHCPACK(eth0) {ADDRESS} {MAC} web01"


def left(offers: int) -> tuple[UntakenOffers, ...]:
    """Return what is read of the guest."""
    return (UntakenOffers("eth0", MAC, ADDRESS, offers),)


def lines(*words: str) -> str:
    """Return lines of a log, as the samples have them."""
    return "".join(f"Nov 21 06:34:02 dnsmasq-dhcp[727]: {word}\n" for word in words)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Return a router without files of its own."""
    return Machine.at(tmp_path)


@pytest.fixture(params=shells())
def shell(request: pytest.FixtureRequest) -> str:
    """Return each shell in turn."""
    return str(request.param)


@given(
    text=st.text() | st.lists(WORDS).map(" ".join) | st.lists(WORDS).map(lambda found: "log 9 9\n" + " ".join(found))
)
def test_garbage_is_unreadable(text: str) -> None:
    """Whatever comes back is offers to MACs, or UnreadableError."""
    try:
        found = read_router_dhcp_offers(text)
    except UnreadableError:
        return
    assert text.startswith("log ")
    assert all(one.offers > 0 and len(one.mac) == 17 and one.address.count(".") == 3 for one in found)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "log",
        "log 9 0",
        "log 9 9\neth0",
        f"log 9 9\n{GUEST}",
        f"log 9 9\n{GUEST} 0",
        f"log 9 9\n{GUEST} 2\n{GUEST} 3",
        f"log 9 9\neth0 {MAC} 10.1.1.999 2",
        f"{GUEST} 2",
    ],
)
def test_what_is_no_answer(text: str) -> None:
    """No head, lines none of which is dnsmasq's, half a row, no offer at all, the same guest twice, no address."""
    with pytest.raises(UnreadableError):
        read_router_dhcp_offers(text)


def test_a_healthy_log(machine: Machine, shell: str) -> None:
    """Every guest was acknowledged, and a MAC that the router does not know got no offer."""
    machine.file(LOG, sample("router", "dnsmasq.log"))
    assert machine.read(ROUTER_DHCP_OFFERS, shell=shell) == ()


def test_a_log_beside_a_second_server(machine: Machine, shell: str) -> None:
    """Two offers were left since the last acknowledgement."""
    machine.file(LOG, sample("router", "dnsmasq.log.second-server"))
    assert machine.read(ROUTER_DHCP_OFFERS, shell=shell) == left(2)


@pytest.mark.parametrize(
    ("words", "offers"),
    [
        ((*ASKED, *ASKED, ACK), 0),
        ((*ASKED, ACK, *ASKED), 1),
        ((*ASKED, f"DHCPREQUEST(eth0) 10.1.1.102 {MAC} ", f"DHCPNAK(eth0) 10.1.1.102 {MAC} lease not found"), 1),
        ((*ASKED, f"DHCPACK(eth0) 10.1.1.102 {MAC}"), 1),
        ((*ASKED, f"DHCPRELEASE(eth0) {ADDRESS} {MAC}"), 0),
        ((*ASKED, f"DHCPACK(eth0) {ADDRESS} 02:00:00:00:00:77 db01"), 1),
        (tuple(f"2336324981 {word}" for word in (*ASKED, *ASKED)), 2),
        ((f"DHCPOFFER(eth0) {ADDRESS} {MAC.upper()}",), 1),
        ((*ASKED, f"DHCPACK(eth0) 10.1.1.11 02:00:00:00:00:11 {ACK}"), 1),
        ((f"DHCPOFFER(eth0) {ADDRESS} 02:00", "DHCPOFFER(eth0)", "no address available"), 0),
    ],
)
def test_what_takes_an_offer(machine: Machine, shell: str, words: tuple[str, ...], offers: int) -> None:
    """Constructed: only an acknowledgement of this address to this MAC does, or its release; no name does."""
    machine.file(LOG, lines(*words))
    assert machine.read(ROUTER_DHCP_OFFERS, shell=shell) == (left(offers) if offers else ())


def test_an_empty_log(machine: Machine, shell: str) -> None:
    """It was just rotated: nobody has asked."""
    machine.file(LOG)
    assert machine.read(ROUTER_DHCP_OFFERS, shell=shell) == ()


def test_no_log_and_a_log_of_another_program(machine: Machine, shell: str) -> None:
    """Nothing is known: the reason says so, and zero is not told."""
    assert machine.ask(ROUTER_DHCP_OFFERS, shell=shell) == (127, "no log of the DHCP server\n")
    machine.file(LOG, "Nov 21 06:34:02 r-4-VM systemd[1]: Started.\n" * 3)
    code, output = machine.ask(ROUTER_DHCP_OFFERS, shell=shell)
    assert code == 0
    with pytest.raises(UnreadableError):
        ROUTER_DHCP_OFFERS.read(output)


def test_only_the_end_of_a_long_log(machine: Machine, shell: str) -> None:
    """What is older than a quarter of a megabyte is not read, and half a line is none."""
    machine.file(LOG, lines(*ASKED * 3) + lines("read /etc/dhcphosts.txt") * 9000 + lines(*ASKED))
    assert machine.read(ROUTER_DHCP_OFFERS, shell=shell) == left(1)


@pytest.mark.parametrize(
    ("script", "offers"),
    [
        ("start_router; ask; logged ACK", 0),
        ("start_router; start_stranger; beaten 02:00:00:00:00:91; beaten 02:00:00:00:00:92", 2),
        ("start_router; ask; start_stranger; beaten 02:00:00:00:00:91", 1),
        ("start_router; start_stranger; beaten 02:00:00:00:00:91; kill $(cat stranger.pid); ask; logged ACK", 0),
        ("deaf; start_router; ask", 2),
        ("start_router --log-dhcp; deaf; ask", 2),
        ("start_router; ask; say 3 32040a01010a; logged ACK 2", 0),
        ("start_router; ask; start_stranger; beaten 02:00:00:00:00:91; say 3 32040a01010a; logged ACK 2", 0),
        ("start_router --dhcp-rapid-commit; say 1 5000; logged ACK", 0),
    ],
    ids=["alone", "beaten", "then-beaten", "later-acked", "deaf", "deaf-verbose", "reboot", "beaten-reboot", "rapid"],
)
def test_real_servers_and_a_real_guest(tmp_path: Path, script: str, offers: int) -> None:
    """A guest that hears a second server first, or hears nobody, leaves offers; one that is acknowledged leaves none.

    Also one that remembers its address and asks for it at once (INIT-REBOOT), and one that takes it at once.
    """
    require("dnsmasq", "busybox", "ip", "unshare")
    require_root("namespaces need root")
    play(tmp_path / "play", script)
    machine = Machine.at(tmp_path)
    machine.file(LOG, (tmp_path / "play/router.log").read_text())
    assert machine.read(ROUTER_DHCP_OFFERS) == (left(offers) if offers else ())
