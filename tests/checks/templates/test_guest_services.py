"""Passwords and metadata that the guests of a template never fetch."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.model import Sample
from exporter.questions.routers.dhcp import ROUTER_DHCP
from exporter.questions.routers.guest_requests import ROUTER_GUEST_REQUESTS, GuestRequests
from exporter.questions.routers.password import PASSWORD_PENDING, PASSWORD_REQUESTS, PasswordFile
from exporter.questions.routers.state import ROUTER_IDENTITY, ROUTER_REDUNDANCY, Role
from tests.checks.templates import guest_scene as scene

FILE = f"passwords-{scene.gateway('n1')}"
THREE = (5, 6, 7)


def asked(*numbers: int, seconds: float | None = 30 * scene.DAY) -> GuestRequests:
    """Return the log of a web server that these guests asked."""
    return GuestRequests(seconds, frozenset(map(scene.address, numbers)))


def pending(*numbers: int, name: str = FILE, seconds: int = 7200) -> PasswordFile:
    """Return a file that holds the passwords of these guests."""
    return PasswordFile(name, seconds, tuple(map(scene.address, numbers)))


def verdict(
    *files: PasswordFile,
    sent: tuple[int, ...] = (),
    requests: GuestRequests | None = None,
    more: scene.Values | None = None,
    looks: int = 2,
    network: Any = None,
    heard: tuple[int, ...] = THREE,
    **fields: Any,
) -> list[Sample]:
    """Return what is said of three guests with passwords."""
    silent = {number: scene.NEVER_ASKED for number in THREE if number not in heard}
    values = scene.told(*heard, known=silent) | {
        PASSWORD_PENDING: files,
        PASSWORD_REQUESTS: frozenset(map(scene.address, sent)),
    }
    values |= ({} if requests is None else {ROUTER_GUEST_REQUESTS: requests}) | (more or {})
    guests = tuple(scene.guest(number, **({"password_enabled": True} | fields)) for number in THREE)
    return scene.verdict(scene.cloud(guests, networks=(network or scene.network(),)), {"r1": values}, looks)


def unfetched(found: list[Sample]) -> float | None:
    """Return the share of guests that never asked for their password; None when nothing is said."""
    return scene.values_of(found, "passwords_unfetched_ratio").get("t1-name")


def unread(found: list[Sample]) -> float | None:
    """Return the share of guests that never asked for their metadata; None when nothing is said."""
    return scene.values_of(found, "metadata_unread_ratio").get("t1-name")


def test_passwords_that_nobody_fetches() -> None:
    """All three have waited for hours and never asked; the finding leads to the template."""
    found = verdict(pending(*THREE))
    assert unfetched(found) == 1
    (sample,) = [one for one in found if one.metric.name.endswith("unfetched_ratio")]
    assert sample.seen == "3 of 3 guests never asked for their pending password"
    assert "password script" in sample.remedy


def test_passwords_that_are_fetched() -> None:
    """Nothing is pending on a router that was there when they started: they were acknowledged."""
    assert unfetched(verdict()) == 0
    assert unfetched(verdict(pending(5))) == pytest.approx(1 / 3, abs=1e-4)


def test_a_guest_that_asked_has_a_script() -> None:
    """It could not apply the password: another check says so."""
    assert unfetched(verdict(pending(*THREE), sent=(5, 6))) == pytest.approx(1 / 3, abs=1e-4)


def test_a_password_that_waits_for_minutes() -> None:
    """Nothing is said yet: two guests are not enough."""
    assert unfetched(verdict(pending(5, seconds=600), looks=1)) is None
    assert unfetched(verdict(pending(*THREE), looks=1)) is None


def test_passwords_that_were_lost() -> None:
    """A router that is younger than its guests has nothing pending, and proves nothing."""
    young = scene.changed(scene.told(), ROUTER_IDENTITY, uptime=3600.0)[ROUTER_IDENTITY]
    assert unfetched(verdict(more={ROUTER_IDENTITY: young})) is None
    assert unfetched(verdict(pending(*THREE), more={ROUTER_IDENTITY: young})) == 1


def test_passwords_of_former_owners() -> None:
    """A file older than the guest, and one of an address that the router no longer serves."""
    old = int(6 * scene.DAY)
    assert unfetched(verdict(pending(*THREE, seconds=old))) == 0
    assert unfetched(verdict(pending(*THREE, name="passwords-10.9.9.9"))) == 0
    assert unfetched(verdict(pending(*THREE, name="passwords"))) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"password_enabled": False},
        {"network": scene.network(services={"Dhcp": frozenset({"VirtualRouter"})})},
        {"heard": ()},
    ],
)
def test_guests_without_password(fields: dict[str, Any]) -> None:
    """A template without passwords, a network without the service, and guests that are silent anyway."""
    assert unfetched(verdict(pending(*THREE), **fields)) is None


@pytest.mark.parametrize("question", [PASSWORD_PENDING, PASSWORD_REQUESTS])
def test_a_router_that_did_not_tell(question: Any) -> None:
    """Nothing is said."""
    values = scene.told(*THREE) | {PASSWORD_PENDING: (pending(*THREE),), PASSWORD_REQUESTS: frozenset()}
    del values[question]
    guests = tuple(scene.guest(number, password_enabled=True) for number in THREE)
    assert unfetched(scene.verdict(scene.cloud(guests), {"r1": values})) is None


def test_metadata_that_nobody_reads() -> None:
    """No line of them in a log that covers their start; lines of others do not count."""
    found = verdict(requests=asked())
    assert unread(found) == 1
    (sample,) = [one for one in found if one.metric.name.endswith("metadata_unread_ratio")]
    assert sample.seen == "3 of 3 guests never asked for their metadata"
    assert unread(verdict(requests=asked(5))) == pytest.approx(2 / 3, abs=1e-4)
    assert unread(verdict(requests=asked(*THREE, 1))) == 0


READERS = (20, 21, 22)
"""Guests of the same template behind another router."""


def untold(
    *here: int,
    elsewhere: tuple[int, ...] = READERS,
    days: float = 30,
    changes: scene.Values | None = None,
    **fields: Any,
) -> list[Sample]:
    """Return what is said of routers when these of three guests read here, and these of three elsewhere."""
    guests = (
        *(scene.guest(number, **fields) for number in THREE),
        *(scene.guest(number, network="n2") for number in READERS),
    )
    routers, networks = (scene.router(1), scene.router(2)), (scene.network("n1"), scene.network("n2"))
    values = {
        "r1": scene.told(*THREE) | {ROUTER_GUEST_REQUESTS: asked(*here, seconds=days * scene.DAY)} | (changes or {}),
        "r2": scene.told(*READERS) | {ROUTER_GUEST_REQUESTS: asked(*elsewhere)},
    }
    return scene.verdict(scene.cloud(guests, routers, networks), values)


def test_a_router_whose_guests_read_nothing_though_their_template_does() -> None:
    """It is the way to its web server: the router is named with some of its guests, and what to do."""
    found = untold()
    assert scene.values_of(found, "router_unread_guests") == {"r-1-VM": 3, "r-2-VM": 0}
    (sample,) = [one for one in found if one.metric.name.endswith("router_unread_guests") and one.value]
    assert sample.seen.startswith("3 guests never asked for their metadata: vm5 (")
    assert "tcp 80" in sample.remedy


def test_one_guest_that_reads_acquits_its_router() -> None:
    """The others have switched their agent off."""
    assert scene.values_of(untold(5), "router_unread_guests") == {"r-1-VM": 0, "r-2-VM": 0}


@pytest.mark.parametrize(
    "told",
    [
        {"elsewhere": ()},
        {"elsewhere": READERS[:2]},
        {"days": 4},
        {"created": scene.NOW - 2000},
        {"created": None},
        {"changes": {ROUTER_REDUNDANCY: Role.PRIMARY}},
    ],
    ids=["template-never-reads", "template-hardly-reads", "older-than-the-log", "too-young", "no-date", "pair"],
)
def test_guests_that_prove_nothing_against_their_router(told: dict[str, Any]) -> None:
    """Their template has no agent, they may have read before the log begins, or have asked the other of a pair."""
    assert "r-1-VM" not in scene.values_of(untold(**told), "router_unread_guests")


@pytest.mark.parametrize("seconds", [None, scene.DAY])
def test_a_short_log_proves_nothing(seconds: float | None) -> None:
    """It was rotated, or the router was made anew."""
    assert unread(verdict(requests=asked(seconds=seconds))) is None
    assert unread(verdict(requests=asked(*THREE, seconds=seconds))) == 0


def test_silent_guests_read_nothing() -> None:
    """That is said once, by their silence; and without an answer nothing is said."""
    assert unread(verdict(requests=asked(), heard=())) is None
    assert unread(verdict()) is None
    acknowledged = scene.changed(scene.told(*THREE), ROUTER_DHCP, seconds=60.0)[ROUTER_DHCP]
    assert unread(verdict(requests=asked(), more={ROUTER_DHCP: acknowledged})) == 1
