"""Readers of the password questions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.cloud.objects import Nic, Router
from exporter.cloud.targets import RouterTarget
from exporter.model import Ports, UnreadableError
from exporter.questions.routers.password import (
    PASSWORD_PROBE,
    PasswordFile,
    Probe,
    Unit,
    Units,
    read_pending,
    read_probe,
    read_requests,
    read_units,
)

READERS: tuple[Callable[[str], Any], ...] = (read_probe, read_units, read_pending, read_requests)
KNOWN = """10.1.1.1 refused absent silent file passwords passwords-10.1.1.1 7 -3 999.1.1.1 no systemd active \u0663
Id=cloud-password-server@10.1.1.1.service Id=cloud-password-server@,.service ActiveState=active NRestarts=\u0663"""
WORDS = st.sampled_from([*KNOWN.split(), " ", "\n", "\n\n", "10.1.1.1 refused\n", "file passwords 7\n"])


@pytest.mark.parametrize("read", READERS)
@given(text=st.text() | st.lists(WORDS).map("".join))
def test_garbage_is_unreadable(read: Callable[[str], Any], text: str) -> None:
    """Whatever comes back, a reader returns a value or raises UnreadableError, never anything else."""
    try:
        read(text)
    except UnreadableError:
        return


@given(text=st.text(min_size=1).filter(lambda text: bool(text.splitlines()[0])))
def test_an_unreadable_line_about_passwords_is_not_repeated(text: str) -> None:
    """The error of the reader of password files has no byte of what it read."""
    with pytest.raises(UnreadableError) as raised:
        read_pending(f"x{text}")
    assert str(raised.value) == "a line about pending passwords is neither a file nor an address"


@pytest.mark.parametrize("word", [word for word in Probe if word.is_good])
def test_good_outcomes(word: Probe) -> None:
    """Both answers of a healthy server are good."""
    assert read_probe(f"10.1.1.1 {word}\n10.1.2.1 refused\n") == {"10.1.1.1": word, "10.1.2.1": Probe.REFUSED}
    assert word in (Probe.BAD_REQUEST, Probe.UNSUPPORTED_METHOD)


@pytest.mark.parametrize("text", ["10.1.1.1 fine", "10.1.1.1", "nowhere refused", "10.1.1.1 refused\n10.1.1.1 silent"])
def test_outcomes_that_are_unreadable(text: str) -> None:
    """Unknown words, no address and two outcomes of one address are unreadable."""
    with pytest.raises(UnreadableError):
        read_probe(text)


def test_units_of_a_lone_and_a_redundant_router() -> None:
    """A comma in the instance name comes as \\x2c; old versions of systemd do not count restarts."""
    text = (
        "Id=cloud-password-server@10.1.1.1.service\nActiveState=active\nSubState=running\nNRestarts=3\nResult=success\n"
        "\n"
        "Id=cloud-password-server@10.1.2.1\\x2c10.1.2.7.service\nActiveState=inactive\nSubState=dead\nResult=success\n"
    )
    units = read_units(text)
    assert units.of("10.1.1.1") == Unit(("10.1.1.1",), "active", "running", "success", 3)
    assert units.of("10.1.2.1") == Unit(("10.1.2.1", "10.1.2.7"), "inactive", "dead", "success", None)
    assert units.of("10.1.2.7") is None


def test_no_units_and_no_systemd_are_told_apart() -> None:
    """A router of systemd without a loaded unit is not one without systemd."""
    assert read_units("") == Units(has_systemd=True)
    assert read_units("no systemd\n") == Units(has_systemd=False)


@pytest.mark.parametrize(
    "text", ["Id=ssh.service\nActiveState=active", "Failed to connect to bus", "ActiveState=active"]
)
def test_units_that_are_unreadable(text: str) -> None:
    """Other units and words of systemctl that are no properties are unreadable."""
    with pytest.raises(UnreadableError):
        read_units(text)


def test_pending_of_several_files() -> None:
    """Each file has its age and addresses; a clock that went back is age 0."""
    text = "file passwords 12\n10.1.1.5\n10.1.1.6\nfile passwords-10.1.2.1 -4\n"
    assert read_pending(text) == (
        PasswordFile("passwords", 12, ("10.1.1.5", "10.1.1.6")),
        PasswordFile("passwords-10.1.2.1", 0),
    )


def test_nothing_pending_is_an_answer() -> None:
    """Before the first save there is no file at all."""
    assert read_pending("") == ()
    assert read_requests("") == frozenset()


@pytest.mark.parametrize("text", ["10.1.1.5", "file shadow 1", "file passwords x", "file passwords 1\n10.1.1.5=x"])
def test_pending_that_is_unreadable(text: str) -> None:
    """An address before its file, other files and values behind an address are unreadable."""
    with pytest.raises(UnreadableError):
        read_pending(text)


def test_the_probe_is_told_every_address_that_may_serve() -> None:
    """Own addresses of guest NICs, and the gateways where the router is redundant; the port is a setting."""
    nics = (
        Nic(network_id="n1", traffic_type="Guest", address="10.1.1.7", gateway="10.1.1.1"),
        Nic(network_id="n2", traffic_type="Guest", address="10.1.2.1", gateway="10.1.2.1"),
        Nic(network_id="p", traffic_type="Public", address="203.0.113.10", gateway="203.0.113.1"),
        Nic(network_id="n3", traffic_type="Guest"),
    )
    alone = RouterTarget(Router(id="r", name="r-4-VM", state="Running", zone_id="z", nics=nics), "zone", None)
    redundant = RouterTarget(
        Router(id="r", name="r-4-VM", state="Running", zone_id="z", nics=nics, is_redundant=True), "zone", None
    )
    assert PASSWORD_PROBE.parameters is not None
    assert PASSWORD_PROBE.parameters(alone, Ports(password=18080)) == ("10.1.1.7@18080", "10.1.2.1@18080")
    assert PASSWORD_PROBE.parameters(redundant, Ports()) == ("10.1.1.7@8080", "10.1.2.1@8080", "10.1.1.1@8080")
