"""Kernel bonds: the question's text in real shells, its reader on real and constructed states."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.model import UnreadableError
from exporter.questions.hosts.bonds import BONDS, NO_PARTNER, Bond, BondMember, read_bonds
from tests.remote_texts import Machine, sample, shells

LACP = "proc-net-bonding-lacp"
WORDS = st.sampled_from([
    "/proc/net/bonding/bond0:", "Ethernet Channel Bonding Driver: v6", "Bonding Mode: ", "MII Status: up",
    "Slave Interface: ", "eth1", "Aggregator ID: 1", "Partner Mac Address: 00:00:00:00:00:00", "port state: 63",
    "details partner lacp pdu:", "\n", "Speed: 99999999999999 Mbps", "Speed: \u0663 Mbps", "\t",
])  # fmt: skip


def of(name: str, bond: str = "bond0") -> str:
    """Return a sample as grep -H shows it."""
    lines = sample("links", name).splitlines()
    return "".join(f"/proc/net/bonding/{bond}:{line}\n" for line in lines)


@pytest.fixture(params=shells())
def shell(request: pytest.FixtureRequest) -> str:
    """Return each shell in turn."""
    return str(request.param)


def member(name: str) -> BondMember:
    """Return a healthy member of the real bond."""
    return BondMember(
        name=name,
        is_up=True,
        speed=10000,
        duplex="full",
        aggregator=1,
        actor_churn="monitoring",
        partner_churn="monitoring",
        actor_state=63,
        partner_state=63,
        partner_mac="0a:f6:b6:d3:8f:4a",
    )


def test_a_real_bond_with_lacp() -> None:
    """The kernel of Debian 12, negotiated with a switch."""
    assert read_bonds(of(LACP)) == {
        "bond0": Bond(
            name="bond0",
            mode=4,
            is_up=True,
            lacp_rate="fast",
            aggregator=1,
            partner_mac="0a:f6:b6:d3:8f:4a",
            is_watched=True,
            members=(member("eth1"), member("eth2")),
        )
    }


def test_a_real_bond_without_members() -> None:
    """It has no text of an active aggregator: nothing is told, not zero."""
    assert read_bonds(of("proc-net-bonding-empty", "bond7")) == {
        "bond7": Bond(name="bond7", mode=4, is_up=False, lacp_rate="slow", is_watched=True)
    }


def test_an_old_kernel_without_lacp() -> None:
    """Words behind the mode and the primary are no part of them; an unknown speed is none."""
    (bond,) = read_bonds(of("proc-net-bonding-active-backup.constructed")).values()
    assert (bond.mode, bond.primary, bond.active, bond.aggregator, bond.partner_mac) == (1, "em1", "em2", None, "")
    assert bond.members == (
        BondMember(name="em1", is_up=False, failures=4),
        BondMember(name="em2", is_up=True, speed=1000, duplex="full", failures=1),
    )


def test_a_split_bond() -> None:
    """Each member has its aggregator and its partner; "Unknown!" and "N/A" are nothing."""
    (bond,) = read_bonds(of("proc-net-bonding-split.constructed")).values()
    assert [(one.name, one.is_up, one.aggregator, one.partner_mac, one.partner_churn) for one in bond.members] == [
        ("eth1", True, 1, "0a:f6:b6:d3:8f:4a", "none"),
        ("eth2", True, 2, "0a:f6:b6:d3:8f:99", "churned"),
        ("eth3", False, None, "", ""),
    ]
    assert [(one.speed, one.duplex, one.actor_state) for one in bond.members] == [
        (10000, "full", 61),
        (10000, "full", 69),
        (None, "", None),
    ]


def test_no_partner_is_an_answer_and_an_unprivileged_one_is_not() -> None:
    """Zeros are what the kernel says of nobody; an account without privilege is told nothing."""
    alone = of(LACP).replace("0a:f6:b6:d3:8f:4a", NO_PARTNER)
    (bond,) = read_bonds(alone).values()
    assert (bond.partner_mac, bond.members[0].partner_mac) == (NO_PARTNER, NO_PARTNER)
    told = [line for line in of(LACP).splitlines() if "artner M" not in line and "lacp pdu" not in line]
    (bond,) = read_bonds("\n".join(line for line in told if ":    " not in line)).values()
    assert (bond.partner_mac, bond.members[0].partner_mac, bond.members[0].actor_state) == ("", "", None)


@pytest.mark.parametrize(
    ("interval", "more", "is_watched"),
    [
        ("100", "", True),
        ("0", "", False),
        ("0", "ARP Polling Interval (ms): 1000\nARP IP target/s (n.n.n.n form): 192.0.2.1\n", True),
        ("", "ARP Polling Interval (ms): 1000\n", True),
        ("", "", None),
        ("often", "", None),
    ],
)
def test_who_looks_after_links(interval: str, more: str, is_watched: bool | None) -> None:
    """MII or ARP, each with an interval; the kernel names the second only where it has one."""
    text = sample("links", LACP).replace(
        "MII Polling Interval (ms): 100\n", f"MII Polling Interval (ms): {interval}\n{more}"
    )
    (bond,) = read_bonds("".join(f"/proc/net/bonding/bond0:{line}\n" for line in text.splitlines())).values()
    assert bond.is_watched is is_watched


def test_real_bonds_of_active_backup() -> None:
    """Without monitoring all is up though a cable is out; with that of ARP the kernel looks."""
    (blind,) = read_bonds(of("proc-net-bonding-unwatched")).values()
    assert (blind.is_watched, blind.is_up, blind.active) == (False, True, "eth1")
    assert [(one.name, one.is_up, one.failures) for one in blind.members] == [("eth1", True, 0), ("eth2", True, 0)]
    (watched,) = read_bonds(of("proc-net-bonding-arp")).values()
    assert (watched.is_watched, watched.is_up, watched.active) == (True, False, "")
    assert [(one.name, one.is_up) for one in watched.members] == [("eth1", False), ("eth2", False)]


def test_an_unknown_mode_is_not_guessed() -> None:
    """Of kernels to come."""
    (bond,) = read_bonds(of(LACP).replace("IEEE 802.3ad Dynamic link aggregation", "quantum")).values()
    assert bond.mode is None


@pytest.mark.parametrize(
    "text",
    [
        "grep: /proc/net/bonding/bond0: No such file or directory",
        "/proc/net/bonding/bond0:hello",
        of(LACP).replace("MII Status: up", "", 1),
        of(LACP).replace("Slave Interface: eth1", "Slave Interface:"),
    ],
)
def test_what_is_no_bond_is_unreadable(text: str) -> None:
    """Garbage never becomes a bond."""
    with pytest.raises(UnreadableError):
        read_bonds(text)


@given(text=st.text() | st.lists(WORDS).map("".join))
def test_garbage(text: str) -> None:
    """Whatever comes back, the reader returns or raises UnreadableError."""
    try:
        assert all(bond.name == name for name, bond in read_bonds(text).items())
    except UnreadableError:
        return


def test_the_text_reads_every_bond(tmp_path: Path, shell: str) -> None:
    """One process for all of them."""
    machine = Machine.at(tmp_path)
    machine.file("/proc/net/bonding/bond0", sample("links", LACP))
    machine.file("/proc/net/bonding/bond7", sample("links", "proc-net-bonding-empty"))
    found = machine.read(BONDS, shell=shell)
    assert found == {**read_bonds(of(LACP)), **read_bonds(of("proc-net-bonding-empty", "bond7"))}


@pytest.mark.parametrize("folder", [True, False])
def test_no_bonds_is_an_answer(tmp_path: Path, shell: str, *, folder: bool) -> None:
    """A host without the module, and one with the module and no bond."""
    machine = Machine.at(tmp_path)
    if folder:
        (machine.root / "proc/net/bonding").mkdir(parents=True)
    assert machine.read(BONDS, shell=shell) == {}
