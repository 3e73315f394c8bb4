"""What guests did with a router's DHCP server: the reader, and the true text over logs of real servers."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.model import UnreadableError
from exporter.questions.routers.dhcp import ROUTER_DHCP, DhcpGuest, DhcpLog, UntakenOffers, read_router_dhcp
from tests.questions.routers.real_dhcp import ADDRESS, MAC, play
from tests.real_parts import require, require_root
from tests.remote_texts import Machine, sample, shells

LOG = "/var/log/dnsmasq.log"
HOSTS = "/etc/dhcphosts.txt"
HEAD = "log 9 9 Nov 20 19:00:00\nnow 21/Nov/2026:19:00:00 +0000\nhosts 1\n"
WORDS = st.sampled_from(
    ["log", "guest", "offer", "1", "0", "70", "eth0", MAC, ADDRESS, "999.1.1.1", "-1", "x", "\n", f"\n{HEAD}"]
)
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


@given(text=st.text() | st.lists(WORDS).map(" ".join) | st.lists(WORDS).map(lambda found: HEAD + " ".join(found)))
def test_garbage_is_unreadable(text: str) -> None:
    """Whatever comes back is guests and offers to MACs, or UnreadableError."""
    try:
        found = read_router_dhcp(text)
    except UnreadableError:
        return
    assert text.startswith("log ")
    assert all(one.offers > 0 and len(one.mac) == 17 and one.address.count(".") == 3 for one in found.untaken)
    assert all(len(mac) == 17 for mac in found.guests)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "log",
        HEAD.replace("log 9 9", "log 9 0"),
        HEAD.replace("Nov 20", "Xyz 20"),
        HEAD.replace("21/Nov", "31/Feb"),
        HEAD.replace("21/Nov/2026", "01/Jan/0001").replace("+0000", "+9900"),
        HEAD.replace("hosts 1", "hosts"),
        f"{HEAD}offer eth0",
        f"{HEAD}offer {GUEST}",
        f"{HEAD}offer {GUEST} 0",
        f"{HEAD}offer {GUEST} 2\noffer {GUEST} 3",
        f"{HEAD}offer eth0 {MAC} 10.1.1.999 2",
        f"{HEAD}guest {MAC} 1 1 1 0",
        f"{HEAD}guest {MAC} 2 1 1 0 0",
        f"{HEAD}guest {MAC} 1 1 1 0 0\nguest {MAC} 1 1 1 0 0",
        f"offer {GUEST} 2",
    ],
)
def test_what_is_no_answer(text: str) -> None:
    """No head, lines none of which is dnsmasq's, no time, half a row, no offer at all, one twice, no address."""
    with pytest.raises(UnreadableError):
        read_router_dhcp(text)


def test_what_is_told() -> None:
    """How far the log goes back, whether the hosts are known, guests and offers."""
    guest = DhcpGuest(has_host=True, asked=2, acknowledged=1, ignored=0, has_id=True)
    assert read_router_dhcp(f"{HEAD}guest {MAC} 1 2 1 0 1\noffer {GUEST} 2\n") == DhcpLog(
        86400.0, knows_hosts=True, guests={MAC: guest}, untaken=left(2)
    )
    empty = HEAD.replace("9 9 Nov 20 19:00:00", "0 0 -").replace("hosts 1", "hosts 0")
    assert read_router_dhcp(empty) == DhcpLog()


def test_a_healthy_log(machine: Machine, shell: str) -> None:
    """Every guest was acknowledged, and a MAC that the router does not know got no offer."""
    machine.file(LOG, sample("router", "dnsmasq.log"))
    assert machine.read(ROUTER_DHCP, shell=shell).untaken == ()


def test_a_log_beside_a_second_server(machine: Machine, shell: str) -> None:
    """Two offers were left since the last acknowledgement."""
    machine.file(LOG, sample("router", "dnsmasq.log.second-server"))
    assert machine.read(ROUTER_DHCP, shell=shell).untaken == left(2)


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
    assert machine.read(ROUTER_DHCP, shell=shell).untaken == (left(offers) if offers else ())


def test_an_empty_log(machine: Machine, shell: str) -> None:
    """It was just rotated: nobody has asked."""
    machine.file(LOG)
    assert machine.read(ROUTER_DHCP, shell=shell).untaken == ()


def test_no_log_and_a_log_of_another_program(machine: Machine, shell: str) -> None:
    """Nothing is known: the reason says so, and zero is not told."""
    assert machine.ask(ROUTER_DHCP, shell=shell) == (127, "no log of the DHCP server\n")
    machine.file(LOG, "Nov 21 06:34:02 r-4-VM systemd[1]: Started.\n" * 3)
    code, output = machine.ask(ROUTER_DHCP, shell=shell)
    assert code == 0
    with pytest.raises(UnreadableError):
        ROUTER_DHCP.read(output)


def test_only_the_end_of_a_long_log(machine: Machine, shell: str) -> None:
    """What is older than a quarter of a megabyte is not read, and half a line is none."""
    machine.file(LOG, lines(*ASKED * 3) + lines("read /etc/dhcphosts.txt") * 9000 + lines(*ASKED))
    assert machine.read(ROUTER_DHCP, shell=shell).untaken == left(1)


def told(machine: Machine, shell: str = "dash") -> dict[str, DhcpGuest]:
    """Return the guests by the last two digits of their MAC."""
    return {mac[-2:]: one for mac, one in machine.read(ROUTER_DHCP, shell=shell).guests.items()}


def test_who_asked_and_was_answered(machine: Machine, shell: str) -> None:
    """Two guests asked more than once and were acknowledged; the list of hosts has one that never did."""
    machine.file(LOG, sample("router", "dnsmasq.log"))
    machine.file(
        HOSTS, f"{MAC},{ADDRESS},web01,infinite\n02:00:2C:6A:01:12,set:10_1_1_12,10.1.1.12,silent01,infinite\n"
    )
    found = told(machine, shell)
    assert found["10"] == DhcpGuest(has_host=True, asked=found["10"].asked, acknowledged=found["10"].acknowledged)
    assert found["10"].acknowledged >= 2
    assert found["10"].asked >= found["10"].acknowledged
    assert found["11"].acknowledged
    assert not found["11"].has_host
    assert found["12"] == DhcpGuest(has_host=True)
    assert found["99"].ignored == found["99"].asked > 0
    assert not found["99"].acknowledged


@pytest.mark.parametrize(
    ("words", "guest"),
    [
        (("DHCPDISCOVER(eth0) @ ",), DhcpGuest(asked=1)),
        (("DHCPDISCOVER(eth0) @ ignored",), DhcpGuest(asked=1, ignored=1)),
        (("DHCPDISCOVER(eth0) 10.1.1.77 @ ", "DHCPDISCOVER(eth0) 10.1.1.77 @ ignored"), DhcpGuest(asked=2, ignored=1)),
        (("DHCPDISCOVER(eth0) @ no address available",), DhcpGuest(asked=1)),
        (("DHCPREQUEST(eth0) 10.1.1.10 @ ", "DHCPACK(eth0) 10.1.1.10 @ ignored"), DhcpGuest(asked=1, acknowledged=1)),
        (("DHCPINFORM(eth0) 10.1.1.10 @",), DhcpGuest(asked=1)),
        (("DHCPDECLINE(eth0) 10.1.1.10 @",), DhcpGuest(asked=1)),
        (("DHCPACK(eth0) 10.1.1.10 02:00:00:00:00:77 @",), None),
        (("DHCPRELEASE(eth0) 10.1.1.10 @", "DHCPNAK(eth0) 10.1.1.10 @ wrong network"), None),
        (("DHCPSOLICIT(eth0) 00:01:00:01", "BOOTP(eth0) @", "sent size: 4 @"), None),
    ],
)
def test_what_is_asking(machine: Machine, shell: str, words: tuple[str, ...], guest: DhcpGuest | None) -> None:
    """Constructed: what a guest sends counts, with and without an address before the MAC; names and releases do not."""
    machine.file(LOG, lines(*(word.replace("@", MAC.upper()) for word in words)))
    assert told(machine, shell).get("10") == guest


def test_client_ids_of_leases(machine: Machine, shell: str) -> None:
    """A client id proves that its guest asked; a line without one proves nothing, and an address without a MAC less."""
    machine.file(LOG)
    machine.file(
        "/var/lib/misc/dnsmasq.leases",
        f"0 {MAC} {ADDRESS} web01 01:{MAC}\n0 02:00:2c:6a:01:11 10.1.1.11 db01 *\n"
        "duid 00:01\n7 1 fe80::1 x 00:01:00:01\n",
    )
    assert told(machine, shell) == {"10": DhcpGuest(has_id=True)}


def test_a_lease_file_at_its_moments(machine: Machine, shell: str) -> None:
    """As CloudStack and dnsmasq rewrite it in turn: an id is there one moment and gone the next."""
    parts = sample("router", "dnsmasq.leases.timeline").split("## ")[1:]
    machine.file(LOG)
    ids = []
    for part in parts:
        machine.file("/var/lib/misc/dnsmasq.leases", part.partition("\n")[2])
        ids.append(sorted(told(machine, shell)))
    assert ids == [[], ["10"], ["10"], [], [], [], [], ["10"]]


def test_the_list_of_hosts_is_told_apart_from_an_empty_one(machine: Machine, shell: str) -> None:
    """Where it cannot be read nobody's entry is missing."""
    machine.file(LOG)
    assert not machine.read(ROUTER_DHCP, shell=shell).knows_hosts
    machine.file(HOSTS)
    assert machine.read(ROUTER_DHCP, shell=shell).knows_hosts


def test_how_far_the_log_goes_back(machine: Machine) -> None:
    """By its first line with a time and the router's clock; what was rotated a moment ago still counts."""
    require("dash")  # busybox would run its own date
    machine.tool("date", "+%d/%b/%Y:%H:%M:%S +0000", "22/Nov/2026:06:34:02 +0000")
    machine.file(LOG, "cut off 12\n" + lines("read /etc/hosts"))
    assert machine.read(ROUTER_DHCP).seconds == 86400
    old = machine.file(LOG + ".1", "Nov  1 06:34:02 dnsmasq[7]: started\n")
    assert machine.read(ROUTER_DHCP).seconds == 21 * 86400
    machine.file(LOG)
    old.unlink()
    assert machine.read(ROUTER_DHCP).seconds is None


def test_a_rotated_log_leaves_no_gap(machine: Machine, shell: str) -> None:
    """Before a long new log the old one is not read: between them would be a hole."""
    machine.file(LOG + ".1", lines(*ASKED))
    machine.file(LOG, lines("read /etc/hosts"))
    assert "10" in told(machine, shell)
    machine.file(LOG, lines("read /etc/hosts") * 9000)
    assert told(machine, shell) == {}


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
    assert machine.read(ROUTER_DHCP).untaken == (left(offers) if offers else ())
